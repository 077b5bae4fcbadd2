import type { VideoSource } from 'masklet'
import type { App } from '../app'
import { byName, isModelFile } from '../base/files'
import { Lock } from '../base/lock'
import { isSavedFile } from '../base/saved_file'
import type { ClipRequest, Hint } from '../state/clip'
import { type ModelChoice, defaultChoice, isSameModel } from '../state/engine'
import { isEmpty, spoken } from '../state/prompts'

export const sampleName = 'Sample clip'

/** Opens clips and models. */
export class Opening {
  /** One model is put in another's place at a time. */
  private readonly changes = new Lock()

  constructor(private readonly app: App) {}

  /** Whatever was dropped or chosen: a video, an image, images in order, a checkpoint, a saved session. */
  async files(files: readonly File[]): Promise<void> {
    const model = files.find(isModelFile)
    if (model) {
      const architecture = files.find((file) => file.name.endsWith('.json'))
      return this.model({ ...this.app.engine.choice.value, file: model, architecture })
    }
    const saved = files.find(isSavedFile)
    const request = requestOf(files.filter((file) => file !== saved))
    if (saved) {
      await this.modelThere(saved.name)
      return this.app.saving.open(saved, request)
    }
    if (request && !(await this.app.saving.takesVideo(request))) return this.open(request)
  }

  /** The sample, if the page was built with it. */
  async sample(): Promise<boolean> {
    const request = await this.sampleRequest()
    if (request) await this.open(request)
    return Boolean(request)
  }

  async sampleRequest(): Promise<ClipRequest | undefined> {
    const found = await fetch('sample/sample.json').catch(() => undefined)
    if (!found?.ok || !found.headers.get('Content-Type')?.includes('json')) return undefined
    const { file, clicks } = (await found.json()) as { file: string; clicks: Hint[] }
    return { source: await (await fetch(`sample/${file}`)).blob(), name: sampleName, hints: clicks }
  }

  clip(source: VideoSource, name: string): Promise<void> {
    return this.open({ source, name })
  }

  /** Loads another model and gives it the same clip and the same prompts; where it does not load, all stays as it is. */
  async model(choice: ModelChoice): Promise<void> {
    const { engine, jobs } = this.app
    engine.cancelLoading()
    await jobs.stop()
    await this.changes.run(() => this.change(choice))
  }

  private async change(choice: ModelChoice): Promise<void> {
    const { clip, engine, results, saving } = this.app
    const before = engine.choice.value
    let kept: Blob | undefined
    if (engine.ready && isSameModel(choice, before)) {
      engine.retune(choice)
    } else {
      const tracked = results.trackedCount > 0 && !clip.open.value?.live
      const saved = tracked ? await clip.open.value?.session.save().catch(() => undefined) : undefined
      if (!(await this.load(choice, before))) kept = saved
    }
    if (!engine.ready || (await saving.takesModel())) return
    if (!kept || !(await this.goOn(kept))) await this.openAgain()
  }

  /** What is shown of one clip says nothing of another. */
  forget(): void {
    const { objects, prompts, results, screen } = this.app
    prompts.clear()
    objects.clear()
    results.clear()
    screen.forget()
    objects.add()
  }

  private async open(request: ClipRequest): Promise<void> {
    const { clip, jobs, notices } = this.app
    const { source, name } = request
    await jobs.stop()
    await this.modelThere(name)
    try {
      await clip.calls.run(() => clip.load(request))
      this.forget()
    } catch (thrown) {
      if (source instanceof MediaStream) for (const track of source.getTracks()) track.stop()
      notices.fail(`“${name}” could not be opened`, thrown)
    }
  }

  /** A model that is still loading is waited for. */
  private async modelThere(name: string): Promise<void> {
    const { engine, notices } = this.app
    if (engine.status.value.kind !== 'loading') return
    notices.add({ kind: 'info', title: 'One moment', text: `The model is still loading; ${name} opens after that.` })
    await new Promise<void>((resolve) => {
      engine.status.onChange(({ kind }) => {
        if (kind !== 'loading') resolve()
      })
    })
  }

  /** Whether the choice loaded. Else the one before it is back; where that does not load either, nano. */
  private async load(choice: ModelChoice, before: ModelChoice): Promise<boolean> {
    const { engine, notices } = this.app
    try {
      await engine.load(choice)
      return true
    } catch (thrown) {
      notices.fail(`The model ${nameOf(choice)} could not be loaded`, thrown)
    }
    for (const earlier of choice === before ? [defaultChoice] : [before, defaultChoice]) {
      try {
        await engine.load(earlier)
        break
      } catch (thrown) {
        notices.fail(`${nameOf(earlier)} could not be loaded either`, thrown)
      }
    }
    return false
  }

  /** The session as it was before another model was tried. Whether it goes on with the model that is there now. */
  private async goOn(kept: Blob): Promise<boolean> {
    const { clip } = this.app
    const { request } = clip
    if (!request) return false
    try {
      await clip.calls.run(() => clip.load(request, kept))
      return true
    } catch {
      return false
    }
  }

  private async openAgain(): Promise<void> {
    const { clip, jobs, notices, prompts, results, screen } = this.app
    const { request } = clip
    if (!request || !clip.open.value) return
    const said = prompts.all.value.filter((prompt) => !isEmpty(prompt))
    try {
      const { session } = await clip.calls.run(() => clip.load(request))
      results.clear()
      screen.forget()
      await jobs.run('Marking again', said.length, async (step, signal) => {
        for (const prompt of said) {
          if (signal.aborted) return
          const result = await clip.calls.run(() => session.addPoints(spoken(prompt, prompt.frame)))
          results.preview(result, prompt.object)
          screen.take(result)
          step()
        }
      })
    } catch (thrown) {
      notices.fail(`“${request.name}” could not be opened with this model`, thrown)
    }
  }
}

function requestOf(files: readonly File[]): ClipRequest | undefined {
  const [first] = files
  const images = files.filter(({ type }) => type.startsWith('image/'))
  if (images.length > 1) return { source: byName(images), name: `${images.length} images` }
  return first && { source: first, name: first.name }
}

const nameOf = ({ file }: ModelChoice) => file?.name ?? 'nano'
