/** JavaScript holds no more of what goes into a blob. */
const mostBytes = 4 * 2 ** 20

/** A blob from bytes that come one after the other: the browser keeps them as it sees fit, on disk where they are many. */
export class BlobParts {
  private readonly parts: Blob[] = []
  private chunks: Uint8Array<ArrayBuffer>[] = []
  private held = 0

  add(bytes: Uint8Array): void {
    this.chunks.push(bytes as Uint8Array<ArrayBuffer>)
    this.held += bytes.byteLength
    if (this.held >= mostBytes) this.flush()
  }

  blob(): Blob {
    this.flush()
    return new Blob(this.parts, { type: 'application/octet-stream' })
  }

  private flush(): void {
    this.parts.push(new Blob(this.chunks))
    this.chunks = []
    this.held = 0
  }
}
