import { ALL_FORMATS, BlobSource, EncodedPacketSink, Input, type InputVideoTrack, type VideoSample, VideoSampleSink } from 'mediabunny'
import type { Picture } from '../core/module.js'
import { MaskletError, asMaskletError, throwIfAborted } from '../errors/error.js'
import type { ClipSource } from './clip.js'
import { pictureOf } from './picture.js'

/** Bytes of pictures kept while frames are asked for backwards, where decoding starts at an earlier key frame. */
const backwardBytes = 48 * 2 ** 20
/** Frames that are decoded and passed over rather than sought. */
const skipAhead = 24

/** A video file: its frames by number, in the order in which they are shown. Decoded frames stream through; going
    backward, a stretch is decoded at once and kept. */
export class VideoClip implements ClipSource {
  private readonly sink: VideoSampleSink
  private iterator: AsyncGenerator<VideoSample, void, unknown> | undefined
  private nextFrame = 0
  private readonly stretch = new Map<number, Picture>()
  private last = Promise.resolve<unknown>(undefined)

  private constructor(
    readonly name: string,
    readonly file: Blob,
    private readonly input: Input,
    track: InputVideoTrack,
    readonly times: readonly number[],
    readonly width: number,
    readonly height: number,
    readonly rotation: number,
    private readonly colours: VideoColorSpaceInit,
  ) {
    this.sink = new VideoSampleSink(track)
  }

  static async open(name: string, blob: Blob, signal: AbortSignal, onFrames: (done: number) => void): Promise<VideoClip> {
    const input = new Input({ source: new BlobSource(blob), formats: ALL_FORMATS })
    try {
      if (!(await input.canRead()))
        throw new MaskletError(
          'unsupported_file',
          `'${name}' is not a video or image of a known format; MP4, MOV, WebM, MKV and MPEG-TS can be read`,
        )
      const track = await input.getPrimaryVideoTrack()
      if (!track) throw new MaskletError('unsupported_file', `'${name}' has no video in it`)
      if (!(await track.canDecode())) {
        const codec = (await track.getCodecParameterString()) ?? (await track.getCodec()) ?? 'unknown'
        throw new MaskletError(
          'unsupported_file',
          `'${name}' is encoded with ${codec}, which this browser cannot decode; convert it to H.264, VP9 or AV1`,
        )
      }
      const times = await frameTimes(track, signal, onFrames)
      if (times.length === 0) throw new MaskletError('corrupt_file', `'${name}' has no frames`)
      const colours = await track.getColorSpace()
      const clip = new VideoClip(name, blob, input, track, times, 0, 0, await track.getRotation(), colours)
      const first = await clip.decode(0, signal)
      const turned = clip.rotation % 180 !== 0
      return Object.assign(clip, {
        width: turned ? first.height : first.width,
        height: turned ? first.width : first.height,
      })
    } catch (thrown) {
      input.dispose()
      throw asMaskletError(thrown, 'corrupt_file', `opening '${name}'`)
    }
  }

  get frameCount(): number {
    return this.times.length
  }

  get bytes(): number {
    let sum = 0
    for (const { data } of this.stretch.values()) sum += data.byteLength
    return sum
  }

  picture(frame: number, signal: AbortSignal): Promise<Picture | undefined> {
    return this.alone(async () => (frame < this.times.length ? this.decode(frame, signal) : undefined))
  }

  bitmap(frame: number, signal: AbortSignal): Promise<ImageBitmap> {
    return this.alone(async () => {
      throwIfAborted(signal, 'reading the video')
      // From a decoder of its own, so that a look at another frame does not disturb the way through the clip.
      const sample = await this.guard(frame, () => this.sink.getSample(this.timeOf(frame)))
      if (!sample) throw new MaskletError('broken_clip', `frame ${frame} of '${this.name}' cannot be decoded`)
      try {
        const canvas = new OffscreenCanvas(this.width, this.height)
        const context = canvas.getContext('2d')
        if (!context) throw new MaskletError('unsupported_file', 'this browser draws no frames in a worker')
        sample.draw(context, 0, 0, this.width, this.height)
        return canvas.transferToImageBitmap()
      } finally {
        sample.close()
      }
    })
  }

  close(): void {
    this.stretch.clear()
    void this.iterator?.return()
    this.iterator = undefined
    this.input.dispose()
  }

  private timeOf(frame: number): number {
    const time = this.times[frame]
    if (time === undefined)
      throw new MaskletError('frame_out_of_range', `frame ${frame} is not in the clip, which has ${this.times.length}`)
    return time
  }

  private async decode(frame: number, signal: AbortSignal): Promise<Picture> {
    throwIfAborted(signal, 'reading the video')
    const kept = this.stretch.get(frame)
    if (kept) return kept
    if (this.iterator && frame >= this.nextFrame && frame - this.nextFrame <= skipAhead) {
      return this.goOn(frame, signal)
    }
    // Backward by a little: decode from some frames before and keep what comes by.
    const backward = this.iterator !== undefined && frame < this.nextFrame
    const first = backward ? Math.max(0, frame - this.backwardFrames() + 1) : frame
    this.stretch.clear()
    await this.iterator?.return()
    this.iterator = this.sink.samples(this.timeOf(first))
    this.nextFrame = first
    if (!backward) return this.goOn(frame, signal)
    for (let earlier = first; earlier < frame; ++earlier) this.stretch.set(earlier, await this.goOn(earlier, signal))
    return this.goOn(frame, signal)
  }

  private backwardFrames(): number {
    return Math.max(1, Math.min(64, Math.floor(backwardBytes / (this.width * this.height * 1.5))))
  }

  private async goOn(frame: number, signal: AbortSignal): Promise<Picture> {
    for (;;) {
      throwIfAborted(signal, 'reading the video')
      const next = await this.guard(this.nextFrame, async () => this.iterator?.next())
      if (!next || next.done)
        throw new MaskletError(
          'broken_clip',
          `'${this.name}' ends at frame ${this.nextFrame} of ${this.times.length}; the frames before are intact`,
        )
      const sample = next.value
      try {
        if (this.nextFrame++ < frame) continue
        return await this.read(sample)
      } finally {
        sample.close()
      }
    }
  }

  private async read(sample: VideoSample): Promise<Picture> {
    const frame = sample.toVideoFrame()
    try {
      return await pictureOf(frame, sample.rotation / 90, this.colours)
    } finally {
      frame.close()
    }
  }

  private async guard<T>(frame: number, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (thrown) {
      this.iterator = undefined
      throw asMaskletError(thrown, 'broken_clip', `decoding frame ${frame} of '${this.name}'`)
    }
  }

  /** One request at a time: decoders are stateful. */
  private alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.last.then(work)
    this.last = result.catch(() => undefined)
    return result
  }
}

/** When each frame is shown, in order, from the file's index: nothing is decoded. */
async function frameTimes(track: InputVideoTrack, signal: AbortSignal, onFrames: (done: number) => void): Promise<number[]> {
  const times: number[] = []
  const sink = new EncodedPacketSink(track)
  for await (const packet of sink.packets(undefined, undefined, { metadataOnly: true })) {
    throwIfAborted(signal, 'opening the video')
    times.push(packet.timestamp)
    if (times.length % 500 === 0) onFrames(times.length)
  }
  return times.sort((a, b) => a - b)
}
