import type { Picture } from '../core/module.js'
import { MaskletError } from '../errors/error.js'

/** WebCodecs' formats by the layout that core reads; an alpha plane comes last and is left out. */
const layouts: Record<string, [format: string, planes: number]> = {
  I420: ['I420', 3],
  I420A: ['I420', 3],
  I422: ['I422', 3],
  I422A: ['I422', 3],
  I444: ['I444', 3],
  I444A: ['I444', 3],
  NV12: ['NV12', 2],
  RGBA: ['RGBA', 1],
  RGBX: ['RGBA', 1],
  BGRA: ['BGRA', 1],
  BGRX: ['BGRA', 1],
  I420P10: ['I420P10', 3],
  I422P10: ['I422P10', 3],
  I444P10: ['I444P10', 3],
}

const matrices: Record<string, Picture['matrix']> = {
  bt709: 'bt709',
  bt470bg: 'bt601',
  smpte170m: 'bt601',
  'bt2020-ncl': 'bt2020',
}

/**
 * The visible part of a decoded frame, as its planes. The frame stays open. `declared` is the colour space that the file
 * itself tells: where it tells none, core presumes one as the native twin does, while a frame's own is the browser's
 * guess.
 */
export async function pictureOf(
  frame: VideoFrame,
  quarterTurns = 0,
  declared: VideoColorSpaceInit = frame.colorSpace,
): Promise<Picture> {
  const rect = frame.visibleRect
  const layout = frame.format ? layouts[frame.format] : undefined
  if (!rect) throw new MaskletError('io_failed', 'a frame is closed already')
  if (!layout) return drawnPicture(frame, rect.width, rect.height, quarterTurns)
  const [format, count] = layout
  const data = new Uint8Array(frame.allocationSize({ rect }))
  const planes = (await frame.copyTo(data, { rect })).slice(0, count)
  return {
    format,
    width: rect.width,
    height: rect.height,
    planes: planes.map(({ offset, stride }) => ({ offset, stride })),
    matrix: matrices[declared.matrix ?? ''],
    fullRange: declared.fullRange ?? false,
    quarterTurns,
    data,
  }
}

/** A picture as RGBA; it is not closed. */
export function pictureOfBitmap(bitmap: ImageBitmap): Picture {
  return drawnPicture(bitmap, bitmap.width, bitmap.height, 0)
}

/** Frames that only the graphics card can read are drawn. */
function drawnPicture(image: CanvasImageSource, width: number, height: number, quarterTurns: number): Picture {
  const canvas = new OffscreenCanvas(width, height)
  const context = canvas.getContext('2d', { willReadFrequently: true })
  if (!context) throw new MaskletError('unsupported_file', 'this browser draws no frames in a worker')
  context.drawImage(image, 0, 0, width, height)
  const { data } = context.getImageData(0, 0, width, height)
  return {
    format: 'RGBA',
    width,
    height,
    planes: [{ offset: 0, stride: 4 * width }],
    fullRange: true,
    quarterTurns,
    data: new Uint8Array(data.buffer),
  }
}
