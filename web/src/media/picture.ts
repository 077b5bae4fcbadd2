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

/** A picture with what showing it needs besides: the colours that the browser reads it in. */
export interface DecodedPicture extends Picture {
  shownAs?: VideoColorSpaceInit
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
): Promise<DecodedPicture> {
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
    shownAs: frame.colorSpace.toJSON(),
  }
}

/** The upright picture as the page may draw it. */
export function bitmapOf(picture: DecodedPicture): ImageBitmap {
  const { format, width, height, planes, quarterTurns, data, shownAs } = picture
  const frame = new VideoFrame(data as Uint8Array<ArrayBuffer>, {
    // Opacity plays no part in tracking.
    format: format.replace(/A$/, 'X') as VideoPixelFormat,
    codedWidth: width,
    codedHeight: height,
    timestamp: 0,
    layout: planes,
    ...(shownAs && { colorSpace: shownAs }),
  })
  try {
    const lies = quarterTurns % 2 !== 0
    const canvas = new OffscreenCanvas(lies ? height : width, lies ? width : height)
    const context = drawing(canvas)
    context.translate(canvas.width / 2, canvas.height / 2)
    context.rotate((quarterTurns * Math.PI) / 2)
    context.drawImage(frame, -width / 2, -height / 2)
    return canvas.transferToImageBitmap()
  } finally {
    frame.close()
  }
}

/** A picture as RGBA; it is not closed. */
export function pictureOfBitmap(bitmap: ImageBitmap): Picture {
  return drawnPicture(bitmap, bitmap.width, bitmap.height, 0)
}

function drawing(canvas: OffscreenCanvas, settings?: CanvasRenderingContext2DSettings): OffscreenCanvasRenderingContext2D {
  const context = canvas.getContext('2d', settings)
  if (!context) throw new MaskletError('unsupported_file', 'this browser draws no frames in a worker')
  return context
}

/** Frames that only the graphics card can read are drawn. */
function drawnPicture(image: CanvasImageSource, width: number, height: number, quarterTurns: number): Picture {
  const context = drawing(new OffscreenCanvas(width, height), { willReadFrequently: true })
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
