/** Bitmaps by frame, the ones used longest ago given up first. Owns them: what it drops is closed. */
export class Bitmaps {
  private readonly kept = new Map<number, ImageBitmap>()
  private bytes = 0

  constructor(private readonly mostBytes: number) {}

  get(frame: number): ImageBitmap | undefined {
    const found = this.kept.get(frame)
    if (found) {
      this.kept.delete(frame)
      this.kept.set(frame, found)
    }
    return found
  }

  has(frame: number): boolean {
    return this.kept.has(frame)
  }

  put(frame: number, bitmap: ImageBitmap): void {
    this.drop(frame)
    this.kept.set(frame, bitmap)
    this.bytes += size(bitmap)
    for (const [oldest] of this.kept) {
      if (this.bytes <= this.mostBytes || oldest === frame) break
      this.drop(oldest)
    }
  }

  drop(frame: number): void {
    const found = this.kept.get(frame)
    if (!found) return
    this.kept.delete(frame)
    this.bytes -= size(found)
    found.close()
  }

  clear(): void {
    for (const frame of [...this.kept.keys()]) this.drop(frame)
  }
}

const size = ({ width, height }: ImageBitmap) => width * height * 4
