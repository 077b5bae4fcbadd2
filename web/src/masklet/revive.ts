import type { FrameResult, ImageMask } from '../api/types.js'
import type { WireFrame, WireImageMask, WirePixels } from '../worker/wire.js'

function picture(pixels: WirePixels, width: number, height: number): ImageData | ImageBitmap {
  if (!(pixels instanceof Uint8Array)) return pixels
  return new ImageData(new Uint8ClampedArray(pixels.buffer as ArrayBuffer, pixels.byteOffset, pixels.byteLength), width, height)
}

/** A result as the page sees it: pixels without a copy. */
export function frameResult(wire: WireFrame): FrameResult {
  const { width, height } = wire
  const { overlay, objects, ...rest } = wire
  return {
    ...rest,
    objects: objects.map(({ image, ...object }) => ({ ...object, ...(image && { image: picture(image, width, height) }) })),
    ...(overlay && { overlay: picture(overlay, width, height) }),
  }
}

export function imageMask(wire: WireImageMask): ImageMask {
  const { image, ...mask } = wire
  const [height, width] = mask.rle.size
  return { ...mask, ...(image && { image: picture(image, width, height) }) }
}
