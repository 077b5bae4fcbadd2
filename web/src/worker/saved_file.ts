import { check } from '../core/core.js'
import type { CoreModule, Outcome } from '../core/module.js'
import { BlobParts } from '../weights/blob_parts.js'
import { blobSource } from '../weights/source.js'
import { type TimedClip, blobOfLines, linesOf, takeResults } from './result_lines.js'
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

/** The bytes that `write` gives one after the other, and the results behind them. */
export function gathered(write: (take: (bytes: Uint8Array) => void) => Outcome, results = new Blob()): Outcome<Blob> {
  const parts = new BlobParts()
  const { error } = write((bytes) => parts.add(bytes))
  return error ? { error } : { value: new Blob([parts.blob(), results], { type: 'application/octet-stream' }) }
}

/** The file with what lay beside it. */
export async function completed(core: CoreModule, { file, spill, clip }: IncompleteSession): Promise<Blob> {
  const source = blobSource('the kept session', file)
  const found = await Spill.reopen(spill)
  try {
    await takeResults(file, check(core.sessionDetails(source)).resultsBytes, found.results)
    const results = blobOfLines(linesOf(core, found.results.all(), clip))
    return check(gathered((take) => core.completeSession(source, found.records, results.size, take), results))
  } finally {
    found.leave()
  }
}
