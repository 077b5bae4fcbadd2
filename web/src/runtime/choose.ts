import type { CreateOptions, RuntimeInfo } from '../api/types.js'
import { MaskletError, asMaskletError, cancelled } from '../errors/error.js'
import { Channel } from '../protocol/channel.js'
import { holdLock } from '../protocol/lock.js'
import type { StartArgs } from '../worker/engine.js'
import type { Assets } from './assets.js'

/** As long as the page lives it holds this lock, and files that its workers made are its own. */
const page = `masklet-page-${Date.now()}-${Math.random()}`
let holdsPage: Promise<boolean> | undefined

/** More share too little work each. */
const mostThreads = 8

type Attempt = Pick<RuntimeInfo, 'provider' | 'threads'>

/** What to try, best first, and why better ones are not tried. */
async function attempts({ provider = 'auto', threads = 0, dtype }: CreateOptions): Promise<{ list: Attempt[]; notes: string[] }> {
  const notes: string[] = []
  const list: Attempt[] = []
  if (provider !== 'wasm') {
    const why = dtype === 'q8' ? 'int8 products are for the processor' : await withoutGpu()
    if (!why || provider === 'webgpu') list.push({ provider: 'webgpu', threads: 1 })
    else notes.push(why)
  }
  if (provider === 'webgpu') return { list, notes }
  const wanted = threads || Math.min(mostThreads, Math.max(1, navigator.hardwareConcurrency))
  if (globalThis.crossOriginIsolated === true && wanted > 1) list.push({ provider: 'wasm', threads: wanted })
  else if (wanted > 1)
    notes.push('the page is not cross-origin isolated (COOP and COEP headers), so threads are not available')
  list.push({ provider: 'wasm', threads: 1 })
  return { list, notes }
}

interface Gpu {
  requestAdapter(): Promise<{ info?: { isFallbackAdapter?: boolean } } | null>
}

/** Why WebGPU is not worth trying; undefined where it is. */
async function withoutGpu(): Promise<string | undefined> {
  const gpu = (navigator as { gpu?: Gpu }).gpu
  if (!gpu) return 'this browser has no WebGPU'
  const adapter = await gpu.requestAdapter().catch(() => null)
  if (!adapter) return 'WebGPU finds no graphics card'
  if (adapter.info?.isFallbackAdapter) return 'WebGPU has only its slow stand-in for a graphics card'
  return undefined
}

/**
 * Starts a worker with the first runtime that works, each in a fresh worker, and loads the model there. An error that
 * another runtime would meet as well (a checkpoint that is none, a cancellation) ends the search.
 */
export async function startWorker<T>(
  options: CreateOptions & { memoryLimit: number; onPressure: 'fail' | 'degrade' },
  assets: Assets,
  load: (channel: Channel) => Promise<T>,
): Promise<{ channel: Channel; info: RuntimeInfo; loaded: T }> {
  const { list, notes } = await attempts(options)
  await (holdsPage ??= holdLock(page))
  let last: MaskletError | undefined
  for (const attempt of list) {
    const channel = startBareWorker(assets)
    const stop = () => channel.terminate(cancelled('create'))
    options.signal?.addEventListener('abort', stop, { once: true })
    const args: StartArgs = {
      ...attempt,
      lock: `masklet-${Date.now()}-${Math.random()}`,
      page,
      encoderBeside: attempt.provider === 'webgpu' || navigator.hardwareConcurrency < 2 ? false : options.encoderBeside,
      memoryLimit: options.memoryLimit,
      onPressure: options.onPressure,
      coreUrl: assets.core,
      runtimeFiles: assets.runtime[attempt.provider],
      nano: assets.nano,
    }
    try {
      await channel.call('start', args, { signal: options.signal, onEvent: (lock: string) => channel.watch(lock) })
      const loaded = await load(channel)
      const reason = [...notes, `${attempt.provider} with ${attempt.threads} thread(s) works`].join('; ')
      const info = { ...attempt, reason, crossOriginIsolated: globalThis.crossOriginIsolated === true }
      return { channel, info, loaded }
    } catch (thrown) {
      const error = asMaskletError(thrown, 'runtime_failed', 'starting')
      channel.terminate(error)
      if (error.code !== 'runtime_failed') throw error
      notes.push(`${attempt.provider} with ${attempt.threads} thread(s) failed: ${error.message}`)
      last = error
    } finally {
      options.signal?.removeEventListener('abort', stop)
    }
  }
  throw new MaskletError('runtime_failed', notes.join('; '), { cause: last })
}

/** A worker with no runtime and no model yet. */
export function startBareWorker(assets: Assets): Channel {
  return new Channel(makeWorker(assets))
}

function makeWorker(assets: Assets): Worker {
  const settings: WorkerOptions = { type: 'module', name: 'masklet' }
  if (assets.worker) return new Worker(assets.worker, settings)
  return new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'masklet' })
}
