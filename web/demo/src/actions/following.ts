import type { App } from '../app'

/** Follows what is marked through a camera's stream, for as long as it is let. */
export class Following {
  constructor(private readonly app: App) {}

  /** Whether the open clip is a stream with something marked on it. */
  get possible(): boolean {
    const { clip, results } = this.app
    return Boolean(clip.open.value?.live) && results.count > 0
  }

  async run(): Promise<void> {
    const { clip, jobs, notices, prompts } = this.app
    if (!this.possible) return
    const camera = await watch(clip.request?.source)
    // The marks were on the picture that stood still.
    prompts.clear()
    try {
      await jobs.run('Following', 0, (step, signal) => clip.calls.run(() => this.follow(camera, step, signal)))
    } catch (thrown) {
      notices.fail('Following stopped', thrown)
    } finally {
      camera?.pause()
    }
    await clip.calls.run(() => this.standStill())
  }

  private async follow(camera: HTMLVideoElement | undefined, step: () => void, signal: AbortSignal): Promise<void> {
    const { clip, results, screen } = this.app
    const session = clip.open.value?.session
    if (!session) return
    for await (const result of session.propagate({ start: clip.liveFrame, signal })) {
      clip.liveFrame = result.frame
      if (camera) screen.push(0, await createImageBitmap(camera))
      const shown = clip.toPage(result)
      screen.take(shown)
      results.take(shown)
      step()
    }
  }

  /** The worker keeps its newest frame alone: that one can be marked again. It may be one past the last result. */
  private async standStill(): Promise<void> {
    const { clip, screen } = this.app
    const session = clip.open.value?.session
    if (!session) return
    const last = Math.max(clip.liveFrame, (await session.frames()).at(-1) ?? 0)
    for (const frame of [last + 1, last]) {
      const picture = await session.picture(frame).catch(() => undefined)
      if (!picture) continue
      clip.liveFrame = frame
      return screen.push(0, picture)
    }
  }
}

/** The stream as it is now, for the stage. */
async function watch(source: unknown): Promise<HTMLVideoElement | undefined> {
  if (!(source instanceof MediaStream)) return undefined
  const video = document.createElement('video')
  Object.assign(video, { srcObject: source, muted: true, playsInline: true })
  await video.play()
  return video
}
