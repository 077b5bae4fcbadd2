import type { CoreModule, Picture } from '../core/module.js'
import type { ClipSource } from './clip.js'

/** The clip, with frames whose longer side is beyond `longest` pixels scaled down to it; the clip itself where they are
    not, or where `longest` is 0. */
export function downscaledClip(clip: ClipSource, longest: number, core: CoreModule): ClipSource {
  const size = core.downscaledSize(clip, longest)
  return size.width === clip.width && size.height === clip.height ? clip : new DownscaledClip(clip, size)
}

/** "Frames are scaled down from 3840 x 2160 to 1920 x 1080 pixels"; undefined: they are not. */
export function scalingText({ scaledFrom, width, height }: ClipSource): string | undefined {
  return scaledFrom && `Frames are scaled down from ${scaledFrom.width} x ${scaledFrom.height} to ${width} x ${height} pixels`
}

/** Of the new size for everybody; its pictures come as they are and are scaled in core, whose session is told to. */
class DownscaledClip implements ClipSource {
  readonly width: number
  readonly height: number
  readonly scaledFrom: { width: number; height: number }
  readonly arrival?: ClipSource['arrival']

  constructor(
    private readonly clip: ClipSource,
    size: { width: number; height: number },
  ) {
    this.width = size.width
    this.height = size.height
    this.scaledFrom = { width: clip.width, height: clip.height }
    if (clip.arrival) this.arrival = (frame) => clip.arrival?.(frame) ?? { time: 0, dropped: 0 }
  }

  get name(): string {
    return this.clip.name
  }

  get frameCount(): number {
    return this.clip.frameCount
  }

  get times(): readonly number[] {
    return this.clip.times
  }

  get rotation(): number {
    return this.clip.rotation
  }

  get file(): Blob | undefined {
    return this.clip.file
  }

  get bytes(): number {
    return this.clip.bytes
  }

  get pictureBytes(): number {
    return this.clip.pictureBytes
  }

  get picturesUnderWay(): number {
    return this.clip.picturesUnderWay
  }

  get keptPictures(): number {
    return this.clip.keptPictures
  }

  picture(frame: number, signal: AbortSignal): Promise<Picture | undefined> {
    return this.clip.picture(frame, signal)
  }

  async bitmap(frame: number, signal: AbortSignal): Promise<ImageBitmap> {
    const whole = await this.clip.bitmap(frame, signal)
    try {
      return await createImageBitmap(whole, { resizeWidth: this.width, resizeHeight: this.height, resizeQuality: 'high' })
    } finally {
      whole.close()
    }
  }

  hold(pictures: number): void {
    this.clip.hold?.(pictures)
  }

  close(): void {
    this.clip.close()
  }
}
