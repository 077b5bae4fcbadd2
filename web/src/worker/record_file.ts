import { asMaskletError } from '../errors/error.js'
import type { RecordStore } from '../core/module.js'

const folderName = 'masklet-records'

/**
 * Records of a session's tracked frames, in a file of the origin's private file system. One worker's own; a file that a
 * worker left behind is removed by the next.
 */
export class RecordFile implements RecordStore {
  /** Places in the file by object and frame, and those that are free again. */
  private readonly places = new Map<number, Map<number, number>>()
  private readonly free: number[] = []
  private end = 0

  private constructor(
    private readonly folder: FileSystemDirectoryHandle,
    private readonly name: string,
    private readonly file: FileSystemSyncAccessHandle,
  ) {}

  /** Errors: io_failed, where this browser gives a worker no such file. */
  static async open(): Promise<RecordFile> {
    try {
      const root = await navigator.storage.getDirectory()
      const folder = await root.getDirectoryHandle(folderName, { create: true })
      const name = `${Date.now()}-${Math.random()}`
      const handle = await folder.getFileHandle(name, { create: true })
      return new RecordFile(folder, name, await handle.createSyncAccessHandle())
    } catch (thrown) {
      throw asMaskletError(thrown, 'io_failed', "keeping tracked frames in the origin's private file system")
    }
  }

  /** Removes what workers that died have left: a file in use refuses. */
  static async sweep(): Promise<void> {
    try {
      const root = await navigator.storage.getDirectory()
      const folder = await root.getDirectoryHandle(folderName)
      for await (const name of folder.keys()) await folder.removeEntry(name).catch(() => undefined)
    } catch {
      // There is no such folder, or no such file system.
    }
  }

  write(object: number, frame: number, record: Uint8Array): string | undefined {
    return this.saying('written', () => {
      let places = this.places.get(object)
      if (!places) this.places.set(object, (places = new Map()))
      let place = places.get(frame)
      if (place === undefined) {
        place = this.free.pop() ?? this.end++
        places.set(frame, place)
      }
      return this.file.write(record, { at: place * record.byteLength }) === record.byteLength
    })
  }

  read(object: number, frame: number, record: Uint8Array): string | undefined {
    return this.saying('read', () => {
      const place = this.places.get(object)?.get(frame)
      return place !== undefined && this.file.read(record, { at: place * record.byteLength }) === record.byteLength
    })
  }

  forget(object: number): void {
    for (const place of this.places.get(object)?.values() ?? []) this.free.push(place)
    this.places.delete(object)
  }

  async close(): Promise<void> {
    this.file.close()
    await this.folder.removeEntry(this.name).catch(() => undefined)
  }

  private saying(done: string, work: () => boolean): string | undefined {
    try {
      if (work()) return undefined
      return `a tracked frame's record cannot be ${done} whole in the origin's private file system; free space on the disk`
    } catch (thrown) {
      return asMaskletError(thrown, 'io_failed', `a tracked frame's record cannot be ${done}`).message
    }
  }
}
