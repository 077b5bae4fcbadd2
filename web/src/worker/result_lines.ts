import { check } from '../core/core.js'
import type { ClipSize, CoreFrame, CoreModule } from '../core/module.js'
import type { Results } from './results.js'

// Results as a saved session has them: lines of masklets.jsonl.

export interface TimedClip extends ClipSize {
  readonly times: readonly number[]
}

interface Line {
  frame: number
  objects: (Omit<CoreFrame['objects'][number], 'counts'> & { rle: { counts: string } })[]
}

export function linesOf(core: CoreModule, frames: Iterable<CoreFrame>, { width, height, frameCount, times }: TimedClip): string {
  let text = ''
  for (const frame of frames) text += check(core.frameLine(frame, times[frame.frame] ?? 0, { width, height, frameCount }))
  return text
}

export function takeLines(text: string, results: Results): void {
  for (const line of text.split('\n')) {
    if (!line) continue
    const { frame, objects } = JSON.parse(line) as Line
    results.set({ frame, objects: objects.map(({ rle, ...object }) => ({ ...object, counts: rle.counts })) })
  }
}
