import type {
  CallOptions,
  CreateOptions,
  ImageMask,
  ImagePrompt,
  ClipLimits,
  Limits,
  MemoryInfo,
  ModelInfo,
  OpenOptions,
  Progress,
  RuntimeInfo,
  StoredModel,
  VideoSource,
  WeightDtype,
} from '../api/types.js'
import { MaskletError, closed, throwIfAborted } from '../errors/error.js'
import type { WireSource } from '../media/open.js'
import type { Channel } from '../protocol/channel.js'
import { type Assets, assetUrls } from '../runtime/assets.js'
import { startBareWorker, startWorker } from '../runtime/choose.js'
import { VideoSession } from '../session/session.js'
import { deleteStored, listStored } from '../weights/store.js'
import type { IncompleteSession } from '../worker/saved_file.js'
import type { WireImageMask } from '../worker/wire.js'
import { Lifeline } from './lifeline.js'
import { imageMask } from './revive.js'
import { wireModel, wireSource } from './sources.js'

const defaultLimit = 2 ** 31
const dtypes: readonly WeightDtype[] = ['f32', 'f16', 'q8']
const usualLimits: Required<Limits> = {
  sessions: 2,
  idleSeconds: 300,
  sweepSeconds: 60,
  maxVideoFrames: 300,
  maxFrameDimension: 1920,
  downscaleMax: 0,
}

/** Before a model is downloaded for nothing. */
function checkDtype(dtype: WeightDtype = 'f32'): WeightDtype {
  if (dtypes.includes(dtype)) return dtype
  throw new MaskletError('invalid_argument', `dtype is '${String(dtype)}'; it must be one of ${dtypes.join(', ')}`)
}

type Started = Awaited<ReturnType<typeof startWorker<ModelInfo>>>

/** SAM 2 in a worker of its own: a model, and sessions with it. close() ends the worker, or `using`. Where the worker
    dies, another one takes over its model and its sessions. */
export class Masklet implements Disposable, AsyncDisposable {
  private readonly sessions = new Set<VideoSession>()
  private readonly lifeline: Lifeline
  private over = false
  private opening = 0
  private readonly sweeper: ReturnType<typeof setInterval> | undefined

  private constructor(
    private started: Started,
    private readonly limits: Required<Limits>,
    start: (runtime: RuntimeInfo, signal: AbortSignal) => Promise<Started>,
    private readonly assets: Assets,
  ) {
    this.lifeline = new Lifeline(started.channel, {
      start: async (signal) => {
        this.started = await start(this.started.info, signal)
        return this.started.channel
      },
      restore: async (channel) => {
        for (const session of this.sessions) await session.restore(channel)
      },
      lost: (error) => {
        for (const session of this.sessions) session.lose(error)
        this.sessions.clear()
      },
    })
    if (limits.idleSeconds && limits.sweepSeconds) this.sweeper = setInterval(() => this.sweep(), 1000 * limits.sweepSeconds)
  }

  /** What runs the networks, and why. */
  get runtime(): RuntimeInfo {
    return this.started.info
  }

  get model(): ModelInfo {
    return this.started.loaded
  }

  /** Starts a worker and loads a model. */
  static async create(options: CreateOptions = {}): Promise<Masklet> {
    throwIfAborted(options.signal, 'create')
    const dtype = checkDtype(options.dtype)
    const assets: Assets = assetUrls(options.urls)
    const onEvent = (progress: Progress) => options.onProgress?.(progress)
    const model = wireModel(options.model ?? 'nano', assets.nano, options.store ?? true)
    const { memoryLimit = defaultLimit } = options
    const limits = checkedLimits(options.limits)
    const start = (wanted: CreateOptions) =>
      startWorker({ ...wanted, memoryLimit, onPressure: options.onPressure ?? 'fail' }, assets, (channel) =>
        channel.call<ModelInfo>(
          'loadModel',
          { model, inputSize: options.inputSize ?? 0, dtype },
          { signal: wanted.signal, onEvent },
        ),
      )
    const { encoderBeside } = options
    const again = ({ provider, threads }: RuntimeInfo, signal: AbortSignal) => start({ provider, threads, encoderBeside, signal })
    return new Masklet(await start(options), limits, again, assets)
  }

  /** Models kept in the origin's private file system. */
  static listModels(): Promise<StoredModel[]> {
    return listStored()
  }

  static deleteModel(name: string): Promise<void> {
    return deleteStored(name)
  }

  /** Opens a clip. Nothing is tracked before a prompt. */
  async open(source: VideoSource, options: OpenOptions = {}): Promise<VideoSession> {
    return this.openWith(source, options)
  }

