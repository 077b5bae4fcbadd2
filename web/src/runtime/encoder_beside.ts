import type { CoreNetwork, TensorData } from '../core/module.js'
import { MaskletError } from '../errors/error.js'
import { Channel } from '../protocol/channel.js'
import type { EncodeArgs, Encoded, LoadEncoderArgs } from '../worker/encoder.js'
import type { RuntimeFiles } from './assets.js'

/**
 * The image encoder in a worker and a runtime of its own: the next frame is encoded while this one is tracked. That
 * needs no cross-origin isolation, and gains what threads cannot where networks are small.
 */
export class EncoderBeside {
  private constructor(
    private readonly channel: Channel,
    /** Of its WebAssembly memory, which does not grow any more. */
    readonly memoryBytes: number,
  ) {}

  /** Errors: the worker's script cannot be loaded there, or the network does not load. */
  static async load(network: CoreNetwork, options: { files: RuntimeFiles; threads: number; memoryLimit: number }): Promise<EncoderBeside> {
    // The same script as this worker's: whatever serves that one serves this one. The fragment tells them apart.
    const channel = new Channel(new Worker(`${self.location.href}#encoder`, { type: 'module', name: 'masklet encoder' }))
    try {
      const args: LoadEncoderArgs = { ...options, onnx: network.onnx().slice(), weights: network.weights().slice() }
      const transfer = [args.onnx.buffer, args.weights.buffer]
      return new EncoderBeside(channel, await channel.call<number>('loadEncoder', args, { transfer }))
    } catch (thrown) {
      channel.terminate(gone)
      throw thrown
    }
  }

  /** [S, S, 3] u8 in, the outputs of these names in their order, and what it took. Errors are fatal to this worker as
      well: no network runs without features. */
  async run({ data, dims }: TensorData, outputs: string[]): Promise<Encoded> {
    const pixels = data.slice()
    const args: EncodeArgs = { pixels, dims, outputs }
    try {
      return await this.channel.call<Encoded>('encode', args, { transfer: [pixels.buffer] })
    } catch (thrown) {
      const { code, message } = thrown as MaskletError
      throw new MaskletError(code, message, { cause: new WebAssembly.RuntimeError(message) })
    }
  }

  close(): void {
    this.channel.terminate(gone)
  }
}

const gone = new MaskletError('invalid_state', 'the image encoder is not loaded any more')
