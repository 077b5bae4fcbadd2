import type { MemoryCategory, MemoryInfo, Plan } from '../api/types.js'
import { check } from '../core/core.js'
import type { CoreAccount } from '../core/module.js'
import { MaskletError } from '../errors/error.js'
import { categories, coreProgram, otherProgram } from './plan.js'

/** Bytes that JavaScript holds for someone. */
export interface Holder {
  readonly featureBytes: number
  readonly frameBytes: number
  readonly resultBytes: number
}

/** WebAssembly memories' sizes, of core and of the runtime. */
export type Heaps = () => { core: number; runtime: number }

/** How memoryLimit is shared out before the networks load: no memory may grow beyond its share. Core's is all that the
    runtime leaves: how much of it features and pictures need depends on a clip that is not there yet, so those are held
    against the limit as they come. */
export function shares(limit: number, plan: Plan): { core: number; runtime: number } {
  const { program, weights, activations } = plan.bytes
  const spare = Math.max(0, limit - plan.totalBytes)
  const runtime = runtimeProgram(program) + weights + activations + 0.75 * spare
  return { runtime, core: Math.max(coreProgram, limit - runtime - otherProgram) }
}

const runtimeProgram = (program: number) => program - coreProgram - otherProgram

/**
 * Holds everything in the worker under one limit: core's account by category, in which JavaScript says what it holds
 * itself, and the sizes that both WebAssembly memories really have.
 */
export class Budget {
  private readonly holders = new Set<Holder>()
  private peak = 0
  private readonly weights = new Map<string, number>()
  /** What was given up, in the order in which it was. */
  readonly steps: string[] = []

  constructor(
    readonly limit: number,
    /** What is there with no network, in the plan's words. */
    private readonly program: number,
    private readonly account: CoreAccount,
    private readonly heaps: Heaps,
  ) {
    check(account.set('program', 'the program', program))
  }

  add(holder: Holder): void {
    this.holders.add(holder)
  }

  remove(holder: Holder): void {
    this.holders.delete(holder)
    this.count()
  }

  /** Networks that are about to be loaded. Errors: out_of_memory. */
  takeWeights(name: string, bytes: number): void {
    check(this.account.hold('weights', name, bytes))
    this.weights.set(name, bytes)
  }

  /** Kept free for running networks. */
  reserve(bytes: number): void {
    this.account.reserve(bytes)
  }

  /** Holds what is there now against the limit. Errors: out_of_memory, naming what came last. */
  check(what: string): void {
    const { features, frames, results } = this.held()
    check(this.account.hold('features', "frames' features", features))
    check(this.account.hold('frames', 'decoded pictures', frames))
    check(this.account.hold('results', 'results', results))
    const { core, runtime, total } = this.measure()
    const weights = [...this.weights.values()].reduce((sum, bytes) => sum + bytes, 0)
    check(this.account.touch('activations', Math.max(0, runtime - runtimeProgram(this.program) - weights)))
    if (total > this.limit)
      throw new MaskletError(
        'out_of_memory',
        `${what} leaves ${mebibytes(total)} in use, and memoryLimit is ${mebibytes(this.limit)} (core ${mebibytes(core)}, ` +
          `runtime ${mebibytes(runtime)}, features ${mebibytes(features)}, pictures ${mebibytes(frames)}, results ` +
          `${mebibytes(results)}): raise memoryLimit, track fewer objects or take a smaller inputSize`,
      )
  }

  info(): Omit<MemoryInfo, 'snapshots' | 'cache' | 'records'> {
    this.count()
    const { features, frames, results } = this.held()
    const { core, runtime, total } = this.measure()
    const report = this.account.report()
    const entries = Object.entries(categories) as [MemoryCategory, string][]
    return {
      limit: this.limit,
      core,
      runtime,
      features,
      frames,
      results: frames + results,
      total,
      peak: this.peak,
      categories: Object.fromEntries(entries.map(([name, its]) => [name, report.categories[its]])) as MemoryInfo['categories'],
      steps: [...this.steps],
    }
  }

  /** In use, and the most that ever was. */
  measure(): { core: number; runtime: number; total: number; peak: number } {
    const { core, runtime } = this.heaps()
    const { features, frames, results } = this.held()
    const total = core + runtime + features + frames + results
    this.peak = Math.max(this.peak, total)
    return { core, runtime, total, peak: this.peak }
  }

  /** Says what is held without refusing anything. */
  private count(): void {
    const { features, frames, results } = this.held()
    check(this.account.set('features', "frames' features", features))
    check(this.account.set('frames', 'decoded pictures', frames))
    check(this.account.set('results', 'results', results))
  }

  private held(): { features: number; frames: number; results: number } {
    const sum = { features: 0, frames: 0, results: 0 }
    for (const holder of this.holders) {
      sum.features += holder.featureBytes
      sum.frames += holder.frameBytes
      sum.results += holder.resultBytes
    }
    return sum
  }
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`
}
