import { MaskletError, asMaskletError } from '../errors/error.js'

const folderName = 'masklet-scratch'
/** Between the page's name and the file's own. */
const separator = '~'
/** A worker that was ended gives its files back a moment later. */
const patienceMs = 3000
const pauseMs = 50

/**
 * A file of the origin's private file system, which one worker has and, where that dies, the page's next one. It goes when
 * it is closed; where its page ends before that, a later page's worker removes it.
 */
export class ScratchFile {
  private constructor(
    private readonly folder: FileSystemDirectoryHandle,
    readonly name: string,
    private readonly file: FileSystemSyncAccessHandle,
  ) {}

  /** `page`: the name under which the page holds a lock. Errors: io_failed, where this browser gives a worker no such file. */
  static async create(page: string): Promise<ScratchFile> {
    return opening(async () => {
      const folder = await folderHandle()
      const name = `${page}${separator}${Date.now()}-${Math.random()}`
      const handle = await folder.getFileHandle(name, { create: true })
      return new ScratchFile(folder, name, await handle.createSyncAccessHandle())
    })
  }

  /** Another worker's, which has died. Errors: io_failed. */
  static async reopen(name: string): Promise<ScratchFile> {
    return opening(async () => {
      const folder = await folderHandle()
      const handle = await folder.getFileHandle(name)
      for (const start = performance.now(); ; ) {
        try {
          return new ScratchFile(folder, name, await handle.createSyncAccessHandle())
        } catch (thrown) {
          if (performance.now() - start > patienceMs) throw thrown
          await new Promise((later) => setTimeout(later, pauseMs))
        }
      }
    })
  }

  /** Removes what other pages have left. A file in use refuses; one that waits for its page's next worker is known by the lock
      that the page holds. */
  static async sweep(page: string): Promise<void> {
    try {
      const folder = await folderHandle()
      const { held = [] } = await navigator.locks.query()
      const living = new Set([page, ...held.map(({ name }) => name)])
      for await (const name of folder.keys())
        if (!living.has(name.split(separator)[0])) await folder.removeEntry(name).catch(() => undefined)
    } catch {
      // There is no such file system, or no such folder, or nobody says which pages live.
    }
  }

  /** Bytes of the file. */
  get size(): number {
    return this.file.getSize()
  }

  /** Errors: io_failed, where not all can be written. */
  write(bytes: Uint8Array, at: number): void {
    this.whole('written', bytes.byteLength, () => this.file.write(bytes, { at }))
  }

  /** Errors: io_failed, where not all can be read. */
  read(bytes: Uint8Array, at: number): void {
    this.whole('read', bytes.byteLength, () => this.file.read(bytes, { at }))
  }

  /** The file stays, for another worker. */
  leave(): void {
    this.file.close()
  }

  async close(): Promise<void> {
    this.file.close()
    await this.folder.removeEntry(this.name).catch(() => undefined)
  }

  private whole(done: string, bytes: number, work: () => number): void {
    const what = `${bytes} bytes cannot be ${done} in the origin's private file system`
    let count: number
    try {
      count = work()
    } catch (thrown) {
      throw asMaskletError(thrown, 'io_failed', what)
    }
    if (count !== bytes) throw new MaskletError('io_failed', `${what} whole, only ${count}; free space on the disk`)
  }
}

/** What goes before an entry of a file: two whole numbers. */
export class EntryHead {
  static readonly bytes = 8
  private readonly numbers = new Int32Array(EntryHead.bytes / 4)
  private readonly view = new Uint8Array(this.numbers.buffer)

  constructor(private readonly file: Pick<ScratchFile, 'read' | 'write'>) {}

  write(first: number, second: number, at: number): void {
    this.numbers.set([first, second])
    this.file.write(this.view, at)
  }

  read(at: number): [number, number] {
    this.file.read(this.view, at)
    return [this.numbers[0] as number, this.numbers[1] as number]
  }
}

async function folderHandle(): Promise<FileSystemDirectoryHandle> {
  const root = await navigator.storage.getDirectory()
  return root.getDirectoryHandle(folderName, { create: true })
}

async function opening<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (thrown) {
    throw asMaskletError(thrown, 'io_failed', "keeping tracked frames in the origin's private file system")
  }
}
