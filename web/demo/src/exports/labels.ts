import type { Export } from './source'
import { indexedPng } from './png'
import { zip } from './zip'

/** Masks as DAVIS has them: a picture a frame, whose index is the object. */
export const exportLabels: Export = async ({ session, frames, colours, width, height }, step, signal) => {
  const palette = Array.from({ length: 256 }, (_, id) => (colours[id] ?? [0, 0, 0]).slice(0, 3) as [number, number, number])
  const files: { name: string; bytes: Uint8Array }[] = []
  for (const frame of frames) {
    if (signal.aborted) break
    const { labels } = await session.result(frame, { masks: { labels: true } })
    const bytes = await indexedPng(labels ?? new Uint8Array(width * height), width, height, palette)
    files.push({ name: `${String(frame).padStart(5, '0')}.png`, bytes })
    step()
  }
  return { blob: zip(files), ending: '.masks.zip' }
}