  /** Goes on with a session that save() wrote, on the same clip. */
  async resume(saved: Blob | Uint8Array, source: VideoSource, options: OpenOptions = {}): Promise<VideoSession> {
    return this.openWith(source, options, saved instanceof Blob ? saved : new Blob([saved as Uint8Array<ArrayBuffer>]))
  }

  /** Image mode: computes the features of a picture, to which predict() then answers. */
  async setImage(source: VideoSource, options: { signal?: AbortSignal } = {}): Promise<{ width: number; height: number }> {
    const channel = await this.worker()
    return channel.call('setImage', { source: await wireSource(source, channel) }, options)
  }

  /** The masks that a prompt may mean on the picture that was set: three, or one where multimask is false. */
  async predict(prompt: ImagePrompt, options: CallOptions = {}): Promise<ImageMask[]> {
    const { masks, signal } = options
    const found = await (await this.worker()).call<WireImageMask[]>('predict', { prompt, masks }, { signal })
    this.lifeline.progressed()
    return found.map(imageMask)
  }

  async memory(): Promise<MemoryInfo> {
    const memory = await (await this.worker()).call<Omit<MemoryInfo, 'snapshots'>>('memory', {})
    const snapshots = [...this.sessions].reduce((sum, session) => sum + session.keptBytes, 0)
    return { ...memory, snapshots, total: memory.total + snapshots }
  }

  /** Milliseconds in each network so far, and in what a frame costs besides; `best` is the shortest run. */
  async timings(): Promise<{ network: string; ms: number; runs: number; best: number }[]> {
    return (await this.worker()).call('timings', {})
  }

  /** Ends the worker and with it all sessions; memory goes back at once. A second call does nothing. */
  async close(): Promise<void> {
    if (this.over) return
    this.over = true
    clearInterval(this.sweeper)
    const error = closed('Masklet')
    this.lifeline.close(error)
    for (const session of this.sessions) session.release(error)
    this.sessions.clear()
  }

  [Symbol.dispose](): void {
    void this.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  private async openWith(source: VideoSource, options: OpenOptions, saved?: Blob): Promise<VideoSession> {
    throwIfAborted(options.signal, 'open')
    const { sessions, maxVideoFrames, maxFrameDimension, downscaleMax } = checkedLimits({ ...this.limits, ...options.limits })
    if (sessions && this.sessions.size + this.opening >= sessions)
      throw new MaskletError(
        'invalid_state',
        `${this.sessions.size + this.opening} sessions are open, and the limit is ${sessions}: close() one, or create Masklet ` +
          'with a higher limits.sessions, or 0 for no limit',
      )
    this.opening += 1
    try {
      return await this.begin(source, options, { maxVideoFrames, maxFrameDimension, downscaleMax }, saved)
    } finally {
      this.opening -= 1
    }
  }

  private async begin(
    source: VideoSource,
    options: OpenOptions,
    limits: Required<ClipLimits>,
    saved?: Blob,
  ): Promise<VideoSession> {
    const channel = await this.worker()
    const wire: WireSource = await wireSource(source, channel)
    const session = await VideoSession.open(
      channel,
      this.lifeline,
      { source: wire, name: options.name, tracking: options.tracking, limits, scene: options.scene },
      saved,
      { signal: options.signal, onEvent: (progress: Progress) => options.onProgress?.(progress) },
      (closing) => this.sessions.delete(closing),
      (incomplete) => this.complete(incomplete),
    )
    this.sessions.add(session)
    this.lifeline.progressed()
    return session
  }

  /** In a worker of its own: those with a model have died. */
  private async complete(session: IncompleteSession): Promise<Blob> {
    const channel = startBareWorker(this.assets)
    try {
      return await channel.call<Blob>('complete', { ...session, coreUrl: this.assets.core })
    } finally {
      channel.terminate(closed('the worker'))
    }
  }

  private worker(): Promise<Channel> {
    return this.lifeline.ready()
  }

  private sweep(): void {
    const { idleSeconds } = this.limits
    for (const session of this.sessions) if (session.idleMs > 1000 * idleSeconds) void session.expire(idleSeconds)
  }
}

/** Errors: invalid_argument. */
function checkedLimits(given: Limits = {}): Required<Limits> {
  const limits = { ...usualLimits, ...given }
  for (const [name, value] of Object.entries(limits))
    if (!(value >= 0 && Number.isFinite(value)))
      throw new MaskletError('invalid_argument', `limits.${name} is ${value}; it must be a number of at least 0, where 0 is no limit`)
  return limits
}
