import type { SavedSession } from '../worker/saved_file.js'

/** A state is kept this often while tracking runs; seldomer where that would take more than a twentieth of the time. */
const keepEveryMs = 5000
const keepShare = 20

/** A call that changed the session. */
export interface Change {
  method: string
  args: object
}

/** What the page keeps of a session, so that it can go on in another worker: the last saved state, and what changed
    since. */
export class Keeper {
  private readonly changes: Change[] = []
  private changing = 0
  private busy = false
  private next = 0
  private closed = false
  /** With the way that was being tracked. */
  private kept: { saved: SavedSession; during: object | undefined } | undefined

  constructor(
    private readonly save: () => Promise<SavedSession>,
    first?: Blob,
  ) {
    this.kept = first && { saved: { file: first, ms: 0 }, during: undefined }
  }

  get saved(): SavedSession | undefined {
    return this.kept?.saved
  }

  /** In order. */
  get changesSince(): readonly Change[] {
    return this.changes
  }

  /** Whether the state was kept while `way` was being tracked. */
  isOf(way: object): boolean {
    return this.kept?.during === way
  }

  /** Notes a change once it is made. */
  async noting<T>(change: Change, work: Promise<T>): Promise<T> {
    this.changing += 1
    try {
      const value = await work
      this.changes.push(change)
      return value
    } finally {
      this.changing -= 1
      this.keepNowAndThen()
    }
  }

  /** Keeps the state unless that was done a moment ago; `during`: the way that is being tracked. */
  keepNowAndThen(during?: object): void {
    if (performance.now() >= this.next) void this.keep(during)
  }

  /** Keeps the state. Where that fails, or a change is under way, what was kept before stays. */
  async keep(during?: object): Promise<void> {
    if (this.busy || this.changing > 0 || this.closed) return
    this.busy = true
    const count = this.changes.length
    try {
      const saved = await this.save()
      this.next = performance.now() + Math.max(keepEveryMs, keepShare * saved.ms)
      if (this.closed) return
      this.kept = { saved, during }
      this.changes.splice(0, count)
    } catch {
      this.next = performance.now() + keepEveryMs
    } finally {
      this.busy = false
    }
  }

  close(): void {
    this.closed = true
    this.kept = undefined
    this.changes.length = 0
  }
}
