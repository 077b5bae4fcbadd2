import type { MaskForms, ObjectState, Plan, Progress, PropagateOptions, TrackingOptions } from '../api/types.js'
import type { Budget, Holder } from '../budget/budget.js'
import { check } from '../core/core.js'
import type { CoreFrame, CoreModule, CorePrompt, CoreSession, Outcome, SavedDetails, SessionDescription } from '../core/module.js'
import { MaskletError, type PlainError, asMaskletError, cancelled, closed } from '../errors/error.js'
import type { ClipSource } from '../media/clip.js'
import type { CallContext, Moved } from '../protocol/serve.js'
import { KeptTensors } from '../runtime/kept_tensors.js'
import type { Runtime } from '../runtime/runtime.js'
import { type OpenWeights, blobSource } from '../weights/source.js'
import { drive } from './drive.js'
import { blobOfLines, linesOf, takeResults } from './result_lines.js'
import { Results, resultBytes } from './results.js'
import { type SavedSession, gathered } from './saved_file.js'
import type { Spill } from './spill.js'
import { type WireFrame, coreForms, wireFrame } from './wire.js'

/** What bounds a session's memory. */
export interface SessionBudget {
  budget: Budget
  /** Whether it may step down where memory does not do. */
  degrades: boolean
  /** Absent: all records and results stay in memory. */
  spill: Spill | undefined
  /** Core's session again, from a saved one, with other settings. */
  restore(saved: OpenWeights, settings: { cachedFrames?: number; memories?: number }): Outcome<CoreSession>
  plan: Plan
  tracking: TrackingOptions
}

/** PropagateOptions as they cross to the worker. */
export type WireWay = Omit<PropagateOptions, 'signal' | 'onProgress'> & { tellsProgress?: boolean }

export interface SessionInfo {
  id: number
  name: string
  width: number
  height: number
  frameCount: number
  times: readonly number[]
  /** Where a restored session's tracking was when it was saved. */
  interrupted?: { next: number; last: number; reverse: boolean }
}

/** A session of core with its clip, its kept tensors and its results. */
export class WorkerSession implements Holder {
  private readonly kept = new KeptTensors()
  private readonly results: Results
  /** Of prompts on frames that were not tracked yet. */
  private readonly previews = new Map<number, CoreFrame>()
  private direction = 'forward'
  private partial = 'not tracked yet'
  private fingerprint: string | undefined
  private over = false
  /** Of the feature cache, before the last step down. */
  private usedBefore = { hits: 0, misses: 0 }
  private readonly afterFrame: (() => void)[] = []
  private running: CallContext | undefined
  private busy: Promise<unknown> = Promise.resolve()
  /** While a frame is shown. */
  private showing: Promise<void> | undefined

  constructor(
    readonly id: number,
    private readonly core: CoreModule,
    private session: CoreSession,
    private readonly runtime: Runtime,
    readonly clip: ClipSource,
    private readonly model: { name: string; fingerprint: string; inputSize: number },
    private readonly bounds: SessionBudget,
  ) {
    this.results = bounds.spill?.results ?? new Results(undefined, !clip.frameCount)
    bounds.budget.add(this)
  }

  /** Takes over the results of a saved session. */
  async restore(saved: Blob, details: SavedDetails): Promise<void> {
    await takeResults(saved, details.resultsBytes, this.results)
    if (details.direction) this.direction = details.direction
    if (this.results.size) this.partial = 'cancelled: the saved session was not tracked further'
  }

  info(): SessionInfo {
    const { name, width, height, frameCount, times } = this.clip
    const { propagation } = this.describe()
    return { id: this.id, name, width, height, frameCount, times, ...(propagation && { interrupted: propagation }) }
  }

  addPoints(prompt: CorePrompt, forms: MaskForms | undefined, context: CallContext): Promise<Moved<WireFrame>> {
    return this.prompt(() => this.session.addPoints(prompt), forms, context)
  }

  addMask(
    prompt: { object: number; frame: number; width: number; height: number; mask: Uint8Array; opacity?: boolean },
    forms: MaskForms | undefined,
    context: CallContext,
  ): Promise<Moved<WireFrame>> {
    return this.prompt(() => this.session.addMask(prompt, prompt.mask), forms, context)
  }

  clearPrompts(object: number, frame: number, forms: MaskForms | undefined, context: CallContext) {
    return this.prompt(() => this.session.clearPrompts(object, frame), forms, context)
  }

