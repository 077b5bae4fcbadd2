import type { MaskRuns } from './messages'
import { outlinePath } from './outline'

interface Kept {
  masks: readonly MaskRuns[]
  paths: Map<number, Path2D>
  size: number
}

/** Characters of run lengths that are kept, hours of tracking; what was used longest ago is given up and asked for again. */
const mostKept = 48 * 2 ** 20

/** The masks of every frame as run lengths, and as paths once they were drawn. */
export class Masks {
  private readonly frames = new Map<number, Kept>()
  private size = 0

  has(frame: number): boolean {
    return this.frames.has(frame)
  }

  put(frame: number, masks: readonly MaskRuns[]): void {
    this.drop(frame)
    const size = masks.reduce((sum, { counts }) => sum + counts.length, 64)
    this.frames.set(frame, { masks, paths: new Map(), size })
    this.size += size
    for (const [oldest] of this.frames) {
      if (this.size <= mostKept || oldest === frame) break
      this.drop(oldest)
    }
  }

  /** The outline of an object on a frame. */
  path(frame: number, object: number, width: number, height: number): Path2D | undefined {
    const kept = this.frames.get(frame)
    if (!kept) return undefined
    const found = kept.paths.get(object)
    if (found) return found
    const mask = kept.masks.find(({ id }) => id === object)
    if (!mask) return undefined
    const path = outlinePath(mask.counts, width, height)
    kept.paths.set(object, path)
    return path
  }

  removeObject(object: number): void {
    for (const kept of this.frames.values()) {
      kept.masks = kept.masks.filter(({ id }) => id !== object)
      kept.paths.delete(object)
    }
  }

  clear(): void {
    this.frames.clear()
    this.size = 0
  }

  private drop(frame: number): void {
    this.size -= this.frames.get(frame)?.size ?? 0
    this.frames.delete(frame)
  }
}
