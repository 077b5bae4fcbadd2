import { check } from '../core/core.js'
import type { ClipSize, CoreFrame, CoreModule } from '../core/module.js'
import { BlobParts } from '../weights/blob_parts.js'
import type { Results } from './results.js'

// Results as a saved session has them at its end: lines of masklets.jsonl.

export interface TimedClip extends ClipSize {
  readonly times: readonly number[]
}

interface Line {
  frame: number
  objects: (Omit<CoreFrame['objects'][number], 'counts'> & { rle: { counts: string } })[]
}

export function* linesOf(core: CoreModule, frames: Iterable<CoreFrame>, clip: TimedClip): Iterable<string> {
  const { width, height, frameCount, times } = clip
  for (const frame of frames) yield check(core.frameLine(frame, times[frame.frame] ?? 0, { width, height, frameCount }))
}

export function blobOfLines(lines: Iterable<string>): Blob {
  const parts = new BlobParts()
  const encoder = new TextEncoder()
  for (const line of lines) parts.add(encoder.encode(line))
  return parts.blob()
}

/** The results at the end of a saved session. */
export async function takeResults(saved: Blob, bytes: number, results: Results): Promise<void> {
  const take = (line: string) => {
    if (!line) return
    const { frame, objects } = JSON.parse(line) as Line
    results.set({ frame, objects: objects.map(({ rle, ...object }) => ({ ...object, counts: rle.counts })) })
  }
  const reader = saved.slice(saved.size - bytes).stream().getReader()
  const decoder = new TextDecoder()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read()
    const lines = (rest + decoder.decode(value, { stream: !done })).split('\n')
    rest = done ? '' : (lines.pop() ?? '')
    for (const line of lines) take(line)
    if (done) return
  }
}
