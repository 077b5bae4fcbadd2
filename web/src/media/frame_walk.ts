import type { VideoSample, VideoSampleSink } from 'mediabunny'
import { MaskletError, asMaskletError, throwIfAborted } from '../errors/error.js'

/** Frames that are decoded and passed over rather than sought. */
const skipAhead = 24

/** Decoded frames of a video by number, through one decoder: those that come in order stream, others are sought. */
export class FrameWalk {
  private samples: AsyncGenerator<VideoSample, void, unknown> | undefined
  private next = 0

  constructor(
    private readonly sink: VideoSampleSink,
    private readonly name: string,
    private readonly times: readonly number[],
  ) {}

  /** Whether frames before this one have been passed already. */
  isBehind(frame: number): boolean {
    return this.samples !== undefined && frame < this.next
  }

  /** The frame; the caller closes it. Errors: frame_out_of_range, broken_clip, cancelled. */
  async take(frame: number, signal: AbortSignal): Promise<VideoSample> {
    throwIfAborted(signal, 'reading the video')
    const goesOn = this.samples !== undefined && frame >= this.next && frame - this.next <= skipAhead
    if (!goesOn) await this.seek(frame)
    try {
      return await this.advance(frame, signal)
    } catch (thrown) {
      if (!goesOn || signal.aborted) throw thrown
      // Browsers take back decoders that have waited for long: a fresh one tells whether it is the clip that is broken.
      await this.seek(frame)
      return this.advance(frame, signal)
    }
  }

  /** Gives the decoder back; the next frame is sought. */
  async close(): Promise<void> {
    const { samples } = this
    this.samples = undefined
    await samples?.return()
  }

  private async seek(frame: number): Promise<void> {
    const time = this.times[frame]
    if (time === undefined)
      throw new MaskletError('frame_out_of_range', `frame ${frame} is not in the clip, which has ${this.times.length}`)
    await this.close()
    this.samples = this.sink.samples(time)
    this.next = frame
  }

  private async advance(frame: number, signal: AbortSignal): Promise<VideoSample> {
    for (;;) {
      throwIfAborted(signal, 'reading the video')
      const found = await this.decodeNext()
      if (!found || found.done)
        throw new MaskletError(
          'broken_clip',
          `'${this.name}' ends at frame ${this.next} of ${this.times.length}; the frames before are intact`,
        )
      if (this.next++ === frame) return found.value
      found.value.close()
    }
  }

  private async decodeNext(): Promise<IteratorResult<VideoSample, void> | undefined> {
    try {
      return await this.samples?.next()
    } catch (thrown) {
      this.samples = undefined
      throw asMaskletError(thrown, 'broken_clip', `decoding frame ${this.next} of '${this.name}'`)
    }
  }
}
