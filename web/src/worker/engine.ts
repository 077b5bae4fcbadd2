import type * as Ort from 'onnxruntime-web'
import type { ImagePrompt, MaskForms, MemoryInfo, ModelInfo, ObjectState, Progress, PropagateOptions, TrackingOptions, WeightDtype } from '../api/types.js'
import { type Core, check, createCore } from '../core/core.js'
import { type CoreImagePredictor, type CoreModel, type CorePrompt, type CoreSession, type NetworkName, type SavedDetails, networkNames } from '../core/module.js'
import { MaskletError, throwIfAborted } from '../errors/error.js'
import type { ClipSource } from '../media/clip.js'
import { openClip, type WireSource } from '../media/open.js'
import { type CallContext, type Handler, Moved, type Server } from '../protocol/serve.js'
import type { RuntimeFiles } from '../runtime/assets.js'
import { KeptTensors, type Provider, Runtime } from '../runtime/runtime.js'
import { type OpenModelFiles, type WireModel, openModelFiles } from '../weights/model_files.js'
import { drive } from './drive.js'
import { goldenCheck } from './golden_check.js'
import { type SessionInfo, WorkerSession, fingerprint } from './session.js'
import { coreForms, wireImageMasks } from './wire.js'

export interface StartArgs {
  provider: Provider
  threads: number
  memoryLimit: number
  coreUrl: string
  runtimeFiles: RuntimeFiles
  /** The embedded model, with which the provider is checked. */
  nano: { weights: string; architecture: string }
  /** To be held as long as the worker lives. */
  lock?: string
}

interface ImageMode {
  predictor: CoreImagePredictor
  kept: KeptTensors
  width: number
  height: number
}

/** Core's share of memoryLimit; the runtime has the rest. */
function coreShare(memoryLimit: number): number {
  return Math.min(2 ** 30, Math.max(32 * 2 ** 20, memoryLimit / 4))
}

const leastMemory = 96 * 2 ** 20
const floatImageEncoder = 'image_encoder/float'

/** false where locks are forbidden, as in sandboxed frames. */
function hold(lock: string): Promise<boolean> {
  return new Promise((held) => {
    navigator.locks.request(lock, () => new Promise(() => held(true))).catch(() => held(false))
  })
}

/** Everything that lives in the worker: core, the runtime, a model and its sessions. */
export class Engine {
  private core!: Core
  private runtime!: Runtime
  private start!: StartArgs
  private model: CoreModel | undefined
  private files: OpenModelFiles | undefined
  private inputSize = 0
  private dtype: WeightDtype = 'f32'
  private fingerprint = ''
  private imageMode: ImageMode | undefined
  private readonly sessions = new Map<number, WorkerSession>()
  private lastId = 0
  server!: Server

  readonly handlers: Record<string, Handler> = {
    start: (args: StartArgs, context) => this.begin(args, context),
    loadModel: (args: { model: WireModel; inputSize: number; dtype: WeightDtype }, context) => this.loadModel(args, context),
    open: (args: { source: WireSource; name?: string; tracking?: TrackingOptions }, context) => this.open(args, context),
    resume: (args: { source: WireSource; name?: string; bytes: Uint8Array }, context) => this.open(args, context),
    closeSession: ({ session }: { session: number }) => this.closeSession(session),
    addPoints: (args: { session: number; prompt: CorePrompt; masks?: MaskForms }, context) =>
      this.session(args.session).addPoints(args.prompt, args.masks, context),
    addMask: (args: { session: number; prompt: { object: number; frame: number; width: number; height: number; mask: Uint8Array; opacity?: boolean }; masks?: MaskForms }, context) =>
      this.session(args.session).addMask(args.prompt, args.masks, context),
    clearPrompts: (args: { session: number; object: number; frame: number; masks?: MaskForms }, context) =>
      this.session(args.session).clearPrompts(args.object, args.frame, args.masks, context),
    removeObject: (args: { session: number; object: number }) => this.session(args.session).removeObject(args.object),
    reset: (args: { session: number }) => this.session(args.session).reset(),
    propagate: (args: { session: number; options: PropagateOptions }, context) =>
      this.session(args.session).propagate(args.options, context),
    result: (args: { session: number; frame: number; masks?: MaskForms }, context) =>
      this.session(args.session).result(args.frame, args.masks, context),
    picture: async (args: { session: number; frame: number }, context) => {
      const bitmap = await this.session(args.session).picture(args.frame, context)
      return new Moved(bitmap, [bitmap])
    },
    objects: (args: { session: number }): ObjectState[] => this.session(args.session).objects(),
    frames: (args: { session: number }) => this.session(args.session).frames(),
    exportJSON: (args: { session: number }) => this.session(args.session).exportJSON(),
    save: async (args: { session: number }) => {
      const saved = await this.session(args.session).save()
      return new Moved(saved, saved.parts.map(({ buffer }) => buffer))
    },
    trace: (args: { session: number; tag: string }) => this.session(args.session).trace(args.tag),
    takeTrace: (args: { session: number }) => this.session(args.session).takeTrace(),
    setImage: (args: { source: WireSource }, context) => this.setImage(args.source, context),
    predict: (args: { prompt: ImagePrompt; masks?: MaskForms }, context) => this.predict(args.prompt, args.masks, context),
    memory: () => this.memory(),
    timings: () => [...this.runtime.spent].map(([network, spent]) => ({ network, ...spent })),
  }

