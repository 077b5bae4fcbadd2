/** Decoded frames of a decoder that are open at once: the one that is read, and those that wait for their turn. */
export const decodedAhead = 3

/**
 * Makes the video decoders of this worker decode no further ahead than that. mediabunny hands a decoder up to 40 packets
 * before the first frame is out; it would hold as many decoded frames, and no memory limit would know of them. Packets
 * wait here instead.
 */
export function paceDecoders(): void {
  if (typeof VideoDecoder === 'undefined') return // an older browser: there is nothing to pace

  globalThis.VideoDecoder = class PacedDecoder extends VideoDecoder {
    private readonly packets: EncodedVideoChunk[]
    private readonly open: Set<VideoFrame>
    private readonly fail: WebCodecsErrorCallback
    private wake: () => void = () => undefined

    constructor({ output, error }: VideoDecoderInit) {
      const open = new Set<VideoFrame>()
      const onClose = { feed: () => undefined as void }
      super({
        error,
        output: (frame) => {
          open.add(frame)
          frame.close = () => {
            VideoFrame.prototype.close.call(frame)
            if (open.delete(frame)) onClose.feed()
          }
          output(frame)
        },
      })
      this.packets = []
      this.open = open
      this.fail = error
      onClose.feed = () => this.feed()
      this.addEventListener('dequeue', () => this.feed())
    }

    override get decodeQueueSize(): number {
      return super.decodeQueueSize + this.packets.length
    }

    override decode(packet: EncodedVideoChunk): void {
      this.packets.push(packet)
      this.feed()
    }

    /** Once the packets that wait have had their turn, which those who take frames must give them. */
    override async flush(): Promise<void> {
      while (this.packets.length) await new Promise<void>((fed) => (this.wake = fed))
      return super.flush()
    }

    override reset(): void {
      this.drop()
      super.reset()
    }

    override close(): void {
      this.drop()
      super.close()
    }

    private drop(): void {
      this.packets.length = 0
      this.wake()
    }

    /** A decoder may take many packets before its first frame, so it gets one whenever it has none and there is room. */
    private feed(): void {
      while (this.packets.length && this.open.size < decodedAhead && super.decodeQueueSize === 0) {
        const packet = this.packets.shift() as EncodedVideoChunk
        try {
          super.decode(packet)
        } catch (thrown) {
          this.drop()
          this.fail(thrown as DOMException)
        }
      }
      if (!this.packets.length) this.wake()
    }
  }
}
