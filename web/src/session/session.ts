import type {
  BoxPrompt,
  CallOptions,
  FrameResult,
  ClipLimits,
  MaskPrompt,
  ObjectState,
  Plan,
  PlanScene,
  PointsPrompt,
  Progress,
  PropagateOptions,
  TrackingOptions,
} from '../api/types.js'
import { MaskletError, asMaskletError, closed } from '../errors/error.js'
import type { Lifeline } from '../masklet/lifeline.js'
import { frameResult } from '../masklet/revive.js'
import type { WireSource } from '../media/open.js'
import type { CallSettings, Channel } from '../protocol/channel.js'
import type { IncompleteSession, SavedSession } from '../worker/saved_file.js'
import type { SessionInfo, WireWay } from '../worker/session.js'
import type { WireFrame } from '../worker/wire.js'
import { Keeper } from './keeper.js'

/** What a session was opened with. */
export interface Opening {
  source: WireSource
  name?: string | undefined
  tracking?: TrackingOptions | undefined
  limits: Required<ClipLimits>
  scene?: PlanScene | undefined
}

/** Objects tracked through one clip. Made by Masklet.open(); close() frees it, or `using`. Where its worker dies, it
    goes on in another one: the call under way fails, propagate() goes on. Streams end with their worker. */
export class VideoSession implements Disposable, AsyncDisposable {
  /** Why no call is taken any more. */
  private over: MaskletError | undefined
  private readonly keeper: Keeper
  /** The whole session, from before it was closed for having been idle. */
  private last: Blob | undefined
  private underWay = 0
  private lastUse = performance.now()

  private constructor(
    private readonly lifeline: Lifeline,
    private info: SessionInfo,
    private readonly opening: Opening,
    saved: Blob | undefined,
    private readonly onClose: (session: VideoSession) => void,
    private readonly complete: (session: IncompleteSession) => Promise<Blob>,
  ) {
    this.keeper = new Keeper(() => this.saved(true), saved)
  }

  /** @internal */
  static async open(
    channel: Channel,
    lifeline: Lifeline,
    opening: Opening,
    saved: Blob | undefined,
    settings: CallSettings,
    onClose: (session: VideoSession) => void,
    complete: (session: IncompleteSession) => Promise<Blob>,
  ): Promise<VideoSession> {
    const info = await begin(channel, opening, saved && { file: saved, ms: 0 }, settings)
    return new VideoSession(lifeline, info, opening, saved, onClose, complete)
  }

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
    return this.prompt('addPoints', options, {
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
      return this.prompt('addMask', options, { prompt })
    }
    const bytes = new Uint8Array(mask.data.buffer, mask.data.byteOffset, mask.data.byteLength)
    return this.prompt('addMask', options, {
      prompt: { object, frame, width: mask.width, height: mask.height, mask: bytes, opacity: true },
    })
  }

  /** Takes back what was said of an object on a frame. */
  clearPrompts({ object, frame }: { object: number; frame: number }, options: CallOptions = {}): Promise<FrameResult> {
    return this.prompt('clearPrompts', options, { object, frame })
  }

  /** Forgets an object and its results. */
  removeObject(object: number): Promise<void> {
    return this.change('removeObject', { object }, this.call('removeObject', { object }))
  }

  /** Forgets all objects and results. */
  reset(): Promise<void> {
    return this.change('reset', {}, this.call('reset', {}))
  }

  /**
   * Tracks all objects and yields each frame's masks as it is done. Leaving the loop, or the signal, ends it; frames
   * yielded so far stay. The worker is at most two frames ahead of the loop.
   */
  async *propagate(options: PropagateOptions = {}): AsyncGenerator<FrameResult, void, undefined> {
    const { signal, onProgress, ...given } = options
    const way: WireWay = { ...given, tellsProgress: onProgress !== undefined }
    const seen = new Set<number>()
    for (let again = false; ; again = true) {
      const channel = await this.lifeline.ready()
      // What was kept before this way began knows nothing of it: then it begins again.
      const goesOn = again && this.keeper.isOf(way)
      const rest = goesOn ? { ...way, continue: this.info.interrupted !== undefined } : way
      try {
        for await (const frame of this.track(channel, rest, signal, onProgress)) {
          if (seen.has(frame.frame)) continue // after a restart it is tracked again
          if (this.isRestorable) seen.add(frame.frame)
          this.lifeline.progressed()
          this.keeper.keepNowAndThen(way)
          yield frame
        }
        return
      } catch (thrown) {
        // Where memory gave out, it would again: the session is intact in another worker, for whoever asks for less.
        const isFull = thrown instanceof MaskletError && thrown.code === 'out_of_memory'
        if (this.over || !this.isRestorable || !channel.failure || signal?.aborted || isFull) throw thrown
      } finally {
        if (!channel.failure) void this.keeper.keep()
      }
    }
  }

