import type { FrameResult, MaskForms, Rgba } from 'masklet'
import { Cell } from '../base/cell'
import type { Clip } from '../state/clip'
import type { Objects } from '../state/objects'
import type { Results } from '../state/results'
import { Bitmaps } from './bitmaps'

/** Pictures of the masks, in the objects' colours, for the stage. */
export class Overlays {
  readonly arrived = new Cell(0)
  private readonly cache = new Bitmaps(96 * 2 ** 20)
  private readonly known = new Set<number>()
  private wanted: number | undefined
  private fetching = false
  private look = ''

  constructor(
    private readonly clip: Clip,
    private readonly objects: Objects,
    private readonly results: Results,
  ) {
    clip.open.onChange(() => {
      this.known.clear()
      this.clear()
    })
    objects.list.onChange(() => {
      const look = JSON.stringify(this.colours())
      if (look !== this.look) this.clear()
      this.look = look
    })
  }

  /** What to ask a call for, so that its result can be put here. */
  forms(): MaskForms {
    return { overlay: { colours: this.colours(), as: 'ImageBitmap' } }
  }

  put({ frame, overlay }: FrameResult): void {
    if (!(overlay instanceof ImageBitmap)) return
    this.known.add(frame)
    this.cache.put(frame, overlay)
    this.arrived.set(this.arrived.value + 1)
  }

  get(frame: number): ImageBitmap | undefined {
    const found = this.cache.get(frame)
    if (!found && (this.results.isTracked(frame) || this.known.has(frame))) {
      this.wanted = frame
      void this.fetch()
    }
    return found
  }

  clear(): void {
    this.cache.clear()
    this.arrived.set(this.arrived.value + 1)
  }

  /** A frame that has a mask through a prompt, tracked or not. */
  note(frame: number): void {
    this.known.add(frame)
  }

  private colours(): Record<number, Rgba> {
    return Object.fromEntries(
      this.objects.list.value.map(({ id, colour, visible }) => [id, [...colour, visible ? 255 : 0] as const]),
    )
  }

  private async fetch(): Promise<void> {
    if (this.fetching) return
    this.fetching = true
    try {
      while (this.wanted !== undefined && this.clip.open.value) {
        const { session } = this.clip.open.value
        const frame = this.wanted
        const { look } = this
        this.wanted = undefined
        const result = this.clip.toPage(await session.result(this.clip.toSession(frame), { masks: this.forms() }))
        if (session === this.clip.open.value?.session && look === this.look) this.put(result)
        else if (result.overlay instanceof ImageBitmap) result.overlay.close()
      }
    } catch (thrown) {
      console.warn('masks could not be shown', thrown)
    } finally {
      this.fetching = false
    }
  }
}
