import type { Picture } from '../core/module.js'
import { MaskletError, asMaskletError, throwIfAborted } from '../errors/error.js'
import type { ClipSource } from './clip.js'
import { pictureOfBitmap } from './picture.js'

/** Pixels as stored: no colour management, no premultiplication. */
async function decode(image: Blob, name: string): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(image, { colorSpaceConversion: 'none', premultiplyAlpha: 'none' })
  } catch (thrown) {
    throw asMaskletError(thrown, 'unsupported_file', `'${name}' cannot be decoded as an image (${image.type || 'type unknown'})`)
  }
}

/** Images of one size, in order: a clip of 24 frames a second, or a single image. */
export class ImageClip implements ClipSource {
  readonly rotation = 0
  readonly bytes = 0
  readonly pictureBytes = 4
  /** The bitmap, the canvas that it is read from, its pixels, and these in core. */
  readonly picturesUnderWay = 4
  readonly keptPictures = 0
  readonly times: readonly number[]

  private constructor(
    readonly name: string,
    private readonly images: readonly Blob[],
    readonly width: number,
    readonly height: number,
  ) {
    this.times = images.map((_, frame) => frame / 24)
  }

  static async open(name: string, images: readonly Blob[]): Promise<ImageClip> {
    const first = images[0]
    if (!first) throw new MaskletError('invalid_argument', 'the clip has no images; give at least one')
    const bitmap = await decode(first, nameOf(first, 0))
    const { width, height } = bitmap
    bitmap.close()
    return new ImageClip(name, images, width, height)
  }

  get file(): Blob | undefined {
    return this.images.length === 1 ? this.images[0] : undefined
  }

  get frameCount(): number {
    return this.images.length
  }

  async picture(frame: number, signal: AbortSignal): Promise<Picture | undefined> {
    if (frame >= this.images.length) return undefined
    const bitmap = await this.bitmap(frame, signal)
    try {
      return pictureOfBitmap(bitmap)
    } finally {
      bitmap.close()
    }
  }

  async bitmap(frame: number, signal: AbortSignal): Promise<ImageBitmap> {
    throwIfAborted(signal, 'reading an image')
    const image = this.images[frame]
    if (!image)
      throw new MaskletError('frame_out_of_range', `frame ${frame} is not in the clip, which has ${this.images.length}`)
    return decode(image, nameOf(image, frame))
  }

  close(): void {}
}

function nameOf(image: Blob, index: number): string {
  return image instanceof File ? image.name : `image ${index}`
}