  async removeObject(object: number): Promise<void> {
    await this.shown()
    check(this.session.removeObject(object))
    this.results.removeObject(object)
    for (const [frame, { objects }] of this.previews)
      this.previews.set(frame, { frame, objects: objects.filter(({ id }) => id !== object) })
  }

  async reset(): Promise<void> {
    await this.shown()
    check(this.session.reset())
    this.results.clear()
    this.previews.clear()
    this.partial = 'not tracked yet'
  }

  async propagate(options: WireWay, context: CallContext): Promise<void> {
    await this.shown()
    const interrupted = options.continue ? this.describe().propagation : undefined
    const direction = options.direction ?? (interrupted?.reverse ? 'backward' : 'forward')
    const start = options.start ?? this.startOf(direction)
    const { length, masks } = options
    let done = 0
    const take = async (frame: CoreFrame) => {
      const wire = await this.keep(frame, masks)
      done += 1
      if (options.tellsProgress) void context.emit(this.progress(done, frame.frame))
      await context.emit(wire)
    }
    const run = async (begun: Outcome, skip?: number) => {
      check(begun)
      for (;;) {
        try {
          return await this.drive(context, masks, async (frame) => {
            if (frame.frame !== skip) await take(frame)
          })
        } catch (thrown) {
          const step = this.stepDown(thrown)
          if (!step) throw thrown
          void context.emit(this.progress(done, undefined, step))
          check(this.session.continuePropagation())
        }
      }
    }
    this.direction = direction
    this.partial = 'cancelled: tracking has not come to its end'
    try {
      if (options.continue) await run(this.session.continuePropagation())
      else if (direction !== 'backward') await run(this.session.propagate({ start, length, reverse: false }))
      const goesBack = options.continue ? direction === 'both' && !interrupted?.reverse : direction !== 'forward'
      if (goesBack && start !== undefined && start > 0) {
        this.checkOpen()
        await run(this.session.propagate({ start, length, reverse: true }), direction === 'both' ? start : undefined)
      }
      this.partial = ''
    } catch (thrown) {
      const error = asMaskletError(thrown, 'runtime_failed', 'tracking')
      this.partial = `${error.code}: ${error.message}`
      throw error
    }
  }

  /** What is known of a frame: with everything from core while it is idle, else from the kept run lengths. */
  async result(frame: number, forms: MaskForms | undefined, context: CallContext): Promise<Moved<WireFrame>> {
    this.checkOpen()
    let found: CoreFrame | undefined
    const shown = this.session.show(frame)
    if (!shown.error) {
      const work = this.drive(context, forms, (result) => {
        found = result
      })
      this.showing = work.catch(() => undefined).then(() => void (this.showing = undefined))
      await work
    } else if (shown.error.code !== 'invalid_state') {
      check(shown)
    }
    const stored = this.results.get(frame) ?? this.previews.get(frame)
    if (stored && (found?.objects.length ?? 0) < stored.objects.length)
      found = check(this.core.frameFromRle(stored, this.clip, coreForms(forms)))
    return this.wire(found ?? { frame, objects: [] }, forms)
  }

  async picture(frame: number, context: CallContext): Promise<ImageBitmap> {
    this.checkOpen()
    return this.clip.bitmap(frame, context.signal)
  }

  objects(): ObjectState[] {
    this.checkOpen()
    return this.describe().objects.map(({ id, prompts }) => ({
      id,
      prompts: prompts.map(({ frame, points, labels, isMask }) => ({ frame, points: pairs(points), labels, isMask })),
    }))
  }

  /** The frames that have results, in the order of tracking. */
  frames(): number[] {
    return this.results.size ? this.results.numbers() : [...this.previews.keys()]
  }

  exportJSON(): string {
    this.checkOpen()
    const { name, width, height, frameCount, scaledFrom } = this.clip
    const size = { width, height, frameCount }
    const prompts = this.describe().objects.flatMap(({ id, prompts: said }) => said.map((prompt) => header(id, prompt)))
    prompts.sort((a, b) => a.frame - b.frame || a.object - b.object)
    const { direction, model } = this
    const head = { input: name, model: model.name, inputSize: model.inputSize, direction, clip: size, scaledFrom, prompts }
    const frames = this.results.size ? this.results.all() : this.previews.values()
    const count = this.results.size || this.previews.size
    return check(this.core.headerLine(head)) + [...linesOf(this.core, frames, this.clip)].join('') + this.core.endLine(count, this.partial)
  }

