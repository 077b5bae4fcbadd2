import { MaskletError, asMaskletError } from '../errors/error.js'
import createModule from '#core'
import type { CoreModule, Outcome } from './module.js'

const pageBytes = 65536
/** Before the runtime's are clamped (see memory_clamp.ts): core's memory has its own limit. */
const Memory = WebAssembly.Memory
const initialBytes = 8 * 2 ** 20 // as linked

/** An instance of core with a memory of its own, whose size has a limit. */
export interface Core {
  module: CoreModule
  memory: WebAssembly.Memory
}

let compiled: Promise<WebAssembly.Module> | undefined

/** Compiles once; instances are cheap. */
export async function createCore(url: string, limitBytes: number): Promise<Core> {
  try {
    compiled ??= compile(url)
    const wasm = await compiled
    const maximum = Math.min(32768, Math.max(initialBytes, Math.floor(limitBytes)) / pageBytes) | 0
    const memory = new Memory({ initial: initialBytes / pageBytes, maximum })
    const module = await new Promise<unknown>((resolve, reject) => {
      createModule({
        wasmMemory: memory,
        instantiateWasm: (imports, done) => {
          WebAssembly.instantiate(wasm, imports).then((instance) => done(instance, wasm), reject)
          return {}
        },
      }).then(resolve, reject)
    })
    return { module: module as CoreModule, memory }
  } catch (thrown) {
    compiled = undefined
    throw asMaskletError(thrown, 'io_failed', `loading core from ${url}`)
  }
}

/** The value of a call to core, or its error thrown. */
export function check<T>(outcome: Outcome<T>): T {
  if (outcome.error) throw new MaskletError(outcome.error.code, outcome.error.message)
  return outcome.value as T
}

async function compile(url: string): Promise<WebAssembly.Module> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`the server answered ${response.status} ${response.statusText}`)
  return WebAssembly.compile(await response.arrayBuffer())
}
