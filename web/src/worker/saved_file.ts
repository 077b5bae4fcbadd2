import { check } from '../core/core.js'
import type { CoreModule, Outcome } from '../core/module.js'
import { blobSource } from '../weights/source.js'
import { type TimedClip, linesOf, takeLines } from './result_lines.js'
import { type KeptSpill, Spill } from './spill.js'

/** A session as a file. */
export interface SavedSession {
  file: Blob
  /** What saving took. */
  ms: number
  /** Without which the file is not the whole session. */
  spill?: KeptSpill | undefined
}

export interface IncompleteSession {
  file: Blob
  spill: KeptSpill
  clip: TimedClip
}

/** The bytes that `write` gives one after the other, which the browser keeps as it sees fit: they are never in memory all
    at once. */
export function gathered(write: (take: (bytes: Uint8Array) => void) => Outcome): Outcome<Blob> {
  const parts: Blob[] = []
  const { error } = write((bytes) => void parts.push(new Blob([bytes as Uint8Array<ArrayBuffer>])))
  return error ? { error } : { value: new Blob(parts, { type: 'application/octet-stream' }) }
}

/** The file with what lay beside it. */
export async function completed(core: CoreModule, { file, spill, clip }: IncompleteSession): Promise<Blob> {
  const source = blobSource('the kept session', file)
  const found = await Spill.reopen(spill)
  try {
    takeLines(check(core.sessionDetails(source)).results, found.results)
    const lines = linesOf(core, found.results.all(), clip)
    return check(gathered((take) => core.completeSession(source, found.records, lines, take)))
  } finally {
    found.leave()
  }
}