  /** While tracking runs, it is saved as it is after the frame under way. `leavesSpill`: for the page's next worker, with what
      lies in files left there. */
  async save(leavesSpill: boolean): Promise<SavedSession> {
    this.checkOpen()
    if (this.session.describe().error?.code !== 'invalid_state') return check(this.savedAs(leavesSpill))
    return new Promise((resolve, reject) => {
      this.afterFrame.push(() => {
        try {
          resolve(check(this.savedAs(leavesSpill)))
        } catch (thrown) {
          reject(thrown)
        }
      })
    })
  }

  trace(tag: string): void {
    this.session.trace(tag)
  }

  takeTrace(): Uint8Array {
    return check(this.session.takeTrace())
  }

  get featureBytes(): number {
    return this.kept.bytes
  }

  get frameBytes(): number {
    return this.clip.bytes
  }

  /** What the session was planned with, of what is not the model's. */
  get plannedBytes(): number {
    const { features, trackStore, frames, results } = this.bounds.plan.bytes
    return features + trackStore + frames + results
  }

  get tracking(): TrackingOptions {
    return this.bounds.tracking
  }

  get spills(): boolean {
    return this.bounds.spill !== undefined
  }

  cacheUse(): { hits: number; misses: number } {
    const { hits, misses } = this.session.memory()
    return { hits: hits + this.usedBefore.hits, misses: misses + this.usedBefore.misses }
  }

  get resultBytes(): number {
    return [...this.previews.values()].reduce((sum, frame) => sum + resultBytes(frame), this.results.bytes)
  }

  /** Ends what runs, then frees everything. */
  async close(): Promise<void> {
    if (this.over) return
    this.over = true
    this.running?.stop()
    await this.busy.catch(() => undefined)
    this.session.delete()
    this.kept.close()
    this.clip.close()
    this.bounds.budget.remove(this)
    await this.bounds.spill?.close()
  }

  /** After out_of_memory, where that is allowed: the same state in a session that holds less. Says what was given up. */
  private stepDown(thrown: unknown): string | undefined {
    const { degrades, budget, tracking, restore } = this.bounds
    if (!degrades || !(thrown instanceof MaskletError) || thrown.code !== 'out_of_memory') return undefined
    const { settings } = this.bounds.plan
    const name = (tracking.cachedFrames ?? settings.cachedFrames) > 1 ? 'cachedFrames' : 'memories'
    const before = tracking[name] || settings[name]
    if (before <= 1) return undefined
    const after = before >> 1
    const saved = check(gathered((take) => this.session.save(noDetails, this.spills, take)))
    const { hits, misses } = this.cacheUse()
    this.session.delete()
    this.kept.close()
    tracking[name] = after
    this.session = check(restore(blobSource('the session', saved), { [name]: after }))
    this.usedBefore = { hits, misses }
    const step = `${name === 'memories' ? 'memories' : 'cached frames'} ${before} -> ${after}`
    budget.steps.push(step)
    return step
  }

  private savedAs(leavesSpill: boolean): Outcome<SavedSession> {
    const { clip, model, results, bounds } = this
    const start = performance.now()
    const spill = leavesSpill ? bounds.spill?.kept : undefined
    this.fingerprint ??= fingerprint(this.core, clip)
    const lines = blobOfLines(linesOf(this.core, spill ? results.unfiled() : results.all(), clip))
    const details = {
      clipName: clip.name,
      clipFingerprint: this.fingerprint,
      modelName: model.name,
      modelFingerprint: model.fingerprint,
      direction: this.direction,
      resultsBytes: lines.size,
    }
    const { value: file, error } = gathered((take) => this.session.save(details, spill !== undefined, take), lines)
    return file ? { value: { file, ms: performance.now() - start, spill } } : { error: error as PlainError }
  }

  private progress(done: number, frame: number | undefined, step?: string): Progress {
    const { total: current, peak } = this.bounds.budget.measure()
    return {
      phase: step ? 'plan' : 'track',
      done,
      unit: 'frames',
      text: step ? `For the memory limit: ${step}` : `Frame ${frame} is tracked`,
      memory: { current, peak },
    }
  }

