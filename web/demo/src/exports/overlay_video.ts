import { outlinePath } from '../screen/outline'
import { paintMasks } from '../screen/paint'
import { writeFrames } from './frames_video'
import type { Export } from './source'

/** The clip with its masks on it, as the stage shows it. */
export const exportOverlay: Export = (source, step, signal) => {
  const { width, height, colours } = source
  const line = Math.max(1.5, Math.min(width, height) / 240)
  return writeFrames(source, { alpha: false, masks: {}, ending: '.overlay' }, (context, picture, { objects }) => {
    context.drawImage(picture, 0, 0, width, height)
    const shapes = objects.flatMap(({ id, rle }) => {
      const [red, green, blue, opacity] = colours[id] ?? [0, 0, 0, 0]
      return opacity ? [{ path: outlinePath(rle.counts, width, height), colour: [red, green, blue] as const, selected: false }] : []
    })
    paintMasks(context, shapes, line)
  }, step, signal)
}
