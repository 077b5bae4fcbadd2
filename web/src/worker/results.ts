import { keptResultBytes, streamResultBytes } from '../budget/plan.js'
import type { CoreFrame } from '../core/module.js'
import { EntryHead, type ScratchFile } from './scratch_file.js'

/** Results that a stream keeps at most. */
const streamResults = 256
/** Of an object beside its run lengths. */
const objectBytes = 100

/** What a frame's results take. */
export function resultBytes({ objects }: CoreFrame): number {
  return objects.reduce((sum, { counts }) => sum + counts.length + objectBytes, 0)
}

/** What of a file is a session's results. */
export interface KeptResults {
  /** The part that counts. */
  from: number
  end: number
  /** Objects that were removed, with where the file ended then. */
  removed: { object: number; before: number }[]
}

/**
 * What a session knows of its frames, in the order of tracking: run lengths, the last ones in memory and the others in a
 * file. The file only grows, so that what was kept of it stays true; a frame that is tracked again is written again.
 */
export class Results {
  /** A place in the file for those that lie there. */
  private readonly frames = new Map<number, CoreFrame | number>()
  /** Bytes of those in memory, the oldest first. */
  private readonly inMemory = new Map<number, number>()
  private held = 0
  private from = 0
  private end = 0
  private removed: KeptResults['removed'] = []
  private readonly file: ResultFile | undefined

  /** Without a file all stay in memory; of a stream, whose frames do not come again, the last ones. */
  constructor(
    file: ScratchFile | undefined,
    private readonly isStream = false,
  ) {
    this.file = file && new ResultFile(file)
  }

  /** Takes over what another worker left in the file. */
  find({ from, end, removed }: KeptResults): void {
    this.from = from
    this.removed = [...removed]
    for (const [frame, at] of this.file?.places(from, end) ?? []) this.frames.set(frame, at)
    this.end = end
  }

  get kept(): KeptResults {
    const { from, end, removed } = this
    return { from, end, removed: [...removed] }
  }

  /** Whether none lies in the file. */
  get isInMemory(): boolean {
    return this.from === this.end
  }

  get size(): number {
    return this.frames.size
  }

  /** In memory. */
  get bytes(): number {
    return this.held
  }

  has(frame: number): boolean {
    return this.frames.has(frame)
  }

  get(frame: number): CoreFrame | undefined {
    const found = this.frames.get(frame)
    return typeof found === 'number' ? this.readAt(found) : found
  }

  /** Keeps its place in the order where it was there already. Errors: io_failed. */
  set(result: CoreFrame): void {
    const { frame } = result
    this.leaveMemory(frame)
    this.frames.set(frame, result)
    const bytes = resultBytes(result)
    this.inMemory.set(frame, bytes)
    this.held += bytes
    if (this.isStream) this.dropOld()
    else if (this.file) this.spill(this.file)
  }

  clear(): void {
    this.frames.clear()
    this.inMemory.clear()
    this.held = 0
    this.from = this.end
    this.removed = []
  }

  removeObject(object: number): void {
    this.removed.push({ object, before: this.end })
    for (const frame of [...this.inMemory.keys()]) {
      const { objects } = this.get(frame) as CoreFrame
      this.set({ frame, objects: objects.filter(({ id }) => id !== object) })
    }
  }

  /** Their numbers, in the order of tracking. */
  numbers(): number[] {
    return [...this.frames.keys()]
  }

  /** In the order of tracking. */
  *all(): Iterable<CoreFrame> {
    for (const found of this.frames.values()) yield typeof found === 'number' ? this.readAt(found) : found
  }

  /** Those that are in no file. */
  *unfiled(): Iterable<CoreFrame> {
    for (const found of this.frames.values()) if (typeof found !== 'number') yield found
  }

  private leaveMemory(frame: number): void {
    this.held -= this.inMemory.get(frame) ?? 0
    this.inMemory.delete(frame)
  }

  private dropOld(): void {
    for (const frame of this.inMemory.keys()) {
      if (this.inMemory.size <= streamResults && this.held <= streamResultBytes) return
      this.leaveMemory(frame)
      this.frames.delete(frame)
    }
  }

  private spill(file: ResultFile): void {
    for (const frame of this.inMemory.keys()) {
      if (this.held <= keptResultBytes) return
      const end = file.write(this.frames.get(frame) as CoreFrame, this.end)
      this.frames.set(frame, this.end)
      this.end = end
      this.leaveMemory(frame)
    }
  }

  private readAt(at: number): CoreFrame {
    const { frame, objects } = (this.file as ResultFile).read(at)
    const gone = this.removed.filter(({ before }) => at < before).map(({ object }) => object)
    return { frame, objects: objects.filter(({ id }) => !gone.includes(id)) }
  }
}

/** Results one after the other, each with its frame and its length before it. */
class ResultFile {
  private readonly head: EntryHead

  constructor(private readonly file: ScratchFile) {
    this.head = new EntryHead(file)
  }

  /** Returns where the next one goes. */
  write(result: CoreFrame, at: number): number {
    const bytes = new TextEncoder().encode(JSON.stringify(result))
    this.head.write(result.frame, bytes.byteLength, at)
    this.file.write(bytes, at + EntryHead.bytes)
    return at + EntryHead.bytes + bytes.byteLength
  }

  read(at: number): CoreFrame {
    const bytes = new Uint8Array(this.head.read(at)[1])
    this.file.read(bytes, at + EntryHead.bytes)
    return JSON.parse(new TextDecoder().decode(bytes)) as CoreFrame
  }

  /** Each result's frame, and where it lies. */
  *places(from: number, end: number): Iterable<[frame: number, at: number]> {
    for (let at = from; at < end; ) {
      const [frame, bytes] = this.head.read(at)
      yield [frame, at]
      at += EntryHead.bytes + bytes
    }
  }
}
