/** Workers have it; the DOM's types, which the page's side needs, leave it out. */
interface FileSystemSyncAccessHandle {
  read(buffer: Uint8Array, options: { at: number }): number
  getSize(): number
  write(buffer: Uint8Array, options: { at: number }): number
  close(): void
}

interface FileSystemFileHandle {
  createSyncAccessHandle(): Promise<FileSystemSyncAccessHandle>
}
