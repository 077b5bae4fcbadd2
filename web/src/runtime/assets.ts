import type { AssetUrls } from '../api/types.js'

export interface RuntimeFiles {
  mjs: string
  wasm: string
}

/** Where the package's files are, as absolute addresses. */
export interface Assets {
  worker: string | undefined
  core: string
  runtime: { wasm: RuntimeFiles; webgpu: RuntimeFiles }
  nano: { weights: string; architecture: string }
}

// Bundlers find files by `new URL('literal', import.meta.url)`, so every one stands here by its name; those of the
// runtime are its package's. Without a bundler a folder onnxruntime-web beside this module holds them.
const own: () => Assets = () => ({
  worker: undefined,
  core: new URL('./masklet_wasm.wasm', import.meta.url).href,
  runtime: {
    wasm: {
      mjs: new URL('onnxruntime-web/ort-wasm-simd-threaded.mjs', import.meta.url).href,
      wasm: new URL('onnxruntime-web/ort-wasm-simd-threaded.wasm', import.meta.url).href,
    },
    webgpu: {
      mjs: new URL('onnxruntime-web/ort-wasm-simd-threaded.asyncify.mjs', import.meta.url).href,
      wasm: new URL('onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm', import.meta.url).href,
    },
  },
  nano: {
    weights: new URL('./nano/model.safetensors', import.meta.url).href,
    architecture: new URL('./nano/model.json', import.meta.url).href,
  },
})

export function assetUrls(given: Partial<AssetUrls> = {}): Assets {
  const assets = own()
  const absolute = (url: string | URL) => new URL(url, document.baseURI).href
  const folder = (url: string | URL) => absolute(url).replace(/\/?$/, '/')
  if (given.worker) assets.worker = absolute(given.worker)
  if (given.core) assets.core = absolute(given.core)
  if (given.runtime) {
    const files = (name: string) => ({ mjs: `${name}.mjs`, wasm: `${name}.wasm` })
    const base = `${folder(given.runtime)}ort-wasm-simd-threaded`
    assets.runtime = { wasm: files(base), webgpu: files(`${base}.asyncify`) }
  }
  if (given.nano) {
    const base = folder(given.nano)
    assets.nano = { weights: `${base}model.safetensors`, architecture: `${base}model.json` }
  }
  return assets
}
