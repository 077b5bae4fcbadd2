import type { FrameResult, MaskForms } from 'masklet'
import { openReader } from '../screen/reader'
import { type ExportSource, lasting } from './source'
import { VideoWriter } from './video_writer'

type Context = OffscreenCanvasRenderingContext2D

/** Writes every frame that has results, drawn by `draw`, as a video. */
export async function writeFrames(
  source: ExportSource,
  settings: { alpha: boolean; masks: MaskForms; ending: string },
  draw: (context: Context, picture: ImageBitmap, result: FrameResult) => void,
  step: () => void,
  signal: AbortSignal,
): Promise<{ blob: Blob; ending: string }> {
  const { session, frames, times, width, height } = source
  const writer = await VideoWriter.start(width, height, settings.alpha)
  const context = writer.canvas.getContext('2d')
  if (!context) throw new Error('this browser draws no canvas')
  const pictures = await openPictures(source)
  const start = times[frames[0] ?? 0] ?? 0
  try {
    for (const frame of frames) {
      if (signal.aborted) break
      const [picture, result] = await Promise.all([pictures.read(frame), session.result(frame, { masks: settings.masks })])
      context.clearRect(0, 0, writer.canvas.width, writer.canvas.height)
      draw(context, picture, result)
      picture.close()
      if (result.overlay instanceof ImageBitmap) result.overlay.close()
      await writer.add((times[frame] ?? 0) - start, lasting(source, frame))
      step()
    }
    return { blob: await writer.finish(), ending: settings.ending + writer.ending }
  } catch (thrown) {
    await writer.cancel().catch(() => undefined)
    throw thrown
  } finally {
    pictures.close()
  }
}

/** Pictures in order, each decoded once: the session's own are sought one by one, and serve where there is no file. */
async function openPictures({ session, pictures, times, width, height }: ExportSource) {
  const reader = await openReader(pictures, times, { width, height }, Infinity)
  const read = async (frame: number): Promise<ImageBitmap> => {
    let found: ImageBitmap | undefined
    await reader?.read(frame, (at, bitmap) => {
      if (at === frame) found = bitmap
      else bitmap.close()
    })
    return found ?? session.picture(frame)
  }
  return { read, close: () => reader?.close() }
}
