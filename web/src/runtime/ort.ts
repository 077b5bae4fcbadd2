import type * as Ort from 'onnxruntime-web'
import type { RuntimeFiles } from './assets.js'

/** Sets ONNX Runtime Web up in this worker. */
export function setUp(ort: typeof Ort, files: RuntimeFiles, threads: number): void {
  ort.env.wasm.wasmPaths = files
  ort.env.wasm.numThreads = threads
  ort.env.logLevel = 'error'
}

/** Loads a network as core writes it. */
export function createSession(
  ort: typeof Ort,
  onnx: Uint8Array,
  weights: Uint8Array,
  options: Ort.InferenceSession.SessionOptions,
): Promise<Ort.InferenceSession> {
  return ort.InferenceSession.create(onnx, {
    externalData: [{ path: 'weights.bin', data: weights }],
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
    ...options,
  })
}
