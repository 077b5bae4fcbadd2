import type { Row } from './results'

/** Why a frame needs a look: the model is unsure; the mask changed its size at once; the object is out of sight. */
export type Doubt = 'unsure' | 'jump' | 'gone'

/** A stretch of frames, both ends counted. */
export interface Stretch {
  first: number
  last: number
}

export interface WeakStretch extends Stretch {
  why: Doubt
}

/** Below this confidence the model is unsure. */
export const weakBelow = 0.5
/** A mask that is so many times larger or smaller than on the frame before has jumped. */
const jumpRatio = 2
/** Pixels; smaller masks change by as much without having jumped. */
const smallArea = 100

export const isUnsure = (row: Row) => row.confidence < weakBelow

export function doubtOf(row: Row | undefined, before: Row | undefined): Doubt | undefined {
  if (!row) return undefined
  if (isUnsure(row)) return 'unsure'
  if (!row.present) return 'gone'
  if (!before?.present) return undefined
  const [less, more] = [Math.min(row.area, before.area), Math.max(row.area, before.area)]
  return more > smallArea && more > jumpRatio * less ? 'jump' : undefined
}

/** In order; neighbours of one kind are one stretch. `frames` in order. */
export function weakStretches(frames: readonly number[], rowOf: (frame: number) => Row | undefined): WeakStretch[] {
  const stretches: WeakStretch[] = []
  for (const frame of frames) {
    const why = doubtOf(rowOf(frame), rowOf(frame - 1))
    if (!why) continue
    const last = stretches.at(-1)
    if (last && last.why === why && last.last === frame - 1) last.last = frame
    else stretches.push({ first: frame, last: frame, why })
  }
  return stretches
}
