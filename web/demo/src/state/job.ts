import { Cell } from '../base/cell'

export interface Job {
  /** "Tracking", "Writing the video" */
  phase: string
  done: number
  total: number
  /** Things a second, of late; 0 while unknown. */
  rate: number
  /** Seconds left; undefined while unknown. */
  left: number | undefined
}

/** Owns the one long thing that runs at a time: tracking or an export. */
export class Jobs {
  readonly current = new Cell<Job | undefined>(undefined)
  private abort: AbortController | undefined
  private ended: Promise<unknown> = Promise.resolve()

  get running(): boolean {
    return this.current.value !== undefined
  }

  /** Ends what runs, and resolves when it has ended. */
  async stop(): Promise<void> {
    this.abort?.abort()
    await this.ended
  }

  /** `work` calls step() as each thing is done. Whether it came to its end. */
  async run(phase: string, total: number, work: (step: () => void, signal: AbortSignal) => Promise<void>): Promise<boolean> {
    await this.stop()
    const abort = new AbortController()
    this.abort = abort
    const meter = new Meter(phase, total)
    this.current.set(meter.job())
    const step = () => this.current.set(meter.step())
    const turn = work(step, abort.signal).finally(() => {
      if (this.abort === abort) this.current.set(undefined)
    })
    this.ended = turn.catch(() => undefined)
    await turn
    return !abort.signal.aborted
  }
}

/** The rate over the last two seconds or so, so that the time left follows what happens. */
class Meter {
  private done = 0
  private readonly stamps: number[] = [performance.now()]

  constructor(
    private readonly phase: string,
    private readonly total: number,
  ) {}

  step(): Job {
    this.done += 1
    this.stamps.push(performance.now())
    if (this.stamps.length > 24) this.stamps.shift()
    return this.job()
  }

  job(): Job {
    const { phase, done, total, stamps } = this
    const seconds = ((stamps.at(-1) ?? 0) - (stamps[0] ?? 0)) / 1000
    const rate = seconds > 0 ? (stamps.length - 1) / seconds : 0
    return { phase, done, total, rate, left: rate > 0 ? Math.max(0, total - done) / rate : undefined }
  }
}
