import { Masklet, type MemoryInfo, type ModelInfo, type Progress, type RuntimeInfo, type TrackingOptions } from 'masklet'
import { Cell } from '../base/cell'

/** What the model dialog offers. */
export interface ModelChoice {
  /** Absent: the embedded nano. */
  file?: File
  /** model.json, for a checkpoint of no published size. */
  architecture?: File
  /** 0: the model's own. */
  inputSize: number
  provider: 'auto' | 'webgpu' | 'wasm'
  /** Bytes. */
  memoryLimit: number
  /** Spatial memories, 1 .. 7. */
  memories: number
  /** Which tracked frames it looks back at. */
  memoryPolicy: NonNullable<TrackingOptions['memoryPolicy']>
  /** How the weights are held: as they are, in 16 bits, in 8. */
  dtype: 'f32' | 'f16' | 'q8'
}

/** Whether two choices need the same networks: only tracking differs, if anything. */
export function isSameModel(one: ModelChoice, other: ModelChoice): boolean {
  const keys = ['file', 'architecture', 'inputSize', 'provider', 'memoryLimit', 'dtype'] as const
  return keys.every((key) => one[key] === other[key])
}

export const defaultChoice: ModelChoice = {
  inputSize: 0,
  provider: 'auto',
  memoryLimit: 2 ** 31,
  memories: 7,
  memoryPolicy: 'recent',
  dtype: 'f32',
}

export type EngineStatus =
  | { kind: 'loading'; text: string; progress?: Progress }
  | { kind: 'ready'; model: ModelInfo; runtime: RuntimeInfo }
  | { kind: 'none' }

const urls = { worker: 'masklet/worker.js', core: 'masklet/masklet_wasm.wasm', runtime: 'masklet/onnxruntime-web/', nano: 'masklet/nano/' }

/** A page of one's own is no service: clips of any length, however long nobody clicks. A clip opens before the last is closed. */
const limits = { maxVideoFrames: 0, maxFrameDimension: 0, idleSeconds: 0 }

/** Owns the worker with its model. */
export class Engine {
  readonly status = new Cell<EngineStatus>({ kind: 'none' })
  readonly memory = new Cell<MemoryInfo | undefined>(undefined)
  readonly choice = new Cell<ModelChoice>(defaultChoice)
  private masklet: Masklet | undefined
  private loading: AbortController | undefined

  constructor() {
    setInterval(() => void this.measure(), 1500)
  }

  /** Puts another model in the place of this one; on failure there is none. */
  async load(choice: ModelChoice): Promise<void> {
    this.loading?.abort()
    const abort = new AbortController()
    this.loading = abort
    await this.close()
    const name = choice.file?.name ?? 'nano'
    this.choice.set(choice)
    this.status.set({ kind: 'loading', text: `Loading ${name}` })
    try {
      const { file, architecture, dtype } = choice
      const masklet = await Masklet.create({
        model: file ? (architecture ? { weights: file, architecture, name } : file) : 'nano',
        inputSize: choice.inputSize || undefined,
        provider: choice.provider,
        memoryLimit: choice.memoryLimit,
        limits,
        ...(dtype !== defaultChoice.dtype && { dtype }),
        urls,
        signal: abort.signal,
        onProgress: (progress) => {
          if (this.loading === abort) this.status.set({ kind: 'loading', text: progress.text, progress })
        },
      })
      this.masklet = masklet
      this.status.set({ kind: 'ready', model: masklet.model, runtime: masklet.runtime })
      void this.measure()
    } catch (thrown) {
      if (this.loading === abort) this.status.set({ kind: 'none' })
      throw thrown
    }
  }

  /** What concerns tracking alone; sessions opened from now on have it. */
  retune({ memories, memoryPolicy }: ModelChoice): void {
    this.choice.set({ ...this.choice.value, memories, memoryPolicy })
  }

  cancelLoading(): void {
    this.loading?.abort()
  }

  get ready(): Masklet | undefined {
    return this.masklet
  }

  private async close(): Promise<void> {
    const old = this.masklet
    this.masklet = undefined
    this.memory.set(undefined)
    await old?.close()
  }

  private async measure(): Promise<void> {
    if (!this.masklet || document.hidden) return
    const { masklet } = this
    const memory = await masklet.memory().catch(() => undefined)
    if (masklet === this.masklet) this.memory.set(memory)
  }
}
