import { MaskletError } from '../errors/error.js'
import type { CallContext, Server } from '../protocol/serve.js'
import { type Download, downloadBlob } from '../weights/source.js'
import type { ClipSource } from './clip.js'
import { ImageClip } from './images.js'
import { StreamClip } from './stream.js'
import { VideoClip } from './video_file.js'

/** What the page sends for a source. */
export type WireSource =
  | { kind: 'blob'; blob: Blob }
  | { kind: 'images'; images: Blob[] }
  | { kind: 'url'; url: string }
  | { kind: 'feed'; feed: number; live: boolean }

export async function openClip(
  source: WireSource,
  name: string | undefined,
  server: Server,
  context: CallContext,
): Promise<ClipSource> {
  switch (source.kind) {
    case 'images':
      return ImageClip.open(name ?? 'images', source.images)
    case 'feed':
      return StreamClip.open(name ?? 'stream', source.feed, server)
    case 'blob':
      return openBlob(name ?? (source.blob instanceof File ? source.blob.name : 'video'), source.blob, context)
    case 'url': {
      const settings: Download = {
        signal: context.signal,
        onBytes: (done, total) =>
          void context.emit({ phase: 'download', done, total, unit: 'bytes', text: 'Downloading the video' }),
      }
      const blob = await downloadBlob(source.url, settings)
      const title = name ?? decodeURIComponent(new URL(source.url).pathname.split('/').pop() || 'video')
      return openBlob(title, blob, context)
    }
  }
}

async function openBlob(name: string, blob: Blob, context: CallContext): Promise<ClipSource> {
  if (blob.size === 0) throw new MaskletError('corrupt_file', `'${name}' is empty; choose another file`)
  if (await isImage(blob)) return ImageClip.open(name, [blob])
  return VideoClip.open(name, blob, context.signal, (done) =>
    void context.emit({ phase: 'open', done, unit: 'frames', text: 'Finding the frames' }),
  )
}

/** By the first bytes: PNG, JPEG, GIF, WebP, BMP; AVIF is told by its type alone. */
async function isImage(blob: Blob): Promise<boolean> {
  const head = new Uint8Array(await blob.slice(0, 12).arrayBuffer())
  const text = String.fromCharCode(...head)
  return (
    text.startsWith('\x89PNG') ||
    (head[0] === 0xff && head[1] === 0xd8) ||
    text.startsWith('GIF8') ||
    text.startsWith('BM') ||
    (text.startsWith('RIFF') && text.slice(8) === 'WEBP') ||
    text.slice(4) === 'ftypavif'
  )
}