  private async begin(args: StartArgs, context: CallContext): Promise<void> {
    if (args.memoryLimit < leastMemory)
      throw new MaskletError(
        'invalid_argument',
        `memoryLimit is ${args.memoryLimit} bytes; the smallest that anything runs in is ${leastMemory}`,
      )
    if (args.lock && (await hold(args.lock))) void context.emit(args.lock)
    this.start = args
    const share = coreShare(args.memoryLimit)
    const ort = (await (args.provider === 'webgpu' ? import('onnxruntime-web/webgpu') : import('onnxruntime-web/wasm'))) as typeof Ort
    this.core = await createCore(args.coreUrl, share)
    this.runtime = Runtime.start(ort, {
      provider: args.provider,
      threads: args.threads,
      files: args.runtimeFiles,
      memoryLimit: args.memoryLimit - share,
    })
    if (args.provider === 'webgpu') await this.checkProvider(args, context.signal)
  }

  private async checkProvider(args: StartArgs, signal: AbortSignal): Promise<void> {
    const files = { weights: args.nano.weights, architecture: { url: args.nano.architecture }, store: false }
    const nano = await openModelFiles(files, {
      signal,
      hash: () => new this.core.module.Sha256(),
      onBytes: () => undefined,
      onUnkept: () => undefined,
    })
    await goldenCheck(args.coreUrl, this.runtime, this.runtime.processor(), nano, signal)
    this.runtime.spent.clear()
  }

  private async loadModel(
    { model, inputSize, dtype }: { model: WireModel; inputSize: number; dtype: WeightDtype },
    context: CallContext,
  ): Promise<ModelInfo> {
    let text = 'Downloading the model'
    const files = await openModelFiles(model, {
      signal: context.signal,
      hash: () => new this.core.module.Sha256(),
      onBytes: (done, total) => {
        const progress: Progress = { phase: 'download', done, total, unit: 'bytes', text }
        void context.emit(progress)
      },
      onUnkept: (why) => {
        text = `Downloading the model, which is not kept: ${why}`
      },
    })
    const checkpoint = check(this.core.module.openCheckpoint(files.weights))
    try {
      this.model = check(checkpoint.recognise(files.modelJson, inputSize))
    } finally {
      checkpoint.delete()
    }
    this.fingerprint = check(this.core.module.fingerprint(files.weights))
    this.files = files
    this.inputSize = inputSize
    this.dtype = dtype
    await this.loadNetworks(
      networkNames.map((network) => ({ name: network, network, floatImage: false })),
      context,
    )
    const { name, imageSize } = this.model.describe()
    return { architecture: name, name: files.weights.name, inputSize: imageSize }
  }

  /** Networks are built one at a time in an instance of core that is then thrown away: its memory grows to the
      largest one's weights and could not shrink again. */
  private async loadNetworks(
    wanted: { name: string; network: NetworkName; floatImage: boolean }[],
    context: CallContext,
  ): Promise<void> {
    const files = this.openFiles()
    const left = this.start.memoryLimit - this.core.memory.buffer.byteLength - this.runtime.memoryBytes
    const { module } = await createCore(this.start.coreUrl, left)
    const checkpoint = check(module.openCheckpoint(files.weights))
    const model = check(checkpoint.recognise(files.modelJson, this.inputSize))
    try {
      for (const [index, { name, network, floatImage }] of wanted.entries()) {
        throwIfAborted(context.signal, 'loading the model')
        const text = `Loading ${network.replace('_', ' ')}`
        const progress: Progress = { phase: 'networks', done: index, total: wanted.length, unit: 'networks', text }
        void context.emit(progress)
        await this.runtime.load(name, check(checkpoint.network(model, network, { floatImage, dtype: this.dtype })))
      }
    } finally {
      model.delete()
      checkpoint.delete()
    }
  }

  private async open(
    args: { source: WireSource; name?: string; tracking?: TrackingOptions; bytes?: Uint8Array },
    context: CallContext,
  ): Promise<SessionInfo> {
    const model = this.openModel()
    const clip = await openClip(args.source, args.name, this.server, context)
    try {
      const details = args.bytes && this.checkSaved(args.bytes, clip)
      const stream = clip.frameCount === 0
      const tracking = { ...(stream && { historyFrames: 16 }), ...args.tracking }
      const session = check(
        args.bytes
          ? this.core.module.restoreSession(model, args.bytes)
          : this.core.module.createSession(model, clip, tracking),
      )
      const id = ++this.lastId
      const used = {
        name: this.openFiles().weights.name,
        fingerprint: this.fingerprint,
        inputSize: model.describe().imageSize,
      }
      const made = new WorkerSession(id, this.core.module, session, this.runtime, clip, used)
      if (details) this.restore(made, session, details)
      this.sessions.set(id, made)
      return made.info()
    } catch (thrown) {
      clip.close()
      throw thrown
    }
  }

