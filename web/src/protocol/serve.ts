import { MaskletError, type PlainError, asMaskletError, plainError } from '../errors/error.js'
import type { ToPage, ToWorker } from './messages.js'

/** A value whose buffers move to the page instead of being copied. */
export class Moved<T> {
  constructor(
    readonly value: T,
    readonly transfer: Transferable[],
  ) {}
}

export interface CallContext {
  signal: AbortSignal
  /** Sends an event. Resolves when at most one event waits to be taken by the page. */
  emit(event: unknown): Promise<void>
  /** Cancels the call from this side; an event that waits to be taken is not waited for any more. */
  stop(): void
}

export type Handler = (args: never, context: CallContext) => unknown

export interface FeedFrame {
  value: VideoFrame | ImageBitmap | null
  dropped?: number
}

/** The worker's end. */
export class Server {
  private readonly calls = new Map<number, { abort: AbortController; waiting: number; wake?: () => void }>()
  private readonly asked = new Map<number, { resolve: (frame: FeedFrame) => void; reject: (error: MaskletError) => void }>()
  private lastAsk = 0

  constructor(
    private readonly port: { postMessage(message: unknown, transfer: Transferable[]): void },
    private readonly handlers: Record<string, Handler>,
  ) {}

  receive(message: ToWorker): void {
    if ('cancel' in message) this.stop(message.cancel)
    else if ('taken' in message) this.taken(message.taken)
    else if ('answer' in message) this.answered(message)
    else void this.serve(message)
  }

  /** Asks the page for the next frame of a feed. */
  nextFrame(source: number): Promise<FeedFrame> {
    const ask = ++this.lastAsk
    return new Promise((resolve, reject) => {
      this.asked.set(ask, { resolve, reject })
      this.post({ ask, source, kind: 'next' })
    })
  }

  closeFeed(source: number): void {
    this.post({ ask: 0, source, kind: 'close' })
  }

  private async serve({ id, method, args }: { id: number; method: string; args: unknown }): Promise<void> {
    const abort = new AbortController()
    this.calls.set(id, { abort, waiting: 0 })
    try {
      const handler = this.handlers[method]
      if (!handler) throw new MaskletError('invalid_argument', `the worker has no method '${method}'`)
      const emit = (event: unknown) => this.emit(id, event)
      const value = await handler(args as never, { signal: abort.signal, emit, stop: () => this.stop(id) })
      if (value instanceof Moved) this.post({ id, value: value.value }, value.transfer)
      else this.post({ id, value })
    } catch (thrown) {
      const error = asMaskletError(thrown, 'runtime_failed', method)
      this.post({ id, error: plainError(error), fatal: isTrap(error) })
    } finally {
      this.calls.delete(id)
    }
  }

  private async emit(id: number, event: unknown): Promise<void> {
    const call = this.calls.get(id)
    if (!call) return
    call.waiting += 1
    if (event instanceof Moved) this.post({ id, event: event.value }, event.transfer)
    else this.post({ id, event })
    while (call.waiting > 1 && !call.abort.signal.aborted) {
      await new Promise<void>((resolve) => {
        call.wake = resolve
      })
    }
  }

  private stop(id: number): void {
    const call = this.calls.get(id)
    call?.abort.abort()
    call?.wake?.()
  }

  private taken(id: number): void {
    const call = this.calls.get(id)
    if (!call) return
    call.waiting -= 1
    call.wake?.()
  }

  private answered(message: { answer: number; value?: unknown; error?: PlainError }): void {
    const asked = this.asked.get(message.answer)
    this.asked.delete(message.answer)
    if (message.error) asked?.reject(new MaskletError(message.error.code, message.error.message))
    else asked?.resolve(message.value as FeedFrame)
  }

  private post(message: ToPage, transfer: Transferable[] = []): void {
    this.port.postMessage(message, transfer)
  }
}

/** Code that trapped left its memory as it was in the middle of something. */
function isTrap(error: MaskletError): boolean {
  return error.cause instanceof WebAssembly.RuntimeError
}