  private async *track(
    channel: Channel,
    options: WireWay,
    signal: AbortSignal | undefined,
    onProgress: PropagateOptions['onProgress'],
  ): AsyncGenerator<FrameResult, void, undefined> {
    const stop = new AbortController()
    const either = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal
    const arrived: { frame: FrameResult; taken: () => void }[] = []
    let wake: (() => void) | undefined
    let ended: { error?: unknown } | undefined
    const work = this.callOn<void>(channel, 'propagate', { options }, {
      signal: either,
      onEvent: (event: WireFrame | Progress) => {
        if ('phase' in event) return onProgress?.(event)
        return new Promise<void>((taken) => {
          arrived.push({ frame: frameResult(event), taken })
          wake?.()
        })
      },
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

  /** What tracking will take, with what it would take otherwise; the objects that are there count where none are given.
      Errors: out_of_memory where it does not fit memoryLimit, with the nearest settings that do. */
  plan(scene: PlanScene = {}): Promise<Plan> {
    return this.call('plan', { scene })
  }

  /** The results as the command line's masklets.jsonl. */
  exportJSON(): Promise<string> {
    return this.call('exportJSON', {})
  }

  /** The session as a file, for Masklet.resume() or the native twin; also while tracking runs. */
  async save(): Promise<Blob> {
    const { saved } = this.keeper
    if (!this.over || (!this.last && !saved)) return (await this.saved(false)).file
    if (this.last) return this.last
    const { file, spill } = saved as SavedSession
    const { width, height, frameCount, times } = this
    return spill?.isNeeded ? this.complete({ file, spill, clip: { width, height, frameCount, times } }) : file
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
    const channel = this.lifeline.ready()
    this.over = closed('the session')
    this.keeper.close()
    this.onClose(this)
    await channel.then((worker) => worker.call('closeSession', { session: this.info.id })).catch(() => undefined)
  }

  [Symbol.dispose](): void {
    void this.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** @internal Milliseconds since the last call ended; 0 while one runs. */
  get idleMs(): number {
    return this.underWay ? 0 : performance.now() - this.lastUse
  }

  /** @internal Closed for having been idle; what was kept can still be saved. */
  async expire(seconds: number): Promise<void> {
    this.last = await this.saved(false).then(
      ({ file }) => file,
      () => undefined,
    )
    const channel = this.lifeline.ready()
    this.onClose(this)
    this.lose(
      new MaskletError(
        'invalid_state',
        `the session was idle for ${seconds} s and is closed; resume() goes on from what its save() gives, or create Masklet ` +
          'with a higher limits.idleSeconds, or 0 for no limit',
      ),
    )
    await channel.then((worker) => worker.call('closeSession', { session: this.info.id })).catch(() => undefined)
  }

  /** @internal No worker is there for it any more; what was kept can still be saved. */
  lose(error: MaskletError): void {
    this.over ??= error
  }

  /** @internal The same, and nothing is kept. */
  release(error: MaskletError): void {
    this.lose(error)
    this.keeper.close()
  }

  /** @internal Goes on in another worker from what was kept. */
  async restore(channel: Channel): Promise<void> {
    try {
      if (!this.isRestorable)
        throw new MaskletError('broken_clip', `the worker was ended, and the frames of '${this.name}' do not come again`)
      this.info = await begin(channel, this.opening, this.keeper.saved)
      for (const { method, args } of this.keeper.changesSince) await this.callOn(channel, method, args)
    } catch (thrown) {
      if (channel.failure) throw channel.failure
      this.onClose(this)
      this.lose(asMaskletError(thrown, 'runtime_failed', `putting back '${this.name}' in another worker`))
    }
  }

  /** @internal Bytes of the kept state. */
  get keptBytes(): number {
    return this.keeper.saved?.file.size ?? 0
  }

  /** The frames of streams come once. */
  private get isRestorable(): boolean {
    return this.opening.source.kind !== 'feed'
  }

  private saved(leavesSpill: boolean): Promise<SavedSession> {
    return this.call('save', { leavesSpill })
  }

  private prompt(method: string, options: CallOptions, args: object): Promise<FrameResult> {
    return this.change(method, args, this.frame(method, options, args))
  }

  private async change<T>(method: string, args: object, work: Promise<T>): Promise<T> {
    const value = await this.keeper.noting({ method, args }, work)
    this.lifeline.progressed()
    return value
  }

  private async frame(method: string, options: CallOptions, args: object): Promise<FrameResult> {
    const { masks, signal } = options
    return frameResult(await this.call<WireFrame>(method, { ...args, masks }, { signal }))
  }

  private async call<T>(method: string, args: object, settings: CallSettings = {}): Promise<T> {
    return this.callOn(await this.lifeline.ready(), method, args, settings)
  }

  private async callOn<T>(channel: Channel, method: string, args: object, settings: CallSettings = {}): Promise<T> {
    if (this.over) throw this.over
    this.underWay += 1
    try {
      return await channel.call<T>(method, { session: this.info.id, ...args }, settings)
    } finally {
      this.underWay -= 1
      this.lastUse = performance.now()
    }
  }
}

/** Opens a session in a worker, or one that was saved. */
function begin(
  channel: Channel,
  opening: Opening,
  saved: SavedSession | undefined,
  settings?: CallSettings,
): Promise<SessionInfo> {
  return channel.call(saved ? 'resume' : 'open', { ...opening, saved: saved?.file, spill: saved?.spill }, settings)
}