  private restore(made: WorkerSession, session: CoreSession, details: SavedDetails): void {
    const { width, height, frameCount } = check(session.describe())
    const { clip } = made
    if (width !== clip.width || height !== clip.height || frameCount !== clip.frameCount) {
      session.delete()
      throw new MaskletError(
        'invalid_argument',
        `the session was saved with a clip of ${frameCount} frames of ${width} x ${height}; ` +
          `'${clip.name}' has ${clip.frameCount} of ${clip.width} x ${clip.height}`,
      )
    }
    made.restore(details)
  }

  /** A saved session goes on only with its own model and clip. */
  private checkSaved(bytes: Uint8Array, clip: ClipSource): SavedDetails {
    const details = check(this.core.module.sessionDetails(bytes))
    if (details.modelFingerprint && details.modelFingerprint !== this.fingerprint)
      throw new MaskletError(
        'weights_mismatch',
        `the session was saved with the model '${details.modelName}', whose weights are others than those of ` +
          `'${this.openFiles().weights.name}'; open that model first`,
      )
    const given = fingerprint(this.core.module, clip)
    if (details.clipFingerprint && given && details.clipFingerprint !== given)
      throw new MaskletError(
        'invalid_argument',
        `the session was saved with the clip '${details.clipName}', and '${clip.name}' is another file; open that one`,
      )
    return details
  }

  private async closeSession(id: number): Promise<void> {
    const session = this.sessions.get(id)
    this.sessions.delete(id)
    await session?.close()
  }

  private async setImage(source: WireSource, context: CallContext): Promise<{ width: number; height: number }> {
    const model = this.openModel()
    if (!this.runtime.has(floatImageEncoder))
      await this.loadNetworks([{ name: floatImageEncoder, network: 'image_encoder', floatImage: true }], context)
    const clip = await openClip(source, undefined, this.server, context)
    try {
      const mode = (this.imageMode ??= {
        predictor: this.core.module.createImagePredictor(model),
        kept: new KeptTensors(),
        width: 0,
        height: 0,
      })
      check(mode.predictor.setImage(clip.width, clip.height))
      await drive(mode.predictor, {
        runtime: this.runtime,
        kept: mode.kept,
        imageEncoder: floatImageEncoder,
        picture: () => clip.picture(0, context.signal),
        signal: context.signal,
      })
      mode.width = clip.width
      mode.height = clip.height
      return { width: clip.width, height: clip.height }
    } finally {
      clip.close()
    }
  }

  private async predict(prompt: ImagePrompt, forms: MaskForms | undefined, context: CallContext) {
    const mode = this.imageMode
    if (!mode) throw new MaskletError('invalid_state', 'no image is set; call setImage first')
    check(
      mode.predictor.predict({
        points: new Float32Array((prompt.points ?? []).flat()),
        labels: new Float32Array(prompt.labels ?? (prompt.points ?? []).map(() => 1)),
        box: prompt.box && new Float32Array(prompt.box),
        maskInput: prompt.maskInput,
        multimask: prompt.multimask,
      }),
    )
    await drive(mode.predictor, {
      runtime: this.runtime,
      kept: mode.kept,
      imageEncoder: floatImageEncoder,
      picture: async () => undefined,
      signal: context.signal,
    })
    return wireImageMasks(check(mode.predictor.masks(coreForms(forms))), mode, forms)
  }

  private memory(): Omit<MemoryInfo, 'snapshots'> {
    const sessions = [...this.sessions.values()]
    const core = this.core.memory.buffer.byteLength
    const runtime = this.runtime.memoryBytes
    const features =
      sessions.reduce((sum, session) => sum + session.featureBytes, 0) + (this.imageMode?.kept.bytes ?? 0)
    const results = sessions.reduce((sum, session) => sum + session.resultBytes, 0)
    return { limit: this.start.memoryLimit, core, runtime, features, results, total: core + runtime + features + results }
  }

  private session(id: number): WorkerSession {
    const session = this.sessions.get(id)
    if (!session) throw new MaskletError('invalid_state', 'the session is closed; open another one')
    return session
  }

  private openModel(): CoreModel {
    if (!this.model) throw new MaskletError('invalid_state', 'no model is loaded')
    return this.model
  }

  private openFiles(): OpenModelFiles {
    if (!this.files) throw new MaskletError('invalid_state', 'no model is loaded')
    return this.files
  }
}

