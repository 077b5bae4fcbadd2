import type { FrameResult, VideoSession, VideoSource } from 'masklet'
import { Cell } from '../base/cell'
import { Lock } from '../base/lock'
import type { Engine } from './engine'

export type Hint = readonly [x: number, y: number]

export interface OpenClip {
  session: VideoSession
  name: string
  width: number
  height: number
  frameCount: number
  /** Seconds, a frame. */
  times: readonly number[]
  /** Frames a second, on average. */
  rate: number
  /** A place worth a first click, where it is known, and of other objects. */
  hint?: Hint
  hints: readonly Hint[]
  /** A camera's stream: its one frame here is the newest. */
  live: boolean
}

export interface ClipRequest {
  source: VideoSource
  name: string
  hints?: readonly Hint[]
}

/** Owns the session with the clip that is open. */
export class Clip {
  readonly open = new Cell<OpenClip | undefined>(undefined)
  readonly opening = new Cell<string | undefined>(undefined)
  /** A session takes one call at a time; pictures, results of frames and saving aside. */
  readonly calls = new Lock()
  /** What is open, to be opened again with another model. */
  request: ClipRequest | undefined
  /** The session's number of the frame that a stream shows. */
  liveFrame = 0

  constructor(private readonly engine: Engine) {}

  /** With `saved`, a session saved with this clip goes on. The clip before stays where the new one cannot be opened. */
  async load(request: ClipRequest, saved?: Blob): Promise<OpenClip> {
    const masklet = this.engine.ready
    if (!masklet) throw new Error('No model is loaded; choose one under “Model” first')
    this.opening.set(request.name)
    try {
      const { source, name: title } = request
      const { memories, memoryPolicy } = this.engine.choice.value
      const session = saved
        ? await masklet.resume(saved, source, { name: title })
        : await masklet.open(source, { name: title, tracking: { memories, memoryPolicy } })
      await this.open.value?.session.close()
      this.release(request)
      this.request = request
      this.liveFrame = 0
      const { width, height, times, name } = session
      const frameCount = Math.max(1, session.frameCount)
      const length = (times.at(-1) ?? 0) - (times[0] ?? 0)
      const rate = frameCount > 1 && length > 0 ? (frameCount - 1) / length : 1
      const open: OpenClip = { session, name, width, height, frameCount, times, rate, hint: request.hints?.[0], hints: request.hints ?? [], live: source instanceof MediaStream }
      this.open.set(open)
      return open
    } finally {
      this.opening.set(undefined)
    }
  }

  /** A frame as the session numbers it. */
  toSession(frame: number): number {
    return this.open.value?.live ? this.liveFrame : frame
  }

  /** A result as the page numbers it. */
  toPage(result: FrameResult): FrameResult {
    return this.open.value?.live ? { ...result, frame: 0 } : result
  }

  /** A camera that is no longer looked at is let go. */
  private release(next: ClipRequest): void {
    const before = this.request?.source
    if (before instanceof MediaStream && before !== next.source) for (const track of before.getTracks()) track.stop()
  }
}
