import type { App } from '../app'
import { type Box, type Prompt, isEmpty, spoken } from '../state/prompts'

/** Says things of objects, and shows at once what the model makes of it. */
export class Prompting {
  constructor(private readonly app: App) {}

  addPoint(x: number, y: number, add: boolean): Promise<void> {
    return this.change((prompt) => ({ ...prompt, points: [...prompt.points, { x, y, add }] }))
  }

  setBox(box: Box): Promise<void> {
    return this.change((prompt) => ({ ...prompt, box }))
  }

  /** Takes back all that was said of the selected object on this frame. */
  clear(): Promise<void> {
    return this.change((prompt) => ({ ...prompt, points: [], box: undefined }))
  }

  async undo(): Promise<void> {
    const before = this.app.prompts.undo()
    if (before) await this.send(before)
  }

  async removeObject(id: number): Promise<void> {
    const { app } = this
    await app.jobs.stop()
    const hadPrompts = app.prompts.has(id)
    app.prompts.removeObject(id)
    app.objects.remove(id)
    if (hadPrompts) await this.forget(id)
  }

  private async change(how: (prompt: Prompt) => Prompt): Promise<void> {
    const { clip, objects, prompts, playhead } = this.app
    if (!clip.open.value) return
    playhead.playing.set(false)
    const before = prompts.of(objects.current().id, playhead.frame.value)
    const after = how(before)
    if (isEmpty(before) && isEmpty(after)) return
    prompts.set(after)
    if (!(await this.send(after))) prompts.takeBack()
  }

  /** Tracking, if it runs, ends: the new word changes what it would find. Whether the worker took it. */
  private async send(prompt: Prompt): Promise<boolean> {
    const { clip, jobs, notices, prompts, results, screen } = this.app
    const { object, frame } = prompt
    await jobs.stop()
    try {
      await clip.calls.run(async () => {
        const session = clip.open.value?.session
        if (!session) return
        if (isEmpty(prompt) && !prompts.has(object)) return this.forgetIn(object)
        const at = clip.toSession(frame)
        const found = isEmpty(prompt)
          ? await session.clearPrompts({ object, frame: at })
          : await session.addPoints(spoken(prompt, at))
        const result = clip.toPage(found)
        screen.take(result)
        results.preview(result, object)
      })
      return true
    } catch (thrown) {
      notices.fail('That could not be marked', thrown)
      return false
    }
  }

  private forget(id: number): Promise<void> {
    return this.app.clip.calls.run(() => this.forgetIn(id)).catch((thrown) => this.app.notices.fail('The object could not be removed', thrown))
  }

  private async forgetIn(id: number): Promise<void> {
    const { clip, results, screen } = this.app
    await clip.open.value?.session.removeObject(id)
    results.removeObject(id)
    screen.forget(id)
  }
}
