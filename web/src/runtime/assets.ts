import type { AssetUrls } from '../api/types.js'

/** Where the package's files are, as absolute addresses. */
export interface Assets {
  worker: string | undefined
  core: string
  /** Folder, with a slash at its end. */
  runtime: string
  nano: string
}

export function assetUrls(given: Partial<AssetUrls> = {}): Assets {
  const absolute = (url: string | URL) => new URL(url, document.baseURI).href
  const folder = (url: string | URL) => absolute(url).replace(/\/?$/, '/')
  return {
    worker: given.worker && absolute(given.worker),
    core: given.core ? absolute(given.core) : new URL('./masklet_wasm.wasm', import.meta.url).href,
    runtime: given.runtime ? folder(given.runtime) : new URL('./onnxruntime-web/', import.meta.url).href,
    nano: given.nano ? folder(given.nano) : new URL('./nano/', import.meta.url).href,
  }
}
