import type * as Ort from 'onnxruntime-web'
import { MaskletError } from '../errors/error.js'
import { type Handler, Moved } from '../protocol/serve.js'
import type { RuntimeFiles } from '../runtime/assets.js'
import { clampMemory, clampedBytes } from '../runtime/memory_clamp.js'
import { createSession, setUp } from '../runtime/ort.js'

export interface LoadEncoderArgs {
  onnx: Uint8Array
  weights: Uint8Array
  files: RuntimeFiles
  threads: number
  memoryLimit: number
}

export interface EncodeArgs {
  pixels: Uint8Array
  dims: number[]
  outputs: string[]
}

export interface Encoded {
  /** In the order in which they were asked for. */
  outputs: Float32Array[]
  ms: number
}

/** The far end of runtime/encoder_beside.ts. */
export class Encoder {
  private ort: typeof Ort | undefined
  private session: Ort.InferenceSession | undefined

  readonly handlers: Record<string, Handler> = {
    loadEncoder: (args: LoadEncoderArgs) => this.load(args),
    encode: async (args: EncodeArgs) => {
      const encoded = await this.encode(args)
      return new Moved(encoded, encoded.outputs.map(({ buffer }) => buffer))
    },
  }

  /** Resolves with the bytes of the runtime's memory after a first run: all runs are of one shape. */
  private async load({ onnx, weights, files, threads, memoryLimit }: LoadEncoderArgs): Promise<number> {
    clampMemory(memoryLimit)
    const ort = (await import('onnxruntime-web/wasm')) as typeof Ort
    setUp(ort, files, threads)
    this.session = await createSession(ort, onnx, weights, { executionProviders: ['wasm'] })
    this.ort = ort
    const [input] = this.session.inputMetadata
    if (!input?.isTensor) throw new MaskletError('runtime_failed', 'the image encoder takes no tensor')
    const dims = input.shape.map(Number)
    const pixels = new Uint8Array(dims.reduce((product, size) => product * size, 1))
    await this.encode({ pixels, dims, outputs: [...this.session.outputNames] })
    return clampedBytes()
  }

  private async encode({ pixels, dims, outputs }: EncodeArgs): Promise<Encoded> {
    const { ort, session } = this
    const name = session?.inputNames[0]
    if (!ort || !session || name === undefined) throw new MaskletError('invalid_state', 'no image encoder is loaded')
    const start = performance.now()
    const found = await session.run({ [name]: new ort.Tensor('uint8', pixels, dims) }, outputs)
    return { outputs: outputs.map((output) => found[output]?.data as Float32Array), ms: performance.now() - start }
  }
}
