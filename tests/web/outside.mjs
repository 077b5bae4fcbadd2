// What a page and its workers hold, read from outside of the program: the browser's own account of their memory, in which
// WebAssembly memories and ArrayBuffers are, and the decoded frames that are open.

/** For launch(): the account is made when it is asked for, garbage left out. */
export const measuresMemory = '--enable-blink-features=ForceEagerMeasureMemory'

/** The browser's account now, in bytes. */
export const heldBytes = (page) => page.evaluate(async () => (await performance.measureUserAgentSpecificMemory()).bytes)

/**
 * Watches `page`, whose worker is there, from now on: at every so many pictures the worker is stopped where one has just
 * been taken in, which is when the most of them are there, and `onSample` hears of what is held then: {bytes, open,
 * picture}, where `open` is bytes of frames that are open and `picture` how many were taken in. Frames that the page
 * itself makes it adds to `framesMade`, in bytes.
 */
export async function watchFromOutside(page, every, onSample) {
  await page.exposeFunction('pictureTaken', async ({ picture, open }) => onSample({ picture, open, bytes: await heldBytes(page) }))
  await page.evaluate(() => {
    const channel = new BroadcastChannel('outside')
    globalThis.framesMade = 0
    channel.onmessage = async ({ data }) => {
      if (data.go) return
      await pictureTaken({ picture: data.picture, open: framesMade + data.made - data.closed })
      channel.postMessage({ go: true })
    }
  })
  const worker = page.workers().findLast((each) => each.url().endsWith('/dist/worker.js'))
  await worker.evaluate((every) => {
    const channel = new BroadcastChannel('outside')
    let made = 0
    let closed = 0
    let pictures = 0
    // Frames of the decoder: their bytes are there until they are closed. Copies of them share these.
    const decoded = new WeakMap()
    globalThis.VideoDecoder = class extends VideoDecoder {
      constructor({ output, error }) {
        super({
          error,
          output: (frame) => {
            decoded.set(frame, frame.allocationSize())
            made += decoded.get(frame)
            output(frame)
          },
        })
      }
    }
    const { close, copyTo } = VideoFrame.prototype
    VideoFrame.prototype.close = function () {
      // A stream's frames are made by the page, in RGBA; copies of decoded ones hold nothing of their own.
      const isStream = this.format?.startsWith('RGB') || this.format?.startsWith('BGR')
      if (this.format !== null) closed += decoded.get(this) ?? (isStream ? this.allocationSize() : 0)
      decoded.delete(this)
      close.call(this)
    }
    VideoFrame.prototype.copyTo = async function (...args) {
      const layout = await copyTo.apply(this, args)
      if (++pictures % every === 0) {
        const answer = new Promise((go) => (channel.onmessage = ({ data }) => data.go && go()))
        channel.postMessage({ picture: pictures, made, closed })
        await answer
      }
      return layout
    }
  }, every)
}
