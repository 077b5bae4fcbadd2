import { Cell } from '../base/cell'
import type { Clip, OpenClip } from '../state/clip'
import { Bitmaps } from './bitmaps'

/** The frames themselves, for the stage. One is fetched at a time; what was wanted meanwhile and no longer is, is not. */
export class Pictures {
  /** Counts arrivals. */
  readonly arrived = new Cell(0)
  /** The frame that arrived last. */
  latest: number | undefined
  private readonly cache = new Bitmaps(128 * 2 ** 20)
  private wanted: number | undefined
  private fetching = false

  constructor(private readonly clip: Clip) {
    clip.open.onChange(() => {
      this.cache.clear()
      this.wanted = this.latest = undefined
    })
  }

  /** The frame if it is there; else it is fetched. */
  get(frame: number): ImageBitmap | undefined {
    const found = this.cache.get(frame)
    if (!found) {
      this.wanted = frame
      void this.fetch()
    }
    return found
  }

  /** The frame if it is there. */
  peek(frame: number): ImageBitmap | undefined {
    return this.cache.get(frame)
  }

  /** Puts a picture that came another way in a frame's place. */
  show(frame: number, bitmap: ImageBitmap): void {
    this.keep(frame, bitmap)
    this.arrived.set(this.arrived.value + 1)
  }

  /** What was kept is no longer how it is. */
  forget(): void {
    this.cache.clear()
    this.latest = undefined
    this.arrived.set(this.arrived.value + 1)
  }

  private async fetch(): Promise<void> {
    if (this.fetching) return
    this.fetching = true
    try {
      while (this.wanted !== undefined && this.clip.open.value) {
        const open: OpenClip = this.clip.open.value
        const frame = this.wanted
        this.wanted = undefined
        if (this.cache.has(frame)) continue
        const bitmap = await open.session.picture(this.clip.toSession(frame))
        if (open !== this.clip.open.value) bitmap.close()
        else this.keep(frame, bitmap)
        this.arrived.set(this.arrived.value + 1)
      }
    } catch (thrown) {
      console.warn('a frame could not be shown', thrown)
    } finally {
      this.fetching = false
    }
  }

  private keep(frame: number, bitmap: ImageBitmap): void {
    this.cache.put(frame, bitmap)
    this.latest = frame
  }
}
