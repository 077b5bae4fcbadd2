import type { VideoSource } from 'masklet'
import type { App } from '../app'
import { byName, isModelFile } from '../base/files'
import type { Hint } from '../state/clip'
import type { ModelChoice } from '../state/engine'
import { isEmpty } from '../state/prompts'

/** Opens clips and models. */
export class Opening {
  constructor(private readonly app: App) {}

  /** Whatever was dropped or chosen: a video, an image, images in order, or a checkpoint. */
  async files(files: readonly File[]): Promise<void> {
    const model = files.find(isModelFile)
    if (model) {
      const architecture = files.find((file) => file.name.endsWith('.json'))
      return this.model({ ...this.app.engine.choice.value, file: model, architecture })
    }
    const [first] = files
    if (!first) return
    const images = files.filter(({ type }) => type.startsWith('image/'))
    if (images.length > 1) return this.clip(byName(images), `${images.length} images`)
    return this.clip(first, first.name)
  }

  /** The sample, if the page was built with it. */
  async sample(): Promise<boolean> {
    const found = await fetch('sample/sample.json').catch(() => undefined)
    if (!found?.ok || !found.headers.get('Content-Type')?.includes('json')) return false
    const { file, clicks } = (await found.json()) as { file: string; clicks: [number, number][] }
    const video = await (await fetch(`sample/${file}`)).blob()
    await this.clip(video, 'Sample clip', clicks)
    return true
  }

  async clip(source: VideoSource, name: string, hints?: readonly Hint[]): Promise<void> {
    const { clip, jobs, notices, engine } = this.app
    await jobs.stop()
    if (engine.status.value.kind === 'loading') {
      notices.add({ kind: 'info', title: 'One moment', text: `The model is still loading; ${name} opens after that.` })
      await settled(engine)
    }
    try {
      await clip.calls.run(() => clip.load({ source, name, hints }))
      this.forget()
    } catch (thrown) {
      if (source instanceof MediaStream) for (const track of source.getTracks()) track.stop()
      notices.fail(`“${name}” could not be opened`, thrown)
    }
  }

  /** Loads another model and gives it the same clip and the same prompts. */
  async model(choice: ModelChoice): Promise<void> {
    const { clip, engine, jobs, notices, prompts, results, overlays } = this.app
    const before = engine.choice.value
    await jobs.stop()
    try {
      await engine.load(choice)
    } catch (thrown) {
      notices.fail(`The model ${choice.file?.name ?? 'nano'} could not be loaded`, thrown)
      if (choice.file || choice !== before) await engine.load({ ...before, file: undefined, architecture: undefined, inputSize: 0 }).catch((again) => notices.fail('nano could not be loaded either', again))
    }
    const { request } = clip
    if (!request || !engine.ready || !clip.open.value) return
    const said = prompts.all.value.filter((prompt) => !isEmpty(prompt))
    try {
      await clip.calls.run(() => clip.load(request))
      results.clear()
      overlays.clear()
      await this.repeat(said)
    } catch (thrown) {
      notices.fail(`“${request.name}” could not be opened with this model`, thrown)
    }
  }

  private async repeat(said: typeof this.app.prompts.all.value): Promise<void> {
    const { clip, overlays, results } = this.app
    for (const { object, frame, points, box } of said) {
      const session = clip.open.value?.session
      const result = await session?.addPoints(
        { object, frame, points: points.map(({ x, y }) => [x, y]), labels: points.map(({ add }) => (add ? 1 : 0)), box },
        { masks: overlays.forms() },
      )
      if (!result) continue
      overlays.note(frame)
      overlays.put(result)
      results.preview(result, object)
    }
  }

  private forget(): void {
    const { objects, prompts, results, overlays } = this.app
    prompts.clear()
    objects.clear()
    results.clear()
    overlays.clear()
    objects.add()
  }
}

function settled(engine: App['engine']): Promise<void> {
  return new Promise((resolve) => {
    engine.status.onChange(({ kind }) => {
      if (kind !== 'loading') resolve()
    })
  })
}
