// What a page and its workers hold, read from outside of the program: the lengths of their WebAssembly memories, the heaps
// and ArrayBuffers of JavaScript as DevTools count them, and the decoded frames that are open.
// (performance.measureUserAgentSpecificMemory gives one number for all of it, in which one WebAssembly memory that grew is
// missing and another is counted several times.)
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { repository } from './server.mjs'

const workerPath = '/dist/worker.js'

/** Routes for serve(): the package's worker, which notes the WebAssembly memories that it makes before all else. */
export const watchedWorker = {
  [workerPath]: (_, response) => {
    response.setHeader('Content-Type', 'text/javascript')
    response.end(`(${noteMemories})()\n${readFileSync(join(repository, 'web', workerPath))}`)
  },
}

/**
 * An account of `page` and the workers that it has from now on; it holds for one page of a server with `watchedWorker`.
 * Gives a function that resolves with the bytes held now, garbage left out.
 */
export async function openAccount(page) {
  const session = await page.context().newCDPSession(page)
  const target = await inspect({ send: (...message) => session.send(...message), on: (...event) => session.on(...event) })
  return () => target.heldBytes()
}

/** A page or worker that DevTools look into, and its workers. */
async function inspect({ send, on }) {
  const workers = new Map()
  on('Target.attachedToTarget', ({ sessionId, targetInfo }) => {
    // The runtime's threads have no memory of their own, and do not answer while they wait.
    if (targetInfo.url.split('#')[0].endsWith(workerPath)) workers.set(sessionId, inspect(relay({ send, on }, sessionId)))
  })
  on('Target.detachedFromTarget', ({ sessionId }) => workers.delete(sessionId))
  await send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: false })
  await send('HeapProfiler.enable')
  const own = async () => {
    await send('HeapProfiler.collectGarbage')
    const { usedSize, backingStorageSize } = await send('Runtime.getHeapUsage')
    const memories = await send('Runtime.evaluate', { expression: 'globalThis.memoryBytes?.() ?? 0' })
    return usedSize + backingStorageSize + memories.result.value
  }
  return {
    async heldBytes() {
      const each = await Promise.all([own(), ...[...workers.values()].map(async (worker) => (await worker).heldBytes())])
      return each.reduce((sum, bytes) => sum + bytes)
    },
  }
}

/** A worker's side of what its owner relays. One that ends before it answers holds nothing. */
function relay(owner, sessionId) {
  const nothing = { usedSize: 0, backingStorageSize: 0, result: { value: 0 } }
  const answers = new Map()
  const listeners = new Map()
  let asked = 0
  owner.on('Target.receivedMessageFromTarget', ({ sessionId: from, message }) => {
    if (from !== sessionId) return
    const { id, result = nothing, method, params } = JSON.parse(message)
    answers.get(id)?.(result)
    answers.delete(id)
    for (const listener of listeners.get(method) ?? []) listener(params)
  })
  const ended = new Promise((end) => {
    owner.on('Target.detachedFromTarget', ({ sessionId: gone }) => gone === sessionId && end(nothing))
  })
  const send = (method, params = {}) => {
    const answer = new Promise((done) => answers.set(++asked, done))
    const message = JSON.stringify({ id: asked, method, params })
    const sent = owner.send('Target.sendMessageToTarget', { sessionId, message })
    return Promise.race([answer, ended, sent.then(() => answer, () => nothing)])
  }
  const on = (event, listener) => void listeners.set(event, [...(listeners.get(event) ?? []), listener])
  return { send, on }
}

/**
 * Watches `page`, whose worker is there, from now on: at every so many pictures the worker is stopped where one has just
 * been taken in, which is when the most of them are there, and `onSample` hears of what is held then: {bytes, open,
 * picture}, where `bytes` is what `heldBytes` of openAccount() gives, `open` is bytes of frames that are open, and
 * `picture` how many were taken in. Frames that the page itself makes it adds to `framesMade`, in bytes.
 */
export async function watchFromOutside(page, heldBytes, every, onSample) {
  await page.exposeFunction('pictureTaken', async ({ picture, open }) => onSample({ picture, open, bytes: await heldBytes() }))
  await page.evaluate(() => {
    const channel = new BroadcastChannel('outside')
    globalThis.framesMade = 0
    channel.onmessage = async ({ data }) => {
      if (data.go) return
      await pictureTaken({ picture: data.picture, open: framesMade + data.made - data.closed })
      channel.postMessage({ go: true })
    }
  })
  const worker = page.workers().findLast((each) => each.url().endsWith(workerPath)) // not the encoder's, which ends otherwise
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

// In each worker, before all else:

function noteMemories() {
  const memories = new Set()
  WebAssembly.Memory = new Proxy(WebAssembly.Memory, {
    construct(target, args) {
      const memory = new target(...args)
      // The program makes memories to try out what the browser can do, too; those are garbage soon.
      memories.add(new WeakRef(memory))
      return memory
    },
  })
  globalThis.memoryBytes = () => [...memories].reduce((sum, memory) => sum + (memory.deref()?.buffer.byteLength ?? 0), 0)
}
