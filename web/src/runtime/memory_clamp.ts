const pageBytes = 65536
/** ONNX Runtime Web's memory starts with this many pages; below it nothing runs. */
const leastPages = 256
export const leastBytes = leastPages * pageBytes

let limitPages = 65536
const made: WebAssembly.Memory[] = []
let installed = false

/**
 * Lets no WebAssembly memory that is made from now on in this worker grow beyond `bytes`. The runtime creates its own
 * with the largest maximum there is and has no setting for it. A smaller maximum is within what it declares, so over
 * the limit its allocations fail with an error that it reports.
 */
export function clampMemory(bytes: number): void {
  limitPages = Math.max(leastPages, Math.floor(bytes / pageBytes))
  if (installed) return
  installed = true
  WebAssembly.Memory = new Proxy(WebAssembly.Memory, {
    construct(target, [descriptor]: [WebAssembly.MemoryDescriptor]) {
      const { maximum } = descriptor
      const clamped = maximum === undefined ? undefined : Math.max(descriptor.initial, Math.min(maximum, limitPages))
      const memory = new target(clamped === undefined ? descriptor : { ...descriptor, maximum: clamped })
      if (maximum !== 0) made.push(memory)
      return memory
    },
  })
}

/** Bytes of the memories made since clampMemory. */
export function clampedBytes(): number {
  return made.reduce((sum, memory) => sum + memory.buffer.byteLength, 0)
}
