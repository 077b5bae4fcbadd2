import { writeFrames } from './frames_video'
import type { Export } from './source'

/** The visible objects alone, on nothing: WebM with alpha. */
export const exportCutOut: Export = (source, step, signal) => {
  const { width, height, colours } = source
  const masks = { overlay: { colours, as: 'ImageBitmap' as const } }
  return writeFrames(source, { alpha: true, masks, ending: '.cutout' }, (context, picture, { overlay }) => {
    if (!(overlay instanceof ImageBitmap)) return
    // The overlay is opaque where the objects are: a stencil.
    context.globalCompositeOperation = 'source-over'
    context.drawImage(overlay, 0, 0, width, height)
    context.globalCompositeOperation = 'source-in'
    context.drawImage(picture, 0, 0, width, height)
    context.globalCompositeOperation = 'source-over'
  }, step, signal)
}
