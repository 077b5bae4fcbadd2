import type { ByteSource } from '../core/module.js'
import { MaskletError, asMaskletError } from '../errors/error.js'
import { BlobParts } from './blob_parts.js'

/** A checkpoint's bytes as core reads them, with what goes with them. */
export interface OpenWeights extends ByteSource {
  /** Tells the file's name in messages and exports. */
  readonly name: string
  close(): void
}

export function bytesSource(name: string, bytes: Uint8Array): OpenWeights {
  return {
    name,
    size: bytes.byteLength,
    read(offset, view) {
      view.set(bytes.subarray(offset, offset + view.byteLength))
      return undefined
    },
    close: () => undefined,
  }
}

/** A file of the user, read by ranges: it is never in memory as a whole. */
export function blobSource(name: string, blob: Blob): OpenWeights {
  const reader = new FileReaderSync()
  return {
    name,
    size: blob.size,
    read(offset, view) {
      try {
        view.set(new Uint8Array(reader.readAsArrayBuffer(blob.slice(offset, offset + view.byteLength))))
        return undefined
      } catch (thrown) {
        const why = thrown instanceof Error ? thrown.message : String(thrown)
        return `'${name}' cannot be read at byte ${offset}: ${why}; choose the file again`
      }
    },
    close: () => undefined,
  }
}

/** A file of the origin's private file system. */
export async function storedSource(name: string, file: FileSystemFileHandle): Promise<OpenWeights> {
  // Several workers may read the same file: a lock of its own (createSyncAccessHandle) would keep all but one out.
  return blobSource(name, await file.getFile())
}

export interface Hash {
  update(bytes: Uint8Array): void
  hex(): string
  delete(): void
}

export interface Download {
  onBytes: (done: number, total: number | undefined) => void
  signal: AbortSignal
}

/** Of a model. */
export interface ModelDownload extends Download {
  /** Makes sums that begin anew. */
  hash(): Hash
  /** Hears why a download that was to be kept is not. */
  onUnkept(why: string): void
}

/** The bytes at an address, chunk by chunk. Errors: io_failed, cancelled. */
export async function* download(url: string, { onBytes, signal }: Download): AsyncGenerator<Uint8Array> {
  let response: Response
  try {
    response = await fetch(url, { signal })
  } catch (thrown) {
    throw asMaskletError(thrown, 'io_failed', `downloading ${url}`)
  }
  if (!response.ok || !response.body)
    throw new MaskletError('io_failed', `downloading ${url}: the server answered ${response.status} ${response.statusText}`)
  const encoded = response.headers.has('content-encoding')
  const length = Number(response.headers.get('content-length') ?? 0)
  const total = length > 0 && !encoded ? length : undefined
  let done = 0
  const reader = response.body.getReader()
  try {
    for (;;) {
      const chunk = await reader.read()
      if (chunk.done) break
      done += chunk.value.byteLength
      onBytes(done, total)
      yield chunk.value
    }
  } catch (thrown) {
    throw asMaskletError(thrown, 'io_failed', `downloading ${url} broke off after ${done} bytes`)
  }
  if (total !== undefined && done !== total)
    throw new MaskletError('io_failed', `downloading ${url} broke off after ${done} of ${total} bytes; try again`)
}

/** What lies at an address, kept by the browser as it sees fit. `seen` gets each chunk. */
export async function downloadBlob(url: string, settings: Download, seen?: (chunk: Uint8Array) => void): Promise<Blob> {
  const parts = new BlobParts()
  for await (const chunk of download(url, settings)) {
    seen?.(chunk)
    parts.add(chunk)
  }
  return parts.blob()
}
