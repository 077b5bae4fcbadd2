import { MaskletError } from '../errors/error.js'
import { type ModelDownload, type OpenWeights, blobSource, bytesSource, downloadBlob } from './source.js'
import { openStored, wrongHash } from './store.js'

/** A model as the page sends it: addresses are absolute. */
export interface WireModel {
  weights: string | Blob | Uint8Array
  architecture?: string | Blob | { url: string }
  name?: string | undefined
  sha256?: string | undefined
  /** Keep a download in the private file system. */
  store: boolean
}

export interface OpenModelFiles {
  weights: OpenWeights
  modelJson: string
}

export async function openModelFiles(model: WireModel, settings: ModelDownload): Promise<OpenModelFiles> {
  const modelJson = await architectureText(model.architecture, settings.signal)
  return { weights: await openWeights(model, settings), modelJson }
}

async function openWeights(model: WireModel, settings: ModelDownload): Promise<OpenWeights> {
  const { weights } = model
  if (typeof weights === 'string') {
    const name = model.name ?? decodeURIComponent(new URL(weights).pathname.split('/').pop() || 'model')
    if (model.store) {
      const stored = await openStored(name, weights, model.sha256, settings)
      if (stored) return stored
    }
    const sum = settings.hash()
    try {
      const blob = await downloadBlob(weights, settings, (chunk) => sum.update(chunk))
      const hex = sum.hex()
      if (model.sha256 && hex !== model.sha256.toLowerCase()) throw wrongHash(weights, hex, model.sha256)
      return blobSource(name, blob)
    } finally {
      sum.delete()
    }
  }
  if (weights instanceof Uint8Array) return bytesSource(model.name ?? 'model', weights)
  if (weights.size === 0) throw new MaskletError('corrupt_file', 'the checkpoint is empty; choose another file')
  return blobSource(model.name ?? (weights instanceof File ? weights.name : 'model'), weights)
}

async function architectureText(given: WireModel['architecture'], signal: AbortSignal): Promise<string> {
  if (given === undefined) return ''
  if (typeof given === 'string') return given
  if (given instanceof Blob) return given.text()
  return (await downloadBlob(given.url, { signal, onBytes: () => undefined })).text()
}
