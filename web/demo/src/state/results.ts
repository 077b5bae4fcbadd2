import type { FrameResult } from 'masklet'
import { Cell } from '../base/cell'

/** What the timeline shows of an object on a frame. */
export interface Row {
  present: boolean
  area: number
  /** 0 .. 1: how sure the model is of what it says here, presence and outline together. */
  confidence: number
}

/** Below this the timeline marks a stretch as weak. */
export const weakBelow = 0.5

export const isWeak = (row: Row | undefined) => row !== undefined && row.confidence < weakBelow

/** A stretch of frames, both ends counted. */
export interface Stretch {
  first: number
  last: number
}

/** Owns the numbers of every tracked frame, and which frames are out of date. */
export class Results {
  private readonly rows = new Map<number, Map<number, Row>>()
  /** By frame, the objects that tracking went through. */
  private readonly tracked = new Map<number, Set<number>>()
  /** Frames on which something was said since they were tracked, with the objects it was said of. */
  private readonly changed = new Map<number, Set<number>>()
  /** Counts changes of any kind. */
  readonly version = new Cell(0)

  get(frame: number, object: number): Row | undefined {
    return this.rows.get(frame)?.get(object)
  }

  isTracked(frame: number): boolean {
    return this.tracked.has(frame)
  }

  /** Frames of which anything is known, in order. */
  frames(): number[] {
    return [...this.rows.keys()].sort((a, b) => a - b)
  }

  get trackedCount(): number {
    return this.tracked.size
  }

  /** Whether tracking found the object, or its absence, on this frame. */
  hasTracked(object: number, frame: number): boolean {
    return this.tracked.get(frame)?.has(object) ?? false
  }

  hasTrackedAnywhere(object: number): boolean {
    return [...this.tracked.values()].some((objects) => objects.has(object))
  }

  /** Frames with prompts that tracking has not taken in, in order. */
  changedFrames(): number[] {
    return [...this.changed.keys()].sort((a, b) => a - b)
  }

  changedObjects(frame: number): number[] {
    return [...(this.changed.get(frame) ?? [])]
  }

  /** A frame as tracking found it. */
  take(result: FrameResult): void {
    this.put(result)
    this.tracked.set(result.frame, new Set(result.objects.map(({ id }) => id)))
    this.changed.delete(result.frame)
    this.version.set(this.version.value + 1)
  }

  /** A frame as a prompt made it. */
  preview(result: FrameResult, object: number): void {
    this.put(result)
    const objects = this.changed.get(result.frame) ?? new Set()
    this.changed.set(result.frame, objects.add(object))
    this.version.set(this.version.value + 1)
  }

  removeObject(object: number): void {
    for (const row of this.rows.values()) row.delete(object)
    for (const objects of this.tracked.values()) objects.delete(object)
    for (const [frame, objects] of this.changed) {
      objects.delete(object)
      if (objects.size === 0) this.changed.delete(frame)
    }
    this.version.set(this.version.value + 1)
  }

  clear(): void {
    this.rows.clear()
    this.tracked.clear()
    this.changed.clear()
    this.version.set(this.version.value + 1)
  }

  /** Stretches of frames where an object needs a look, in order. */
  weakStretches(object: number): Stretch[] {
    const stretches: Stretch[] = []
    for (const frame of [...this.rows.keys()].sort((a, b) => a - b)) {
      if (!isWeak(this.get(frame, object))) continue
      const last = stretches.at(-1)
      if (last && last.last === frame - 1) last.last = frame
      else stretches.push({ first: frame, last: frame })
    }
    return stretches
  }

  private put({ frame, objects }: FrameResult): void {
    const row = new Map<number, Row>()
    for (const { id, present, area, iou, score } of objects)
      row.set(id, { present, area, confidence: confidence(present, iou, score) })
    this.rows.set(frame, row)
  }
}

/** The object score is a logit: near 0 the model does not know whether the object is there. */
function confidence(present: boolean, iou: number, score: number): number {
  const sure = 1 / (1 + Math.exp(-Math.abs(score)))
  const known = Math.max(0, 2 * sure - 1)
  return present ? known * Math.min(1, Math.max(0, iou)) : known
}