  private async prompt(
    begin: () => ReturnType<CoreSession['addPoints']>,
    forms: MaskForms | undefined,
    context: CallContext,
  ): Promise<Moved<WireFrame>> {
    await this.shown()
    check(begin())
    let found: CoreFrame | undefined
    await this.drive(context, forms, (frame) => {
      found = frame
    })
    if (!found) throw new MaskletError('runtime_failed', 'core reported no frame for a prompt')
    if (this.results.has(found.frame)) this.results.set(plain(found))
    else this.previews.set(found.frame, plain(found))
    return this.wire(found, forms)
  }

  private async drive(
    context: CallContext,
    forms: MaskForms | undefined,
    take: (frame: CoreFrame) => Promise<void> | void,
  ): Promise<void> {
    const afterFrame = () => {
      for (const work of this.afterFrame.splice(0)) work()
    }
    const work = drive(this.session, {
      runtime: this.runtime,
      kept: this.kept,
      picture: async (frame) => {
        const picture = await this.clip.picture(frame, context.signal)
        this.bounds.budget.check(`frame ${frame} of '${this.clip.name}'`)
        return picture
      },
      ready: async () => {
        const start = performance.now()
        const frame = check(this.session.result(coreForms(forms)))
        this.runtime.count('masks', performance.now() - start)
        await take(frame)
        afterFrame()
      },
      signal: context.signal,
    })
    this.busy = work
    this.running = context
    try {
      await work
    } catch (thrown) {
      throw this.over ? cancelled('the call: its session is closed and it') : thrown
    } finally {
      this.running = undefined
      afterFrame()
    }
  }

  private async keep(frame: CoreFrame, forms: MaskForms | undefined): Promise<Moved<WireFrame>> {
    this.previews.delete(frame.frame)
    this.results.set(plain(frame))
    return this.wire(frame, forms)
  }

  private wire(frame: CoreFrame, forms: MaskForms | undefined): Promise<Moved<WireFrame>> {
    const arrival = this.clip.arrival?.(frame.frame)
    return wireFrame(frame, this.clip, arrival ?? { time: this.clip.times[frame.frame] ?? 0 }, forms)
  }

  private describe(): SessionDescription {
    return check(this.session.describe())
  }

  /** Core's own default is the earliest prompt; backward goes from the latest. */
  private startOf(direction: 'forward' | 'backward' | 'both'): number | undefined {
    const frames = this.describe().objects.flatMap(({ prompts }) => prompts.map(({ frame }) => frame))
    if (frames.length === 0) return undefined
    return direction === 'backward' ? Math.max(...frames) : Math.min(...frames)
  }

  /** Showing a frame takes a moment, and a page does so at any time: what changes the session waits for it. */
  private async shown(): Promise<void> {
    this.checkOpen()
    while (this.showing) await this.showing
    this.checkOpen()
  }

  private checkOpen(): void {
    if (this.over) throw closed('the session')
  }
}

/** Of the clip's file; empty where it is none. */
export function fingerprint(core: CoreModule, { name, file }: ClipSource): string {
  return file ? check(core.fingerprint(blobSource(name, file))) : ''
}

const noDetails: SavedDetails = { clipName: '', clipFingerprint: '', modelName: '', modelFingerprint: '', direction: '', resultsBytes: 0 }

/** Only what is kept: the run lengths. */
function plain({ frame, objects }: CoreFrame): CoreFrame {
  return {
    frame,
    objects: objects.map(({ id, score, iou, area, box, counts }) => ({ id, score, iou, area, box, counts })),
  }
}

function pairs(points: number[]): [number, number][] {
  const list: [number, number][] = []
  for (let i = 0; i + 1 < points.length; i += 2) list.push([points[i] as number, points[i + 1] as number])
  return list
}

/** A prompt as the export's header has it: a box is two points with labels 2 and 3 in core. */
function header(object: number, prompt: SessionDescription['objects'][number]['prompts'][number]) {
  const places = pairs(prompt.points)
  const isCorner = (index: number) => (prompt.labels[index] ?? 0) >= 2
  const corners = places.filter((_, index) => isCorner(index)).flat()
  return {
    object,
    frame: prompt.frame,
    points: new Float32Array(places.filter((_, index) => !isCorner(index)).flat()),
    labels: new Float32Array(prompt.labels.filter((label) => label < 2)),
    ...(corners.length === 4 && { box: new Float32Array(corners) }),
    ...(prompt.isMask && { mask: prompt.maskName || 'mask' }),
  }
}
