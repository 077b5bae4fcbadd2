import type * as Ort from 'onnxruntime-web'

interface Kept {
  tensor: Ort.Tensor | Promise<Ort.Tensor>
  bytes: number
}

/** Tensors that stay with the host under the numbers that one session gave them (core/tracking/step.h). */
export class KeptTensors {
  private readonly tensors = new Map<number, Kept>()

  get(handle: number): Ort.Tensor | Promise<Ort.Tensor> | undefined {
    return this.tensors.get(handle)?.tensor
  }

  /** A tensor that is still computed may be kept already; what goes wrong with it is heard by those that take it. */
  keep(handle: number, tensor: Ort.Tensor | Promise<Ort.Tensor>, bytes: number): void {
    this.release([handle])
    if (tensor instanceof Promise) tensor.catch(() => undefined)
    this.tensors.set(handle, { tensor, bytes })
  }

  release(handles: Iterable<number>): void {
    for (const handle of handles) {
      const kept = this.tensors.get(handle)
      this.tensors.delete(handle)
      // One that is still computed lies in JavaScript's memory, and goes with its last reader.
      if (kept && !(kept.tensor instanceof Promise)) kept.tensor.dispose()
    }
  }

  close(): void {
    this.release([...this.tensors.keys()])
  }

  get bytes(): number {
    let sum = 0
    for (const { bytes } of this.tensors.values()) sum += bytes
    return sum
  }
}
