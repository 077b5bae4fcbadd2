import type * as Ort from 'onnxruntime-web'
import type { ClipLimits, ImagePrompt, MaskForms, MemoryInfo, ModelInfo, ObjectState, Plan, PlanScene, Progress, TrackingOptions, WeightDtype } from '../api/types.js'
import { Budget, type Holder, shares } from '../budget/budget.js'
import { type PlanAsked, type PlannedClip, leastClip, planFor, usualClip } from '../budget/plan.js'
import { type Core, check, createCore } from '../core/core.js'
import { type CoreAccount, type CoreImagePredictor, type CoreModel, type CorePrompt, type CoreSession, type NetworkName, type SavedDetails, type SessionHost, networkNames } from '../core/module.js'
import { MaskletError, asMaskletError, throwIfAborted } from '../errors/error.js'
import type { ClipSource } from '../media/clip.js'
import { downscaledClip, scalingText } from '../media/downscaled_clip.js'
import { openClip, type WireSource } from '../media/open.js'
import { holdLock } from '../protocol/lock.js'
import { type CallContext, type Handler, Moved, type Server } from '../protocol/serve.js'
import type { RuntimeFiles } from '../runtime/assets.js'
import { KeptTensors } from '../runtime/kept_tensors.js'
import { type Provider, Runtime } from '../runtime/runtime.js'
import { type OpenModelFiles, type WireModel, openModelFiles } from '../weights/model_files.js'
import { type OpenWeights, blobSource } from '../weights/source.js'
import { drive } from './drive.js'
import { goldenCheck } from './golden_check.js'
import { type IncompleteSession, completed } from './saved_file.js'
import { ScratchFile } from './scratch_file.js'
import { type SessionInfo, type WireWay, WorkerSession, fingerprint } from './session.js'
import { type KeptSpill, Spill } from './spill.js'
import { coreForms, wireImageMasks } from './wire.js'

export interface StartArgs {
  provider: Provider
  threads: number
  /** Whether the image encoder runs in a worker of its own, if memory allows; undefined: where that is faster. */
  encoderBeside: boolean | undefined
  memoryLimit: number
  onPressure: 'fail' | 'degrade'
  coreUrl: string
  runtimeFiles: RuntimeFiles
  /** The embedded model, with which the provider is checked. */
  nano: { weights: string; architecture: string }
  /** To be held as long as the worker lives. */
  lock: string
  /** A lock that the page holds. */
  page: string
}

interface OpenArgs {
  source: WireSource
  name?: string
  tracking?: TrackingOptions
  limits: Required<ClipLimits>
  scene?: PlanScene
  /** A saved session, and what of it lies in files of this page. */
  saved?: Blob
  spill?: KeptSpill | undefined
}

interface ImageMode {
  predictor: CoreImagePredictor
  kept: KeptTensors
  width: number
  height: number
}

/** For core before a model is planned. */
const firstShare = 32 * 2 ** 20
/** What networks are built with, where memory does not say otherwise. */
const usualChunk = 256
/** Of the limit, with the image encoder in a worker of its own. */
const mostBeside = 0.75
/** An encoder with more floating-point operations gains more from threads than from a worker of its own (tools/bench/web:
    nano 7.0 -> 8.9 frames a second beside, tiny at 512 with two threads 3.1 -> 4.3 s a frame). */
const mostBesideFlop = 4e9
const floatImageEncoder = 'image_encoder/float'

/** Everything that lives in the worker: core, the runtime, a model and its sessions. */
export class Engine {
  private core!: Core
  private account!: CoreAccount
  private budget!: Budget
  /** Core's instance that builds networks, while it does. */
  private builder: Core | undefined
  /** That the attention is built with. */
  private attentionChunk = usualChunk
  private runtime!: Runtime
  private start!: StartArgs
  private model: CoreModel | undefined
  private files: OpenModelFiles | undefined
  private inputSize = 0
  private dtype: WeightDtype = 'f32'
  private fingerprint = ''
  private imageMode: ImageMode | undefined
  private imageHolder: Holder | undefined
  private readonly sessions = new Map<number, WorkerSession>()
  private lastId = 0
  server!: Server

