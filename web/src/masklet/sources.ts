import type { ModelSource, VideoSource } from '../api/types.js'
import { MaskletError, asMaskletError } from '../errors/error.js'
import type { WireSource } from '../media/open.js'
import type { Channel, FrameFeed } from '../protocol/channel.js'
import type { WireModel } from '../weights/model_files.js'

const absolute = (url: string | URL) => new URL(url, document.baseURI).href

/** A model as the worker takes it. */
export function wireModel(model: ModelSource, nano: { weights: string; architecture: string }, store: boolean): WireModel {
  if (model === 'nano')
    return {
      weights: nano.weights,
      architecture: { url: nano.architecture },
      name: 'nano',
      store: false,
    }
  if (typeof model === 'string' || model instanceof URL) return { weights: absolute(model), store }
  if (model instanceof Blob) return { weights: model, store }
  const { weights, architecture } = model
  return {
    weights: typeof weights === 'string' || weights instanceof URL ? absolute(weights) : weights,
    ...(architecture !== undefined && { architecture: wireArchitecture(architecture) }),
    name: model.name,
    sha256: model.sha256,
    store,
  }
}

function wireArchitecture(given: string | URL | Blob): NonNullable<WireModel['architecture']> {
  if (given instanceof Blob) return given
  if (typeof given === 'string' && given.trimStart().startsWith('{')) return given
  return { url: absolute(given) }
}

/** A source as the worker takes it; frames that only the page can reach become a feed. */
export async function wireSource(source: VideoSource, channel: Channel): Promise<WireSource> {
  if (typeof source === 'string' || source instanceof URL) return { kind: 'url', url: absolute(source) }
  if (source instanceof Blob) return { kind: 'blob', blob: source }
  if (Array.isArray(source)) return { kind: 'images', images: [...(source as readonly Blob[])] }
  if (source instanceof HTMLVideoElement) return elementSource(source, channel)
  if (source instanceof HTMLImageElement) return { kind: 'images', images: [await imageBlob(source)] }
  if (source instanceof ImageBitmap) return { kind: 'images', images: [await imageBlob(source)] }
  if (source instanceof MediaStream) return { kind: 'feed', feed: channel.addFeed(cameraFeed(source)), live: true }
  if (Symbol.asyncIterator in source)
    return { kind: 'feed', feed: channel.addFeed(iterableFeed(source as AsyncIterable<VideoFrame>)), live: false }
  throw new MaskletError('invalid_argument', 'the source is none that open() takes: file, address, images, element, stream')
}

async function elementSource(element: HTMLVideoElement, channel: Channel): Promise<WireSource> {
  if (element.srcObject instanceof MediaStream) return wireSource(element.srcObject, channel)
  if (element.srcObject instanceof Blob) return { kind: 'blob', blob: element.srcObject }
  if (!element.currentSrc)
    throw new MaskletError('invalid_argument', 'the video element has no source yet; wait for loadedmetadata')
  return { kind: 'url', url: element.currentSrc }
}

/** PNG keeps the pixels as they are. */
async function imageBlob(image: HTMLImageElement | ImageBitmap): Promise<Blob> {
  const width = image instanceof ImageBitmap ? image.width : image.naturalWidth
  const height = image instanceof ImageBitmap ? image.height : image.naturalHeight
  const canvas = new OffscreenCanvas(Math.max(1, width), Math.max(1, height))
  try {
    canvas.getContext('2d')?.drawImage(image, 0, 0)
    return await canvas.convertToBlob({ type: 'image/png' })
  } catch (thrown) {
    throw asMaskletError(thrown, 'io_failed', 'reading the image (one of another origin needs CORS headers)')
  }
}

function iterableFeed(frames: AsyncIterable<VideoFrame | ImageBitmap>): FrameFeed {
  const iterator = frames[Symbol.asyncIterator]()
  return {
    async next() {
      const { value, done } = await iterator.next()
      return { value: done ? null : value }
    },
    close: () => void iterator.return?.(),
  }
}

declare class MediaStreamTrackProcessor {
  constructor(init: { track: MediaStreamTrack; maxBufferSize?: number })
  readonly readable: ReadableStream<VideoFrame>
}

/** The newest frame whenever one is asked for; those that came in between are dropped, and counted. */
function cameraFeed(stream: MediaStream): FrameFeed {
  const [track] = stream.getVideoTracks()
  if (!track) throw new MaskletError('invalid_argument', 'the stream has no video track')
  if (!('MediaStreamTrackProcessor' in globalThis))
    throw new MaskletError('unsupported_file', 'this browser hands out no frames of a stream; use a Chromium-based one')
  // A track of its own, so that the page may go on with its stream; the camera stays on until both are stopped.
  const own = track.clone()
  const reader = new MediaStreamTrackProcessor({ track: own, maxBufferSize: 1 }).readable.getReader()
  let newest: VideoFrame | undefined
  let dropped = 0
  let ended = false
  let wake: (() => void) | undefined
  void (async () => {
    for (;;) {
      const { value, done } = await reader.read().catch(() => ({ value: undefined, done: true as const }))
      if (done || ended) {
        value?.close()
        break
      }
      if (newest) dropped += 1
      newest?.close()
      newest = value
      wake?.()
    }
    ended = true
    wake?.()
  })()
  return {
    async next() {
      while (!newest && !ended) await new Promise<void>((resolve) => (wake = resolve))
      const value = newest ?? null
      const counted = dropped
      newest = undefined
      dropped = 0
      return { value, dropped: counted }
    },
    close() {
      ended = true
      newest?.close()
      newest = undefined
      own.stop()
      void reader.cancel().catch(() => undefined)
      wake?.()
    },
  }
}
