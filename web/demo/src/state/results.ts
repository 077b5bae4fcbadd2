import type { ObjectMask } from 'masklet'
import { Cell } from '../base/cell'
import { type Doubt, type WeakStretch, doubtOf, weakStretches } from './doubts'

/** What the timeline shows of an object on a frame. */
export interface Row {
  present: boolean
  area: number
  /** 0 .. 1: how sure the model is of what it says here, presence and outline together. */
  confidence: number
}

/** What is read of a result. */
export interface Known {
  frame: number
  objects: readonly Pick<ObjectMask, 'id' | 'present' | 'area' | 'iou' | 'score'>[]
}

/** Owns the numbers of every tracked frame, and which frames are out of date. */
export class Results {
  private readonly rows = new Map<number, Map<number, Row>>()
  /** By frame, the objects that tracking went through. */
  private readonly tracked = new Map<number, Set<number>>()
  /** Frames on which something was said since they were tracked, with the objects it was said of. */
  private readonly changed = new Map<number, Set<number>>()
  /** Of one version: kept until the next, because several views ask for them. */
  private kept: { frames?: readonly number[]; weak: Map<number, readonly WeakStretch[]> } = { weak: new Map() }
  /** Counts changes of any kind. */
  readonly version = new Cell(0)

  get(frame: number, object: number): Row | undefined {
    return this.rows.get(frame)?.get(object)
  }

  isTracked(frame: number): boolean {
    return this.tracked.has(frame)
  }

  /** Whether anything is known of a frame. */
  has(frame: number): boolean {
    return this.rows.has(frame)
  }

  get count(): number {
    return this.rows.size
  }

  /** Frames of which anything is known, in order. */
  frames(): readonly number[] {
    return (this.kept.frames ??= [...this.rows.keys()].sort((a, b) => a - b))
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
  take(result: Known): void {
    this.put(result)
    this.tracked.set(result.frame, new Set(result.objects.map(({ id }) => id)))
    this.changed.delete(result.frame)
    this.note()
  }

  /** A frame as a prompt made it. */
  preview(result: Known, object: number): void {
    this.put(result)
    this.change(result.frame, object)
  }

  /** Something was said of an object on a frame that tracking has not taken in. */
  change(frame: number, object: number): void {
    const objects = this.changed.get(frame) ?? new Set()
    this.changed.set(frame, objects.add(object))
    this.note()
  }

  removeObject(object: number): void {
    for (const row of this.rows.values()) row.delete(object)
    for (const objects of this.tracked.values()) objects.delete(object)
    for (const [frame, objects] of this.changed) {
      objects.delete(object)
      if (objects.size === 0) this.changed.delete(frame)
    }
    this.note()
  }

  clear(): void {
    this.rows.clear()
    this.tracked.clear()
    this.changed.clear()
    this.note()
  }

  /** Stretches of frames where an object needs a look, in order. */
  weakStretches(object: number): readonly WeakStretch[] {
    const found = this.kept.weak.get(object) ?? weakStretches(this.frames(), (frame) => this.get(frame, object))
    this.kept.weak.set(object, found)
    return found
  }

  /** Why an object needs a look on a frame. */
  doubt(frame: number, object: number): Doubt | undefined {
    return doubtOf(this.get(frame, object), this.get(frame - 1, object))
  }

  private note(): void {
    this.kept = { weak: new Map() }
    this.version.set(this.version.value + 1)
  }

  private put({ frame, objects }: Known): void {
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
