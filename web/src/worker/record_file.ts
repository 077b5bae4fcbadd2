import type { RecordStore } from '../core/module.js'
import { asMaskletError } from '../errors/error.js'
import { EntryHead, ScratchFile } from './scratch_file.js'

export interface KeptRecords {
  name: string
  recordBytes: number
}

/** Records of a session's tracked frames in a file, in places of one size. */
export class RecordFile implements RecordStore {
  /** Places in the file by object and frame, and those that are free again. */
  private readonly places = new Map<number, Map<number, number>>()
  private readonly free: number[] = []
  private end = 0
  /** Before each record, written after it: its object, and its frame counted from 1, by which another worker finds it. */
  private readonly head: EntryHead

  private constructor(
    private readonly file: ScratchFile,
    private recordBytes: number,
  ) {
    this.head = new EntryHead(file)
  }

  static async create(page: string): Promise<RecordFile> {
    return new RecordFile(await ScratchFile.create(page), 0)
  }

  /** Another worker's. What that one forgot may be found again: a session asks for nothing that it does not know of. */
  static async reopen({ name, recordBytes }: KeptRecords): Promise<RecordFile> {
    const records = new RecordFile(await ScratchFile.reopen(name), recordBytes)
    records.find()
    return records
  }

  get kept(): KeptRecords {
    return { name: this.file.name, recordBytes: this.recordBytes }
  }

  get isEmpty(): boolean {
    return this.places.size === 0
  }

  write(object: number, frame: number, record: Uint8Array): string | undefined {
    return saying('written', () => {
      this.recordBytes = record.byteLength
      const places = this.placesOf(object)
      const place = places.get(frame) ?? this.free.pop() ?? this.end++
      this.file.write(record, this.start(place) + EntryHead.bytes)
      this.head.write(object, frame + 1, this.start(place))
      places.set(frame, place)
    })
  }

  read(object: number, frame: number, record: Uint8Array): string | undefined {
    return saying('read', () => {
      const place = this.places.get(object)?.get(frame)
      if (place === undefined) throw new Error(`there is none of object ${object} on frame ${frame}`)
      this.file.read(record, this.start(place) + EntryHead.bytes)
    })
  }

  forget(object: number): void {
    for (const place of this.places.get(object)?.values() ?? []) this.free.push(place)
    this.places.delete(object)
  }

  leave(): void {
    this.file.leave()
  }

  close(): Promise<void> {
    return this.file.close()
  }

  private start(place: number): number {
    return place * (EntryHead.bytes + this.recordBytes)
  }

  private placesOf(object: number): Map<number, number> {
    let places = this.places.get(object)
    if (!places) this.places.set(object, (places = new Map()))
    return places
  }

  private find(): void {
    if (!this.recordBytes) return
    for (const whole = Math.floor(this.file.size / this.start(1)); this.end < whole; ++this.end) {
      const [object, number] = this.head.read(this.start(this.end))
      if (number) this.placesOf(object).set(number - 1, this.end)
      else this.free.push(this.end)
    }
  }
}

/** Core hears of what went wrong by a text. */
function saying(done: string, work: () => void): string | undefined {
  try {
    work()
    return undefined
  } catch (thrown) {
    return asMaskletError(thrown, 'io_failed', `a tracked frame's record cannot be ${done}`).message
  }
}
