import type * as Ort from 'onnxruntime-web'
import type { CoreNetwork, NetworkName, RunStep, TensorData } from '../core/module.js'
import { MaskletError, asMaskletError } from '../errors/error.js'
import type { RuntimeFiles } from './assets.js'
import { EncoderBeside } from './encoder_beside.js'
import { KeptTensors } from './kept_tensors.js'
import { clampMemory, clampedBytes, leastBytes } from './memory_clamp.js'
import { createSession, setUp } from './ort.js'

export type Provider = 'webgpu' | 'wasm'

export interface RuntimeOptions {
  provider: Provider
  threads: number
  files: RuntimeFiles
  memoryLimit: number
}

const encoder: NetworkName = 'image_encoder'

/** Networks whose outputs, all or none, are kept between runs; a GPU leaves them where they are. */
const keptOutputs: Record<string, boolean> = { [encoder]: true, memory_attention: true }

/**
 * Runs core's networks on ONNX Runtime Web. There is nothing clever in it: a step's inputs go in, its outputs come back
 * or stay under their handles. One run at a time; others wait. The image encoder may run beside them.
 */
export class Runtime {
  /** Whether the image encoder is loaded into a worker of its own from now on. */
  encoderBeside = false
  private beside: EncoderBeside | undefined
  private readonly sessions = new Map<string, Ort.InferenceSession>()
  private last: Promise<unknown> = Promise.resolve()
  /** Milliseconds in each network, and runs, since the start; and in what a frame costs besides. */
  readonly spent = new Map<string, { ms: number; runs: number; best: number }>()

  private constructor(
    private readonly ort: typeof Ort,
    readonly options: RuntimeOptions,
  ) {}

  static start(ort: typeof Ort, options: RuntimeOptions): Runtime {
    clampMemory(options.memoryLimit)
    setUp(ort, options.files, options.threads)
    return new Runtime(ort, options)
  }

  get memoryBytes(): number {
    return clampedBytes() + (this.beside?.memoryBytes ?? 0)
  }

  /** Another limit; it counts for memories that are made from now on. */
  limitMemory(bytes: number): void {
    this.options.memoryLimit = bytes
    clampMemory(bytes)
  }

  has(name: string): boolean {
    return this.sessions.has(name) || (name === encoder && this.beside !== undefined)
  }

  /** The same runtime on the processor, to compare with. */
  processor(): Runtime {
    return new Runtime(this.ort, { ...this.options, provider: 'wasm' })
  }

  /** Loads a network, which it deletes, under a name: its own, or another where it comes in several forms. */
  async load(name: string, network: CoreNetwork): Promise<void> {
    try {
      if (name === encoder && this.encoderBeside && (await this.loadBeside(network))) return
      await this.alone(() => this.loadHere(name, network))
    } catch (thrown) {
      throw this.explain(thrown, `loading ${name}`)
    } finally {
      network.delete()
    }
  }

  private async loadHere(name: string, network: CoreNetwork): Promise<void> {
    const { provider } = this.options
    const kept = keptOutputs[name.split('/')[0] ?? name] ?? false
    const session = await createSession(this.ort, network.onnx(), network.weights(), {
      executionProviders: [provider],
      ...(provider === 'webgpu' && { preferredOutputLocation: kept ? 'gpu-buffer' : 'cpu' }),
    })
    this.sessions.set(name, session)
  }

  /** What that runtime takes is not this one's any more, half of the threads among it. false: it does not start, as where
      a page's policy forbids workers of workers. */
  private async loadBeside(network: CoreNetwork): Promise<boolean> {
    const { files, threads, memoryLimit } = this.options
    const its = Math.ceil(threads / 2)
    try {
      this.beside = await EncoderBeside.load(network, { files, threads: its, memoryLimit: memoryLimit - leastBytes })
    } catch {
      this.encoderBeside = false
      return false
    }
    this.ort.env.wasm.numThreads = Math.max(1, threads - its)
    clampMemory(memoryLimit - this.beside.memoryBytes)
    return true
  }

  async unload(name: string): Promise<void> {
    if (name === encoder && this.beside) {
      this.beside.close()
      this.beside = undefined
      return clampMemory(this.options.memoryLimit)
    }
    const session = this.sessions.get(name)
    this.sessions.delete(name)
    await this.alone(async () => session?.release())
  }

