import { MaskletError, asMaskletError, cancelled, plainError } from '../errors/error.js'
import type { ToPage, ToWorker } from './messages.js'

export interface CallSettings {
  signal?: AbortSignal | undefined
  transfer?: Transferable[]
  /** Takes the events of the call. The worker goes on once it returns. */
  onEvent?: (event: never) => void | Promise<void>
}

interface Pending {
  resolve: (value: never) => void
  reject: (error: MaskletError) => void
  onEvent?: ((event: never) => void | Promise<void>) | undefined
  finish: () => void
}

/** Frames that the page hands over one by one, on request. */
export interface FrameFeed {
  next(): Promise<{ value: VideoFrame | ImageBitmap | null; dropped?: number }>
  close(): void
}

/** The page's end of a worker. */
export class Channel {
  private readonly pending = new Map<number, Pending>()
  private readonly feeds = new Map<number, FrameFeed>()
  private lastId = 0
  private over: MaskletError | undefined
  private readonly watching = new AbortController()
  /** Called once, when the worker fails as a whole. */
  onFailure: ((error: MaskletError) => void) | undefined

  constructor(private readonly worker: Worker) {
    worker.onmessage = (event: MessageEvent<ToPage>) => this.receive(event.data)
    worker.onerror = (event) => {
      event.preventDefault()
      this.fail(new MaskletError('runtime_failed', `the worker failed: ${event.message || 'its script did not load'}`))
    }
    worker.onmessageerror = () => this.fail(new MaskletError('runtime_failed', 'a message of the worker was unreadable'))
  }

  call<T>(method: string, args: unknown, settings: CallSettings = {}): Promise<T> {
    if (this.over) return Promise.reject(this.over)
    const { signal } = settings
    if (signal?.aborted) return Promise.reject(cancelled(method))
    const id = ++this.lastId
    return new Promise<T>((resolve, reject) => {
      const abort = () => this.post({ cancel: id })
      signal?.addEventListener('abort', abort, { once: true })
      this.pending.set(id, {
        resolve,
        reject,
        onEvent: settings.onEvent,
        finish: () => signal?.removeEventListener('abort', abort),
      })
      try {
        this.post({ id, method, args }, settings.transfer)
      } catch (thrown) {
        this.settle(id)?.reject(asMaskletError(thrown, 'invalid_argument', method))
      }
    })
  }

  /** Why the worker is gone; undefined while it is there. */
  get failure(): MaskletError | undefined {
    return this.over
  }

  /** From now on the worker counts as dead once it does not hold this lock any more: no event tells of its end. */
  watch(lock: string): void {
    const died = () => this.fail(new MaskletError('runtime_failed', 'the worker was ended, by the browser or from outside'))
    navigator.locks.request(lock, { signal: this.watching.signal }, died).catch(() => undefined)
  }

  /** Registers frames that the worker may ask for; the number names them in a request. */
  addFeed(feed: FrameFeed): number {
    const id = ++this.lastId
    this.feeds.set(id, feed)
    return id
  }

  /** Ends the worker; calls under way fail with `error`. */
  terminate(error: MaskletError): void {
    this.fail(error)
  }

  private post(message: ToWorker, transfer: Transferable[] = []): void {
    this.worker.postMessage(message, transfer)
  }

  private receive(message: ToPage): void {
    if ('ask' in message) return void this.feed(message)
    if ('event' in message) return void this.takeEvent(message.id, message.event)
    const call = this.settle(message.id)
    if (!call) return
    if (!('error' in message)) return call.resolve(message.value as never)
    const error = new MaskletError(message.error.code, message.error.message)
    call.reject(error)
    if (message.fatal) this.fail(error)
  }

  private async takeEvent(id: number, event: unknown): Promise<void> {
    try {
      await this.pending.get(id)?.onEvent?.(event as never)
    } finally {
      this.post({ taken: id })
    }
  }

  private async feed(message: { ask: number; source: number; kind: 'next' | 'close' }): Promise<void> {
    const feed = this.feeds.get(message.source)
    if (message.kind === 'close') {
      this.feeds.delete(message.source)
      feed?.close()
      return
    }
    try {
      const frame = feed ? await feed.next() : { value: null }
      this.post({ answer: message.ask, value: frame }, frame.value ? [frame.value as unknown as Transferable] : [])
    } catch (thrown) {
      this.post({ answer: message.ask, error: plainError(asMaskletError(thrown, 'io_failed', 'reading the frames')) })
    }
  }

  private settle(id: number): Pending | undefined {
    const call = this.pending.get(id)
    this.pending.delete(id)
    call?.finish()
    return call
  }

  private fail(error: MaskletError): void {
    if (this.over) return
    this.over = error
    this.worker.terminate()
    this.watching.abort()
    for (const id of [...this.pending.keys()]) this.settle(id)?.reject(error)
    for (const feed of this.feeds.values()) feed.close()
    this.feeds.clear()
    this.onFailure?.(error)
  }
}
