import type { Rgba, VideoSession } from 'masklet'
import type { App } from '../app'
import type { ScreenSource } from '../screen/messages'
import { sourceOf } from '../screen/screen'

/** What an export reads. */
export interface ExportSource {
  session: VideoSession
  pictures: ScreenSource
  name: string
  width: number
  height: number
  rate: number
  times: readonly number[]
  /** Frames with results, in order. */
  frames: readonly number[]
  /** The visible objects' colours. */
  colours: Record<number, Rgba>
}

/** Writes a file; calls step() after each frame and ends early when the signal says so. */
export type Export = (source: ExportSource, step: () => void, signal: AbortSignal) => Promise<{ blob: Blob; ending: string }>

export function exportSource({ clip, objects, results }: App): ExportSource | undefined {
  const open = clip.open.value
  if (!open) return undefined
  const { session, name, width, height, rate, times } = open
  const colours: Record<number, Rgba> = {}
  for (const { id, colour, visible } of objects.list.value) colours[id] = [...colour, visible ? 255 : 0]
  const pictures = sourceOf(clip.request?.source)
  return { session, pictures, name, width, height, rate, times, frames: results.frames(), colours }
}

/** Seconds that a frame is shown. */
export function lasting({ times, rate }: ExportSource, frame: number): number {
  const [now, next] = [times[frame], times[frame + 1]]
  return now !== undefined && next !== undefined && next > now ? next - now : 1 / rate
}