  /** Runs a step and returns the outputs that core wants, in the step's order. */
  async run(step: RunStep, kept: KeptTensors, name: string = step.network): Promise<TensorData[]> {
    kept.release(step.release)
    if (name === encoder && this.beside) return this.runBeside(this.beside, step, kept)
    const session = this.sessions.get(name)
    if (!session) throw new MaskletError('invalid_state', `${name} is not loaded`)
    const inputs: Record<string, Ort.Tensor> = {}
    for (const input of step.inputs) inputs[input.name] = await this.inputTensor(input, kept, step.network)
    return this.alone(async () => {
      const start = performance.now()
      let outputs: Ort.InferenceSession.ReturnType
      try {
        outputs = await session.run(inputs, step.outputs.map((output) => output.name))
      } catch (thrown) {
        throw this.explain(thrown, `running ${name}`)
      }
      const returned: TensorData[] = []
      for (const { name: output, keepAs } of step.outputs) {
        const tensor = outputs[output]
        if (!tensor) throw new MaskletError('runtime_failed', `${name} gave no output ${output}`)
        if (keepAs) kept.keep(keepAs, tensor, byteLength(tensor.dims))
        else returned.push(tensorData(tensor))
      }
      this.count(name, performance.now() - start)
      return returned
    })
  }

  /** Answers at once: who takes one of the outputs waits for it. */
  private runBeside(beside: EncoderBeside, step: RunStep, kept: KeptTensors): TensorData[] {
    const [image] = step.inputs
    if (!image || !('data' in image)) throw new MaskletError('invalid_argument', `${encoder} takes one tensor of pixels`)
    const running = beside.run(image, step.outputs.map(({ name }) => name))
    running.then(({ ms }) => this.count(encoder, ms)).catch(() => undefined)
    for (const [index, { dims, keepAs }] of step.outputs.entries()) {
      const tensor = running.then(({ outputs }) => new this.ort.Tensor('float32', outputs[index] as Float32Array, dims))
      kept.keep(keepAs, tensor, byteLength(dims))
    }
    return []
  }

  private async inputTensor(input: RunStep['inputs'][number], kept: KeptTensors, network: NetworkName): Promise<Ort.Tensor> {
    if ('handle' in input) {
      const start = performance.now()
      const tensor = await kept.get(input.handle)
      this.count('wait for the encoder', performance.now() - start)
      if (!tensor)
        throw new MaskletError('invalid_argument', `${network}: tensor ${input.handle} is not kept, or not any more`)
      return tensor
    }
    const { data } = input
    const elements =
      input.type === 'float32'
        ? new Float32Array(data.buffer, data.byteOffset, data.byteLength / 4)
        : input.type === 'int64'
          ? new BigInt64Array(data.buffer, data.byteOffset, data.byteLength / 8)
          : data
    return new this.ort.Tensor(input.type, elements as never, input.dims)
  }

  /** The runtime does not run two networks at once. */
  private alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.last.then(work)
    this.last = result.catch(() => undefined)
    return result
  }

  /** Adds to `spent`. */
  count(name: string, ms: number): void {
    const spent = this.spent.get(name) ?? { ms: 0, runs: 0, best: Infinity }
    this.spent.set(name, { ms: spent.ms + ms, runs: spent.runs + 1, best: Math.min(spent.best, ms) })
  }

  private explain(thrown: unknown, doing: string): MaskletError {
    const error = asMaskletError(thrown, 'runtime_failed', doing)
    if (error.code !== 'out_of_memory') return error
    const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`
    return new MaskletError(
      'out_of_memory',
      `${error.message} (the runtime holds ${mebibytes(this.memoryBytes)} of its ${mebibytes(this.options.memoryLimit)}; ` +
        'raise memoryLimit, or take a smaller inputSize or model)',
      { cause: thrown },
    )
  }
}

/** Of float32 tensors, as all outputs are. */
function byteLength(dims: readonly number[]): number {
  return dims.reduce((product, size) => product * size, 4)
}

function tensorData(tensor: Ort.Tensor): TensorData {
  const data = tensor.data as Float32Array | BigInt64Array | Uint8Array
  return {
    type: tensor.type as TensorData['type'],
    dims: [...tensor.dims],
    data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  }
}
