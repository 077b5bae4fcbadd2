import type {
  BoxPrompt,
  CallOptions,
  FrameResult,
  MaskPrompt,
  ObjectState,
  PointsPrompt,
  PropagateOptions,
} from '../api/types.js'
import { MaskletError, closed } from '../errors/error.js'
import { frameResult } from '../masklet/revive.js'
import type { Channel } from '../protocol/channel.js'
import type { SessionInfo } from '../worker/session.js'
import type { WireFrame } from '../worker/wire.js'

/** Objects tracked through one clip. Made by Masklet.open(); close() frees it, or `using`. */
export class VideoSession implements Disposable, AsyncDisposable {
  private over = false

  /** @internal */
  constructor(
    private readonly channel: Channel,
    private readonly info: SessionInfo,
    private readonly onClose: (session: VideoSession) => void,
  ) {}

  get name(): string {
    return this.info.name
  }
  /** Pixels of the upright video, in which all coordinates are. */
  get width(): number {
    return this.info.width
  }
  get height(): number {
    return this.info.height
  }
  /** 0 for streams. */
  get frameCount(): number {
    return this.info.frameCount
  }
  /** When each frame is shown, in seconds. Empty for streams. */
  get times(): readonly number[] {
    return this.info.times
  }

  /** Resumed sessions: where tracking was when the session was saved. propagate({ continue: true }) goes on there. */
  get interrupted(): SessionInfo['interrupted'] {
    return this.info.interrupted
  }

  /** Points and at most one box for one object on one frame; returns the frame's new masks. A new id adds an object. */
  async addPoints(prompt: PointsPrompt, options: CallOptions = {}): Promise<FrameResult> {
    const labels = prompt.labels ?? prompt.points.map(() => 1)
    if (labels.length !== prompt.points.length)
      throw new MaskletError(
        'invalid_argument',
        `${prompt.points.length} points come with ${labels.length} labels; give one a point`,
      )
    return this.frame('addPoints', options, {
      prompt: {
        object: prompt.object,
        frame: prompt.frame,
        points: new Float32Array(prompt.points.flat()),
        labels: new Float32Array(labels),
        box: prompt.box && new Float32Array(prompt.box),
        keepOld: prompt.keepOld,
      },
    })
  }

  addBox({ object, frame, box }: BoxPrompt, options: CallOptions = {}): Promise<FrameResult> {
    return this.addPoints({ object, frame, box, points: [] }, options)
  }

  /** A mask as the prompt, of any size: it is scaled to the clip. */
  async addMask({ object, frame, mask, width, height }: MaskPrompt, options: CallOptions = {}): Promise<FrameResult> {
    if (mask instanceof Uint8Array) {
      const prompt = { object, frame, width: width ?? this.width, height: height ?? this.height, mask }
      return this.frame('addMask', options, { prompt })
    }
    const bytes = new Uint8Array(mask.data.buffer, mask.data.byteOffset, mask.data.byteLength)
    return this.frame('addMask', options, {
      prompt: { object, frame, width: mask.width, height: mask.height, mask: bytes, opacity: true },
    })
  }

  /** Takes back what was said of an object on a frame. */
  clearPrompts({ object, frame }: { object: number; frame: number }, options: CallOptions = {}): Promise<FrameResult> {
    return this.frame('clearPrompts', options, { object, frame })
  }

  /** Forgets an object and its results. */
  removeObject(object: number): Promise<void> {
    return this.call('removeObject', { object })
  }

  /** Forgets all objects and results. */
  reset(): Promise<void> {
    return this.call('reset', {})
  }

  /**
   * Tracks all objects and yields each frame's masks as it is done. Leaving the loop, or the signal, ends it; frames
   * yielded so far stay. The worker is at most two frames ahead of the loop.
   */
  async *propagate(options: PropagateOptions = {}): AsyncGenerator<FrameResult, void, undefined> {
    const { signal, ...rest } = options
    const stop = new AbortController()
    const either = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal
    const arrived: { frame: FrameResult; taken: () => void }[] = []
    let wake: (() => void) | undefined
    let ended: { error?: unknown } | undefined
    const work = this.call<void>('propagate', { options: rest }, {
      signal: either,
      onEvent: (wire: WireFrame) =>
        new Promise<void>((taken) => {
          arrived.push({ frame: frameResult(wire), taken })
          wake?.()
        }),
    }).then(
      () => (ended = {}),
      (error: unknown) => (ended = { error }),
    ).finally(() => wake?.())
    try {
      for (;;) {
        const next = arrived.shift()
        if (next) {
          next.taken()
          yield next.frame
        } else if (ended) {
          if (ended.error) throw ended.error
          return
        } else {
          await new Promise<void>((resolve) => (wake = resolve))
        }
      }
    } finally {
      stop.abort()
      for (const { taken } of arrived) taken()
      await work
    }
  }

  /** What is known of a frame. */
  result(frame: number, options: CallOptions = {}): Promise<FrameResult> {
    return this.frame('result', options, { frame })
  }

  /** The numbers of the frames that have results, in the order of tracking. */
  frames(): Promise<number[]> {
    return this.call('frames', {})
  }

  /** The frame itself, exactly the one that is tracked. Close it after use. */
  picture(frame: number, options: { signal?: AbortSignal } = {}): Promise<ImageBitmap> {
    return this.call('picture', { frame }, options)
  }

  /** The objects, with what was said of them. */
  objects(): Promise<ObjectState[]> {
    return this.call('objects', {})
  }

  /** The results as the command line's masklets.jsonl. */
  exportJSON(): Promise<string> {
    return this.call('exportJSON', {})
  }

  /** The session as a file, for Masklet.resume() or the native twin; also while tracking runs. */
  async save(): Promise<Blob> {
    const bytes = await this.call<Uint8Array>('save', {})
    return new Blob([bytes as Uint8Array<ArrayBuffer>], { type: 'application/octet-stream' })
  }

  /** @internal Decoder calls from now on are collected under this tag. */
  trace(tag: string): Promise<void> {
    return this.call('trace', { tag })
  }

  /** @internal What was collected, as .safetensors. */
  takeTrace(): Promise<Uint8Array> {
    return this.call('takeTrace', {})
  }

  /** Ends what runs and frees everything. A second call does nothing. */
  async close(): Promise<void> {
    if (this.over) return
    this.over = true
    this.onClose(this)
    await this.channel.call('closeSession', { session: this.info.id }).catch(() => undefined)
  }

  [Symbol.dispose](): void {
    void this.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** @internal The worker that it lived in is gone. */
  lose(): void {
    this.over = true
  }

  private async frame(method: string, options: CallOptions, args: object): Promise<FrameResult> {
    const { masks, signal } = options
    return frameResult(await this.call<WireFrame>(method, { ...args, masks }, { signal }))
  }

  private call<T>(method: string, args: object, settings: Parameters<Channel['call']>[2] = {}): Promise<T> {
    if (this.over) return Promise.reject(closed('the session'))
    return this.channel.call<T>(method, { session: this.info.id, ...args }, settings)
  }
}
