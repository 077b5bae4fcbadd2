import type { PlainError } from '../errors/error.js'

// Page and worker talk in these messages. Every request has an id, and its replies carry it; the order of replies says
// nothing. A request may send events before it is answered; those that want it are held back until the page has taken
// the ones before. After a fatal error the worker is not to be used any further.

export type ToWorker =
  | { id: number; method: string; args: unknown }
  | { cancel: number }
  | { taken: number }
  | { answer: number; value?: unknown; error?: PlainError }

export type ToPage =
  | { id: number; value: unknown }
  | { id: number; error: PlainError; fatal?: boolean }
  | { id: number; event: unknown }
  | { ask: number; source: number; kind: 'next' | 'close' }