  readonly handlers: Record<string, Handler> = {
    start: (args: StartArgs, context) => this.begin(args, context),
    loadModel: (args: { model: WireModel; inputSize: number; dtype: WeightDtype }, context) => this.loadModel(args, context),
    open: (args: OpenArgs, context) => this.open(args, context),
    resume: (args: OpenArgs, context) => this.open(args, context),
    plan: (args: { session: number; scene: PlanScene }) => this.plan(this.session(args.session), args.scene),
    closeSession: ({ session }: { session: number }) => this.closeSession(session),
    addPoints: (args: { session: number; prompt: CorePrompt; masks?: MaskForms }, context) =>
      this.session(args.session).addPoints(args.prompt, args.masks, context),
    addMask: (args: { session: number; prompt: { object: number; frame: number; width: number; height: number; mask: Uint8Array; opacity?: boolean }; masks?: MaskForms }, context) =>
      this.session(args.session).addMask(args.prompt, args.masks, context),
    clearPrompts: (args: { session: number; object: number; frame: number; masks?: MaskForms }, context) =>
      this.session(args.session).clearPrompts(args.object, args.frame, args.masks, context),
    removeObject: (args: { session: number; object: number }) => this.session(args.session).removeObject(args.object),
    reset: (args: { session: number }) => this.session(args.session).reset(),
    propagate: (args: { session: number; options: WireWay }, context) =>
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
    save: (args: { session: number; leavesSpill: boolean }) => this.session(args.session).save(args.leavesSpill),
    complete: async ({ coreUrl, ...session }: IncompleteSession & { coreUrl: string }) =>
      completed((await createCore(coreUrl, firstShare)).module, session),
    trace: (args: { session: number; tag: string }) => this.session(args.session).trace(args.tag),
    takeTrace: (args: { session: number }) => this.session(args.session).takeTrace(),
    setImage: (args: { source: WireSource }, context) => this.setImage(args.source, context),
    predict: (args: { prompt: ImagePrompt; masks?: MaskForms }, context) => this.predict(args.prompt, args.masks, context),
    memory: () => this.memory(),
    timings: () => [...this.runtime.spent].map(([network, spent]) => ({ network, ...spent })),
  }

