import { MaskPainter } from '../frames/paint'
import { writeFrames } from './frames_video'
import type { Export } from './source'

/** The clip with its masks on it, as the stage shows it. */
export const exportOverlay: Export = (source, step, signal) => {
  const painter = new MaskPainter()
  const { width, height, colours } = source
  const masks = { overlay: { colours, as: 'ImageBitmap' as const } }
  const line = Math.max(1, Math.min(width, height) / 300)
  return writeFrames(source, { alpha: false, masks, ending: '.overlay' }, (context, picture, { overlay }) => {
    context.drawImage(picture, 0, 0, width, height)
    if (overlay instanceof ImageBitmap) painter.paint(context, overlay, { x: 0, y: 0, width, height }, line)
  }, step, signal)
}
