import type { ErrorCode } from '../generated/error_codes.js'

export type { ErrorCode }

/** The one error of this package. `message` names the value, the limit it broke and a remedy. */
export class MaskletError extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'MaskletError'
    this.code = code
  }
}

/** An error as it crosses the worker. */
export interface PlainError {
  code: ErrorCode
  message: string
}

/** What other code throws, in our terms; `code` is what it most likely means where it was thrown. */
export function asMaskletError(thrown: unknown, code: ErrorCode, doing: string): MaskletError {
  if (thrown instanceof MaskletError) return thrown
  if (isAbort(thrown)) return cancelled(doing)
  const text = thrown instanceof Error ? thrown.message : String(thrown)
  const outOfMemory = /bad_alloc|out of memory|OOM|Array buffer allocation failed|memory access out of bounds/i.test(text)
  return new MaskletError(outOfMemory ? 'out_of_memory' : code, `${doing}: ${text}`, { cause: thrown })
}

export function plainError(error: MaskletError): PlainError {
  return { code: error.code, message: error.message }
}

export function cancelled(doing: string): MaskletError {
  return new MaskletError('cancelled', `${doing} was cancelled`)
}

export function closed(what: string): MaskletError {
  return new MaskletError('invalid_state', `${what} is closed; open another one`)
}

export function throwIfAborted(signal: AbortSignal | undefined, doing: string): void {
  if (signal?.aborted) throw cancelled(doing)
}

function isAbort(thrown: unknown): boolean {
  return thrown instanceof DOMException && thrown.name === 'AbortError'
}
