import { ALL_FORMATS, BlobSource, Input, type VideoSample, VideoSampleSink } from 'mediabunny'
import type { ScreenSource } from './messages'

/** Frames that are decoded and passed over rather than sought. */
const skipAhead = 24
/** Frames before the one asked for that are kept as well where the way goes backwards. */
const keepBefore = 8
/** Pixels along the longer side; more are not seen on most screens, and take much memory. */
export const screenPixels = 1920

/** Gives a picture a frame. One call at a time. */
export interface Reader {
  /** `keep` takes what is worth keeping on the way there, the frame itself included. */
  read(frame: number, keep: (frame: number, bitmap: ImageBitmap) => void): Promise<void>
  close(): void
}

interface Size {
  width: number
  height: number
}

/**
 * Pictures have at most `mostPixels` along their longer side. Undefined where pictures are pushed. Throws where the file
 * holds none that this browser decodes.
 */
export async function openReader(
  source: ScreenSource,
  times: readonly number[],
  { width, height }: Size,
  mostPixels: number,
): Promise<Reader | undefined> {
  const scale = Math.min(1, mostPixels / Math.max(width, height))
  const size = { width: Math.round(width * scale), height: Math.round(height * scale) }
  if (source.kind === 'pushed') return undefined
  if (source.kind === 'images') return new ImageReader(source.images, size)
  const input = new Input({ source: new BlobSource(source.file), formats: ALL_FORMATS })
  if (!(await input.canRead())) {
    input.dispose()
    return new ImageReader([source.file], size)
  }
  const track = await input.getPrimaryVideoTrack()
  if (!track) throw new Error('the file has no video in it')
  return new VideoReader(input, new VideoSampleSink(track), times, size)
}

/** Decodes forward and keeps its place: going on by a frame costs a frame, a jump starts at the key frame before. */
class VideoReader implements Reader {
  private samples: AsyncGenerator<VideoSample, void, unknown> | undefined
  private next = 0

  constructor(
    private readonly input: Input,
    private readonly sink: VideoSampleSink,
    private readonly times: readonly number[],
    private readonly size: Size,
  ) {}

  async read(frame: number, keep: (frame: number, bitmap: ImageBitmap) => void): Promise<void> {
    const goesBack = this.samples !== undefined && frame < this.next
    let keepFrom = frame
    if (!this.samples || goesBack || frame - this.next > skipAhead) {
      if (goesBack) keepFrom = Math.max(0, frame - keepBefore)
      await this.samples?.return()
      this.samples = this.sink.samples(this.times[keepFrom])
      this.next = keepFrom
    }
    while (this.next <= frame) {
      const { value: sample } = await this.samples.next()
      if (!sample) throw new Error(`the video ends at frame ${this.next} of ${this.times.length}`)
      const at = this.next++
      try {
        if (at >= keepFrom) keep(at, this.picture(sample))
      } finally {
        sample.close()
      }
    }
  }

  close(): void {
    void this.samples?.return()
    this.input.dispose()
  }

  private picture(sample: VideoSample): ImageBitmap {
    const { width, height } = this.size
    const canvas = new OffscreenCanvas(width, height)
    const context = canvas.getContext('2d', { alpha: false })
    if (!context) throw new Error('this browser draws no frames in a worker')
    sample.draw(context, 0, 0, width, height)
    return canvas.transferToImageBitmap()
  }
}

class ImageReader implements Reader {
  constructor(
    private readonly images: readonly Blob[],
    private readonly size: Size,
  ) {}

  async read(frame: number, keep: (frame: number, bitmap: ImageBitmap) => void): Promise<void> {
    const image = this.images[frame]
    if (!image) throw new Error(`there is no image ${frame}`)
    keep(frame, await createImageBitmap(image, { resizeWidth: this.size.width, resizeHeight: this.size.height }))
  }

  close(): void {}
}
