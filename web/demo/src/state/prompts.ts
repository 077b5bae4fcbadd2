import type { PointsPrompt } from 'masklet'
import { Cell } from '../base/cell'

export interface PromptPoint {
  x: number
  y: number
  /** Whether it is on the object. */
  add: boolean
}

export type Box = readonly [x0: number, y0: number, x1: number, y1: number]

/** All that was said of one object on one frame. */
export interface Prompt {
  object: number
  frame: number
  points: readonly PromptPoint[]
  box?: Box
}

export const isEmpty = ({ points, box }: Prompt) => points.length === 0 && !box

/** As a session takes it. */
export function spoken({ object, points, box }: Prompt, frame: number): PointsPrompt {
  return { object, frame, points: points.map(({ x, y }) => [x, y]), labels: points.map(({ add }) => (add ? 1 : 0)), box }
}

/** Owns what was said, and the way back. */
export class Prompts {
  readonly all = new Cell<readonly Prompt[]>([])
  /** How each prompt was before, newest last. */
  private history: Prompt[] = []

  of(object: number, frame: number): Prompt {
    return this.all.value.find((prompt) => prompt.object === object && prompt.frame === frame) ?? { object, frame, points: [] }
  }

  on(frame: number): Prompt[] {
    return this.all.value.filter((prompt) => prompt.frame === frame)
  }

  /** Frames on which something was said, in order. */
  frames(): number[] {
    return [...new Set(this.all.value.map(({ frame }) => frame))].sort((a, b) => a - b)
  }

  has(object: number): boolean {
    return this.all.value.some((prompt) => prompt.object === object)
  }

  set(prompt: Prompt): void {
    this.history.push(this.of(prompt.object, prompt.frame))
    this.put(prompt)
  }

  get canUndo(): boolean {
    return this.history.length > 0
  }

  /** How the last change was before it, which it is again after this. */
  undo(): Prompt | undefined {
    const before = this.history.pop()
    if (before) this.put(before)
    return before
  }

  /** What the worker refused was not said. */
  takeBack(): void {
    this.undo()
  }

  removeObject(object: number): void {
    this.history = this.history.filter((prompt) => prompt.object !== object)
    this.all.set(this.all.value.filter((prompt) => prompt.object !== object))
  }

  /** What was said in a saved session; there is no way back behind it. */
  restore(said: readonly Prompt[]): void {
    this.history = []
    this.all.set(said.filter((prompt) => !isEmpty(prompt)))
  }

  clear(): void {
    this.history = []
    this.all.set([])
  }

  private put(prompt: Prompt): void {
    const others = this.all.value.filter(({ object, frame }) => object !== prompt.object || frame !== prompt.frame)
    this.all.set(isEmpty(prompt) ? others : [...others, prompt])
  }
}