  private async begin(args: StartArgs, context: CallContext): Promise<void> {
    if (await holdLock(args.lock)) void context.emit(args.lock)
    this.start = args
    void ScratchFile.sweep(args.page)
    const ort = (await (args.provider === 'webgpu' ? import('onnxruntime-web/webgpu') : import('onnxruntime-web/wasm'))) as typeof Ort
    this.core = await createCore(args.coreUrl, firstShare)
    this.runtime = Runtime.start(ort, {
      provider: args.provider,
      threads: args.threads,
      files: args.runtimeFiles,
      memoryLimit: Math.max(0, args.memoryLimit - firstShare),
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
    this.files = files
    this.dtype = dtype
    await this.planModel(inputSize, context)
    this.fingerprint = check(this.core.module.fingerprint(files.weights))
    await this.loadNetworks(
      networkNames.map((network) => ({ name: network, network, floatImage: false })),
      context,
    )
    const { name, imageSize } = this.openModel().describe()
    const { encoderBeside } = this.runtime
    return { architecture: name, name: files.weights.name, inputSize: imageSize, encoderBeside }
  }

  /** Core gets its share of the limit, and what the runtime may take is bounded. Nothing is loaded before. */
  private async planModel(inputSize: number, context: CallContext): Promise<void> {
    const { memoryLimit, coreUrl } = this.start
    const plan = this.firstPlan(this.recognise(inputSize))
    const { settings } = plan
    this.inputSize = settings.inputSize
    this.attentionChunk = settings.attentionChunk
    const share = shares(memoryLimit, plan)
    this.core = await createCore(coreUrl, share.core)
    this.runtime.limitMemory(share.runtime)
    this.model = this.recognise(settings.inputSize)
    this.account = new this.core.module.Account(memoryLimit)
    const heaps = () => ({
      core: this.core.memory.buffer.byteLength + (this.builder?.memory.buffer.byteLength ?? 0),
      runtime: this.runtime.memoryBytes,
    })
    this.budget = new Budget(memoryLimit, plan.bytes.program, this.account, heaps)
    const lowered = plan.steps.filter((step) => step.startsWith('input size'))
    for (const step of lowered) this.report(step, context)
  }

  /** For a clip of the usual size, with the encoder in a worker of its own where that leaves room for larger ones; or else
      for the least clip. */
  private firstPlan(model: CoreModel): Plan {
    const { memoryLimit, onPressure, encoderBeside } = this.start
    const asked = {
      limit: memoryLimit,
      weights: this.dtype,
      attentionChunk: usualChunk,
      tracking: {},
      encoderBeside: false,
    }
    const usual = { ...asked, scene: { objects: 2 }, degrade: false, clip: usualClip }
    const attempt = (wanted: PlanAsked) => {
      try {
        return planFor(this.core.module, model, wanted)
      } catch {
        return undefined
      }
    }
    const gains = this.runtime.options.threads === 1 || model.describe().encoderFlop <= mostBesideFlop
    const beside = (encoderBeside ?? gains) ? attempt({ ...usual, encoderBeside: true }) : undefined
    this.runtime.encoderBeside = beside !== undefined && beside.totalBytes <= mostBeside * memoryLimit
    if (beside && this.runtime.encoderBeside) return beside
    return (
      attempt(usual) ??
      planFor(this.core.module, model, { ...asked, scene: {}, degrade: onPressure === 'degrade', clip: leastClip })
    )
  }

  private recognise(inputSize: number): CoreModel {
    const { weights, modelJson } = this.openFiles()
    const checkpoint = check(this.core.module.openCheckpoint(weights))
    try {
      return check(checkpoint.recognise(modelJson, inputSize))
    } finally {
      checkpoint.delete()
    }
  }

  /** A step down is never silent. */
  private report(step: string, context: CallContext): void {
    this.budget.steps.push(step)
    const progress: Progress = { phase: 'plan', done: this.budget.steps.length, unit: 'frames', text: `For the memory limit: ${step}` }
    void context.emit(progress)
  }

  /** Networks are built one at a time in an instance of core that is then thrown away: its memory grows to the
      largest one's weights and could not shrink again. */
  private async loadNetworks(
    wanted: { name: string; network: NetworkName; floatImage: boolean }[],
    context: CallContext,
  ): Promise<void> {
    const files = this.openFiles()
    const left = this.start.memoryLimit - this.core.memory.buffer.byteLength - this.runtime.memoryBytes
    this.builder = await createCore(this.start.coreUrl, left)
    const { module } = this.builder
    const checkpoint = check(module.openCheckpoint(files.weights))
    const model = check(checkpoint.recognise(files.modelJson, this.inputSize))
    try {
      for (const [index, { name, network, floatImage }] of wanted.entries()) {
        throwIfAborted(context.signal, 'loading the model')
        const text = `Loading ${network.replace('_', ' ')}`
        const progress: Progress = { phase: 'networks', done: index, total: wanted.length, unit: 'networks', text }
        void context.emit(progress)
        const { attentionChunk, dtype } = this
        const built = check(checkpoint.network(model, network, { floatImage, attentionChunk, dtype }))
        this.budget.takeWeights(name, built.weights().byteLength)
        await this.runtime.load(name, built)
        this.budget.measure()
      }
    } finally {
      model.delete()
      checkpoint.delete()
      this.builder = undefined
    }
  }

  private async open(
    args: OpenArgs,
    context: CallContext,
  ): Promise<SessionInfo> {
    const { downscaleMax } = args.limits
    const read = await openClip(args.source, args.name, this.server, context)
    const clip = downscaledClip(read, downscaleMax, this.core.module)
    let spill: Spill | undefined
    let made: WorkerSession | undefined
    try {
      const stream = clip.frameCount === 0
      if (!stream) check(this.core.module.checkClip(clip, args.limits))
      const scaling = scalingText(clip)
      if (scaling) void context.emit({ phase: 'open', done: 0, unit: 'frames', text: scaling } satisfies Progress)
      const saved = args.saved && blobSource('the saved session', args.saved)
      const details = saved && this.checkSaved(saved, clip)
      const asked = { ...(stream && { historyFrames: 16 }), ...args.tracking }
      const plan = await this.planClip(clip, asked, { direction: 'both', ...args.scene }, context)
      const model = this.openModel()
      const { cachedFrames, memories, heldFrames, hotFrames } = plan.settings
      const isLowered = plan.steps.some((step) => step.startsWith('memories'))
      const tracking = { ...asked, cachedFrames, ...(isLowered && { memories }) }
      clip.hold?.(heldFrames)
      spill = stream ? undefined : await this.openSpill(args.spill, context)
      const encodesAhead = this.runtime.encoderBeside
      const host: SessionHost = { store: spill?.records, hotFrames, maxPromptedFrames: plan.mostPromptedFrames, encodesAhead, downscaleMax }
      const { module } = this.core
      const session = check(
        saved
          ? module.restoreSession(model, this.account, saved, {}, host)
          : module.createSession(model, this.account, clip, tracking, host),
      )
      const id = ++this.lastId
      const used = {
        name: this.openFiles().weights.name,
        fingerprint: this.fingerprint,
        inputSize: model.describe().imageSize,
      }
      const restore = (session: OpenWeights, settings: object) => module.restoreSession(model, this.account, session, settings, host)
      made = new WorkerSession(id, module, session, this.runtime, clip, used, {
        budget: this.budget,
        degrades: this.start.onPressure === 'degrade',
        spill,
        restore,
        plan,
        tracking,
      })
      if (details) await this.restore(made, session, args.saved as Blob, details)
      this.sessions.set(id, made)
      return made.info()
    } catch (thrown) {
      clip.close()
      if (made) this.budget.remove(made)
      if (args.spill) spill?.leave()
      else void spill?.close()
      throw thrown
    }
  }

  private async openSpill(kept: KeptSpill | undefined, context: CallContext): Promise<Spill | undefined> {
    if (kept) return Spill.reopen(kept)
    try {
      return await Spill.create(this.start.page)
    } catch (thrown) {
      const { message } = asMaskletError(thrown, 'io_failed', 'opening a file')
      const text = `Tracked frames stay in memory, all of them: ${message}`
      void context.emit({ phase: 'open', done: 0, unit: 'frames', text } satisfies Progress)
      return undefined
    }
  }

  /** What a session with the clip may take of what other sessions leave. Networks with another attention chunk or input
      size are loaded again. */
  private async planClip(clip: ClipSource, tracking: TrackingOptions, scene: PlanScene, context: CallContext): Promise<Plan> {
    const plan = this.planned(clip, tracking, scene)
    const { inputSize, attentionChunk } = plan.settings
    const loaded = this.openModel().describe().imageSize
    if (inputSize < loaded && this.sessions.size)
      throw new MaskletError(
        'out_of_memory',
        `'${clip.name}' with ${clip.width} x ${clip.height} pixels fits memoryLimit with an input size of ${inputSize}, and ` +
          `sessions are open for which the model is loaded with ${loaded}; close them, or raise memoryLimit`,
      )
    const changed = inputSize < loaded ? networkNames : attentionChunk < this.attentionChunk ? (['memory_attention'] as const) : []
    this.attentionChunk = attentionChunk
    if (inputSize < loaded) {
      this.inputSize = inputSize
      this.model = this.recognise(inputSize)
    }
    for (const name of changed) await this.runtime.unload(name)
    if (changed.length)
      await this.loadNetworks(
        changed.map((network) => ({ name: network, network, floatImage: false })),
        context,
      )
    for (const step of plan.steps) this.report(step, context)
    this.budget.reserve(plan.bytes.activations + plan.bytes.steps)
    return plan
  }

  /** The plan of one more session, or of `own` instead of what it has. */
  private planned(clip: PlannedClip, tracking: TrackingOptions, scene: PlanScene, own?: WorkerSession): Plan {
    let others = 0
    for (const session of this.sessions.values()) if (session !== own) others += session.plannedBytes
    const asked = {
      limit: Math.max(1, this.start.memoryLimit - others),
      weights: this.dtype,
      degrade: this.start.onPressure === 'degrade',
      attentionChunk: this.attentionChunk,
      encoderBeside: this.runtime.encoderBeside,
      clip,
      scene,
      tracking,
    }
    const plan = planFor(this.core.module, this.openModel(), asked)
    if (!asked.encoderBeside) return plan
    // Under a lower limit all networks would be in one worker.
    const { leastBytes } = planFor(this.core.module, this.openModel(), { ...asked, encoderBeside: false })
    return { ...plan, leastBytes }
  }

  private plan(session: WorkerSession, scene: PlanScene): Plan {
    return this.planned(session.clip, session.tracking, { objects: Math.max(1, session.objects().length), ...scene }, session)
  }

  private async restore(made: WorkerSession, session: CoreSession, saved: Blob, details: SavedDetails): Promise<void> {
    const { width, height, frameCount } = check(session.describe())
    const { clip } = made
    if (width !== clip.width || height !== clip.height || frameCount !== clip.frameCount) {
      session.delete()
      throw new MaskletError(
        'invalid_argument',
        `the session was saved with a clip of ${frameCount} frames of ${width} x ${height}; '${clip.name}' has ` +
          `${clip.frameCount} of ${clip.width} x ${clip.height}: open that clip, with the same limits.downscaleMax`,
      )
    }
    await made.restore(saved, details)
  }

  /** A saved session goes on only with its own model and clip. */
  private checkSaved(saved: OpenWeights, clip: ClipSource): SavedDetails {
    const details = check(this.core.module.sessionDetails(saved))
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
      const { kept } = mode
      this.imageHolder ??= { get featureBytes() { return kept.bytes }, frameBytes: 0, resultBytes: 0 }
      this.budget.add(this.imageHolder)
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
    const cache = { hits: 0, misses: 0 }
    let records: MemoryInfo['records'] = 'file'
    for (const session of this.sessions.values()) {
      const { hits, misses } = session.cacheUse()
      cache.hits += hits
      cache.misses += misses
      if (session.clip.frameCount && !session.spills) records = 'memory'
    }
    return { ...this.budget.info(), cache, records }
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

