import type {
  CallOptions,
  CreateOptions,
  ImageMask,
  ImagePrompt,
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
import { type Channel } from '../protocol/channel.js'
import { type Assets, assetUrls } from '../runtime/assets.js'
import { startWorker } from '../runtime/choose.js'
import { VideoSession } from '../session/session.js'
import { deleteStored, listStored } from '../weights/store.js'
import type { SessionInfo } from '../worker/session.js'
import type { WireImageMask } from '../worker/wire.js'
import { imageMask } from './revive.js'
import { wireModel, wireSource } from './sources.js'

const defaultLimit = 2 ** 31
const dtypes: readonly WeightDtype[] = ['f32', 'f16', 'q8']

/** Before a model is downloaded for nothing. */
function checkDtype(dtype: WeightDtype = 'f32'): WeightDtype {
  if (dtypes.includes(dtype)) return dtype
  throw new MaskletError('invalid_argument', `dtype is '${String(dtype)}'; it must be one of ${dtypes.join(', ')}`)
}

/** SAM 2 in a worker of its own: a model, and sessions with it. close() ends the worker, or `using`. */
export class Masklet implements Disposable, AsyncDisposable {
  private readonly sessions = new Set<VideoSession>()
  private over = false

  private constructor(
    private readonly channel: Channel,
    readonly runtime: RuntimeInfo,
    readonly model: ModelInfo,
  ) {
    channel.onFailure = () => this.lose()
  }

  /** Starts a worker and loads a model. */
  static async create(options: CreateOptions = {}): Promise<Masklet> {
    throwIfAborted(options.signal, 'create')
    const dtype = checkDtype(options.dtype)
    const assets: Assets = assetUrls(options.urls)
    const { signal } = options
    const onEvent = (progress: Progress) => options.onProgress?.(progress)
    const model = wireModel(options.model ?? 'nano', assets.nano, options.store ?? true)
    const started = await startWorker(
      { ...options, memoryLimit: options.memoryLimit ?? defaultLimit },
      assets,
      (channel) => channel.call<ModelInfo>('loadModel', { model, inputSize: options.inputSize ?? 0, dtype }, { signal, onEvent }),
    )
    return new Masklet(started.channel, started.info, started.loaded)
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
    return this.openWith('open', source, options, { tracking: options.tracking })
  }

  /** Goes on with a session that save() wrote, on the same clip. */
  async resume(saved: Blob | Uint8Array, source: VideoSource, options: OpenOptions = {}): Promise<VideoSession> {
    const bytes = saved instanceof Blob ? new Uint8Array(await saved.arrayBuffer()) : saved
    return this.openWith('resume', source, options, { bytes })
  }

  /** Image mode: computes the features of a picture, to which predict() then answers. */
  async setImage(source: VideoSource, options: { signal?: AbortSignal } = {}): Promise<{ width: number; height: number }> {
    this.checkOpen()
    return this.channel.call('setImage', { source: await wireSource(source, this.channel) }, options)
  }

  /** The masks that a prompt may mean on the picture that was set: three, or one where multimask is false. */
  async predict(prompt: ImagePrompt, options: CallOptions = {}): Promise<ImageMask[]> {
    this.checkOpen()
    const { masks, signal } = options
    const found = await this.channel.call<WireImageMask[]>('predict', { prompt, masks }, { signal })
    return found.map(imageMask)
  }

  async memory(): Promise<MemoryInfo> {
    this.checkOpen()
    return this.channel.call('memory', {})
  }

  /** Milliseconds in each network so far, and in what a frame costs besides; `best` is the shortest run. */
  async timings(): Promise<{ network: string; ms: number; runs: number; best: number }[]> {
    this.checkOpen()
    return this.channel.call('timings', {})
  }

  /** Ends the worker and with it all sessions; memory goes back at once. A second call does nothing. */
  async close(): Promise<void> {
    if (this.over) return
    this.lose()
    this.channel.terminate(closed('Masklet'))
  }

  [Symbol.dispose](): void {
    void this.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  private async openWith(method: string, source: VideoSource, options: OpenOptions, more: object): Promise<VideoSession> {
    this.checkOpen()
    throwIfAborted(options.signal, method)
    const args = { source: await wireSource(source, this.channel), name: options.name, ...more }
    const info = await this.channel.call<SessionInfo>(method, args, {
      signal: options.signal,
      onEvent: (progress: Progress) => options.onProgress?.(progress),
    })
    const session = new VideoSession(this.channel, info, (closing) => this.sessions.delete(closing))
    this.sessions.add(session)
    return session
  }

  private lose(): void {
    this.over = true
    for (const session of this.sessions) session.lose()
    this.sessions.clear()
  }

  private checkOpen(): void {
    if (this.over) throw closed('Masklet')
  }
}
