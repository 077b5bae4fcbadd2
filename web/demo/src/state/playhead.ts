import { Cell } from '../base/cell'
import type { Clip } from './clip'

/** Speeds of playing; 1 is the clip's own. */
export const rates = [0.25, 0.5, 1, 2]

/** Owns which frame is shown, and whether it moves. */
export class Playhead {
  readonly frame = new Cell(0)
  readonly playing = new Cell(false)
  readonly rate = new Cell(1)
  /** When playing started, or went on at another speed: milliseconds of the page, and seconds of the clip. */
  private started = { at: 0, time: 0 }

  constructor(private readonly clip: Clip) {
    clip.open.onChange(() => {
      this.playing.set(false)
      this.frame.set(0)
    })
    this.rate.onChange(() => this.restart())
  }

  get last(): number {
    return Math.max(0, (this.clip.open.value?.frameCount ?? 1) - 1)
  }

  go(frame: number): void {
    this.playing.set(false)
    this.show(frame)
  }

  step(by: number): void {
    this.go(this.frame.value + by)
  }

  /** Shows a frame without ending what moves the playhead. */
  show(frame: number): void {
    this.frame.set(Math.min(this.last, Math.max(0, Math.round(frame))))
  }

  toggle(): void {
    if (this.playing.value) return this.playing.set(false)
    if (!this.clip.open.value || this.last === 0) return
    if (this.frame.value === this.last) this.frame.set(0)
    this.restart()
    this.playing.set(true)
    requestAnimationFrame(() => this.tick())
  }

  /** Frames follow the clock: where they cannot be drawn that fast, some are left out. */
  private tick(): void {
    if (!this.playing.value) return
    const now = this.started.time + ((performance.now() - this.started.at) / 1000) * this.rate.value
    let frame = this.frame.value
    while (frame < this.last && this.time(frame + 1) <= now) frame += 1
    this.frame.set(frame)
    if (frame === this.last) return this.playing.set(false)
    requestAnimationFrame(() => this.tick())
  }

  private restart(): void {
    this.started = { at: performance.now(), time: this.time(this.frame.value) }
  }

  private time(frame: number): number {
    return this.clip.open.value?.times[frame] ?? 0
  }
}
