import { MaskletError, asMaskletError } from '../errors/error.js'
import type { Channel } from '../protocol/channel.js'

/** Workers that die one after the other without anything new done, before the last one's error is final. */
const mostDeaths = 3

export interface Lifelines {
  /** Starts a worker and loads the model there. */
  start(signal: AbortSignal): Promise<Channel>
  /** Puts back what lived in the worker before. */
  restore(channel: Channel): Promise<void>
  /** No further worker is started. */
  lost(error: MaskletError): void
}

/** A worker and, where it dies, the next one. */
export class Lifeline {
  private current: Promise<Channel>
  private deaths = 0
  private readonly stop = new AbortController()
  private over: MaskletError | undefined

  constructor(
    private channel: Channel,
    private readonly on: Lifelines,
  ) {
    this.current = Promise.resolve(channel)
    channel.onFailure = (error) => this.replace(error)
  }

  /** The worker, once it is there. Errors: why there is none any more. */
  ready(): Promise<Channel> {
    return this.over ? Promise.reject(this.over) : this.current
  }

  /** Something new was done: deaths before it count no more. */
  progressed(): void {
    this.deaths = 0
  }

  /** Ends the worker; calls under way and later ones fail with `error`. */
  close(error: MaskletError): void {
    this.over = error
    this.stop.abort()
    this.channel.terminate(error)
  }

  private replace(error: MaskletError): void {
    if (this.over) return
    this.current = this.next(error)
    this.current.catch(() => undefined) // those that wait for it hear of it
  }

  private async next(error: MaskletError): Promise<Channel> {
    for (let last = error; ; ) {
      this.deaths += 1
      if (this.deaths >= mostDeaths) throw this.giveUp(last)
      try {
        const channel = await this.on.start(this.stop.signal)
        this.channel = channel
        await this.on.restore(channel)
        if (channel.failure) throw channel.failure
        channel.onFailure = (failure) => this.replace(failure)
        return channel
      } catch (thrown) {
        last = asMaskletError(thrown, 'runtime_failed', 'starting another worker')
        this.channel.terminate(last)
        if (this.over) throw this.over
      }
    }
  }

  private giveUp(last: MaskletError): MaskletError {
    const { code, message } = last
    this.over = new MaskletError(
      code,
      `${mostDeaths} workers died one after the other without getting on: ${message}; a session's save() still gives ` +
        'what was kept of it',
      { cause: last },
    )
    this.on.lost(this.over)
    return this.over
  }
}
