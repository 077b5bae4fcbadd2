import { ALL_FORMATS, BlobSource, EncodedPacketSink, Input, type InputVideoTrack, VideoSampleSink } from 'mediabunny'
import { recentPictures } from '../budget/plan.js'
import { MaskletError, asMaskletError, throwIfAborted } from '../errors/error.js'
import type { ClipSource } from './clip.js'
import { FrameWalk } from './frame_walk.js'
import { decodedAhead } from './paced_decoder.js'
import { type DecodedPicture, bitmapOf, pictureOf } from './picture.js'

/** Bytes of pictures kept while frames are asked for backwards, where decoding starts at an earlier key frame. */
const keptBytes = 48 * 2 ** 20
/** A decoder for looks at other frames is given back after this time without one. */
const idleMs = 5000

/** A video file: its frames by number, in the order in which they are shown. Decoded frames stream through; going
    backward, a stretch is decoded at once and kept. */
export class VideoClip implements ClipSource {
  /** The decoder's own, and the one that it hands over; a plan counts the one in core for itself. */
  readonly picturesUnderWay = decodedAhead + 1
  private held = Infinity
  /** The way of tracking, and looks at frames elsewhere, which must not disturb it. */
  private readonly way: FrameWalk
  private readonly looks: FrameWalk
  private idle: ReturnType<typeof setTimeout> | undefined
  /** The oldest first. */
  private readonly kept = new Map<number, DecodedPicture>()
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
    const sink = new VideoSampleSink(track)
    this.way = new FrameWalk(sink, name, times)
    this.looks = new FrameWalk(sink, name, times)
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
      const first = await clip.onTheWay(0, signal)
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
    for (const { data } of this.kept.values()) sum += data.byteLength
    return sum
  }

  get pictureBytes(): number {
    const [picture] = this.kept.values()
    return picture ? picture.data.byteLength / (this.width * this.height) : 1.5
  }

  get keptPictures(): number {
    return Math.max(1, Math.min(64, Math.floor(keptBytes / (this.width * this.height * 1.5))))
  }

  hold(pictures: number): void {
    this.held = Math.max(1, pictures)
  }

  picture(frame: number, signal: AbortSignal): Promise<DecodedPicture | undefined> {
    return this.alone(async () => (frame < this.times.length ? this.onTheWay(frame, signal) : undefined))
  }

  bitmap(frame: number, signal: AbortSignal): Promise<ImageBitmap> {
    return this.alone(async () => bitmapOf(this.kept.get(frame) ?? (await this.look(frame, signal))))
  }

  close(): void {
    clearTimeout(this.idle)
    this.kept.clear()
    void this.way.close()
    void this.looks.close()
    this.input.dispose()
  }

  private async onTheWay(frame: number, signal: AbortSignal): Promise<DecodedPicture> {
    const found = this.kept.get(frame)
    if (found) return found
    const most = Math.min(this.held, this.keptPictures)
    if (!this.way.isBehind(frame)) return this.keep(frame, await this.decode(this.way, frame, signal), Math.min(recentPictures, most))
    // Backward by a little: decode from some frames before and keep what comes by.
    this.kept.clear()
    for (let earlier = Math.max(0, frame - most + 1); earlier < frame; ++earlier)
      this.keep(earlier, await this.decode(this.way, earlier, signal), most)
    return this.keep(frame, await this.decode(this.way, frame, signal), most)
  }

  private look(frame: number, signal: AbortSignal): Promise<DecodedPicture> {
    clearTimeout(this.idle)
    this.idle = setTimeout(() => void this.alone(() => this.looks.close()), idleMs)
    return this.decode(this.looks, frame, signal)
  }

  private keep(frame: number, picture: DecodedPicture, most: number): DecodedPicture {
    this.kept.set(frame, picture)
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= most) break
      this.kept.delete(oldest)
    }
    return picture
  }

  private async decode(walk: FrameWalk, frame: number, signal: AbortSignal): Promise<DecodedPicture> {
    const sample = await walk.take(frame, signal)
    const decoded = sample.toVideoFrame()
    try {
      return await pictureOf(decoded, sample.rotation / 90, this.colours)
    } finally {
      decoded.close()
      sample.close()
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
