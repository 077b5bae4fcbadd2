import { MaskletError, throwIfAborted } from '../errors/error.js'
import type { FeedFrame, Server } from '../protocol/serve.js'
import type { ClipSource } from './clip.js'
import { type DecodedPicture, bitmapOf, pictureOf, pictureOfBitmap } from './picture.js'

/** Frames that the page hands over one by one: a camera, or an iterable. Only the last one is kept. */
export class StreamClip implements ClipSource {
  readonly frameCount = 0
  readonly times: readonly number[] = []
  readonly rotation = 0
  /** The frame that came, its pixels, those of the one before, and these in core. */
  readonly picturesUnderWay = 4
  readonly keptPictures = 0
  private last: { frame: number; picture: DecodedPicture; time: number; dropped: number }
  private ended = false

  private constructor(
    readonly name: string,
    private readonly feed: number,
    private readonly server: Server,
    first: DecodedPicture,
    time: number,
  ) {
    this.last = { frame: 0, picture: first, time, dropped: 0 }
  }

  static async open(name: string, feed: number, server: Server): Promise<StreamClip> {
    try {
      const first = await take(await server.nextFrame(feed))
      if (!first) throw new MaskletError('invalid_argument', 'the stream ended before its first frame')
      return new StreamClip(name, feed, server, first.picture, first.time)
    } catch (thrown) {
      server.closeFeed(feed)
      throw thrown
    }
  }

  get width(): number {
    return this.last.picture.width
  }

  get height(): number {
    return this.last.picture.height
  }

  get bytes(): number {
    return this.last.picture.data.byteLength
  }

  get pictureBytes(): number {
    return this.bytes / (this.width * this.height)
  }

  async picture(frame: number, signal: AbortSignal): Promise<DecodedPicture | undefined> {
    throwIfAborted(signal, 'reading the stream')
    if (frame < this.last.frame)
      throw new MaskletError(
        'frame_out_of_range',
        `frame ${frame} of the stream is gone; frame ${this.last.frame} is the one that can be corrected`,
      )
    while (frame > this.last.frame) {
      if (this.ended) return undefined
      const next = await take(await this.server.nextFrame(this.feed))
      if (!next) {
        this.ended = true
        return undefined
      }
      throwIfAborted(signal, 'reading the stream')
      this.last = { frame: this.last.frame + 1, ...next }
    }
    return this.last.picture
  }

  arrival(frame: number): { time: number; dropped: number } {
    return frame === this.last.frame ? this.last : { time: 0, dropped: 0 }
  }

  async bitmap(frame: number): Promise<ImageBitmap> {
    const { picture } = this.last
    if (frame !== this.last.frame)
      throw new MaskletError('frame_out_of_range', `frame ${frame} of the stream is gone; ${this.last.frame} is there`)
    return bitmapOf(picture)
  }

  close(): void {
    this.server.closeFeed(this.feed)
  }
}

async function take(given: FeedFrame): Promise<{ picture: DecodedPicture; time: number; dropped: number } | undefined> {
  const { value, dropped = 0 } = given
  if (!value) return undefined
  try {
    if (value instanceof ImageBitmap) return { picture: pictureOfBitmap(value), time: performance.now() / 1000, dropped }
    return { picture: await pictureOf(value), time: value.timestamp / 1e6, dropped }
  } finally {
    value.close()
  }
}
