import { BufferTarget, CanvasSource, Mp4OutputFormat, Output, QUALITY_HIGH, WebMOutputFormat, canEncodeVideo } from 'mediabunny'

/** A canvas, frame by frame, as a video: not in real time, and no frame is lost. */
export class VideoWriter {
  private constructor(
    readonly canvas: OffscreenCanvas,
    readonly ending: '.mp4' | '.webm',
    private readonly output: Output,
    private readonly source: CanvasSource,
    private readonly target: BufferTarget,
  ) {}

  static async start(width: number, height: number, alpha: boolean): Promise<VideoWriter> {
    // Encoders want even sizes.
    const canvas = new OffscreenCanvas(width + (width % 2), height + (height % 2))
    const size = { width: canvas.width, height: canvas.height }
    const asMp4 = !alpha && (await canEncodeVideo('avc', { ...size, bitrate: QUALITY_HIGH }))
    const codec = asMp4 ? 'avc' : 'vp9'
    if (!asMp4 && !(await canEncodeVideo('vp9', { ...size, bitrate: QUALITY_HIGH })))
      throw new Error('This browser encodes neither H.264 nor VP9; use a Chromium-based one, or export PNG files instead')
    const target = new BufferTarget()
    const output = new Output({ format: asMp4 ? new Mp4OutputFormat({ fastStart: 'in-memory' }) : new WebMOutputFormat(), target })
    const source = new CanvasSource(canvas, { codec, bitrate: QUALITY_HIGH, alpha: alpha ? 'keep' : 'discard' })
    output.addVideoTrack(source)
    await output.start()
    return new VideoWriter(canvas, asMp4 ? '.mp4' : '.webm', output, source, target)
  }

  /** What the canvas shows, for so long. */
  add(time: number, lasting: number): Promise<void> {
    return this.source.add(time, lasting)
  }

  async finish(): Promise<Blob> {
    await this.output.finalize()
    if (!this.target.buffer) throw new Error('The video came out empty')
    return new Blob([this.target.buffer], { type: this.ending === '.mp4' ? 'video/mp4' : 'video/webm' })
  }

  async cancel(): Promise<void> {
    await this.output.cancel()
  }
}
