import type { Rect } from '../frames/paint'
import type { OpenClip } from '../state/clip'
import { type TrackedObject, css } from '../state/objects'
import { type Prompt, isEmpty } from '../state/prompts'
import { type Results, type Stretch } from '../state/results'

type Context = CanvasRenderingContext2D

const weakColour = 'rgb(255 93 93)'
const faint = 'rgb(255 255 255 / 0.09)'

/** Seconds, at steps that leave room for their numbers. */
export function drawRuler(context: Context, { times, frameCount }: OpenClip, width: number, height: number): void {
  const start = times[0] ?? 0
  const length = Math.max(1e-3, (times.at(-1) ?? 0) - start)
  const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300].find((each) => (each / length) * width > 64) ?? 600
  context.font = '11px system-ui, sans-serif'
  context.textBaseline = 'middle'
  let next = 0
  for (let frame = 0; frame < frameCount; frame += 1) {
    const time = (times[frame] ?? 0) - start
    if (time + 1e-6 < next) continue
    const x = ((frame + 0.5) / frameCount) * width
    context.fillStyle = faint
    context.fillRect(x, height - 5, 1, 5)
    context.fillStyle = 'rgb(150 160 176)'
    if (x < width - 34) context.fillText(`${Number(next.toFixed(1))} s`, x + 4, height - 11)
    next += step
  }
}

/** One object through time: height is its area, brightness how sure the model is; red where it is unsure. */
export function drawLane(
  context: Context,
  lane: Rect,
  frameCount: number,
  object: TrackedObject,
  results: Results,
  selected: boolean,
): void {
  const column = lane.width / frameCount
  const base = lane.y + lane.height - 6
  const room = lane.height - 12
  if (selected) {
    context.fillStyle = 'rgb(255 255 255 / 0.035)'
    context.fillRect(lane.x, lane.y + 1, lane.width, lane.height - 2)
  }
  context.fillStyle = faint
  context.fillRect(lane.x, base, lane.width, 1)
  const most = largestArea(results, object.id, frameCount)
  for (let frame = 0; frame < frameCount; frame += 1) {
    const row = results.get(frame, object.id)
    if (!row) continue
    // Whole pixels, so that no seams show between columns.
    const x = Math.round(lane.x + frame * column)
    const width = Math.round(lane.x + (frame + 1) * column) - x
    if (row.present) {
      const height = Math.max(3, room * Math.sqrt(row.area / most))
      context.fillStyle = css(object.colour, 0.22 + 0.68 * row.confidence)
      context.fillRect(x, base - height, width, height)
      context.fillStyle = css(object.colour, 0.5 + 0.5 * row.confidence)
      context.fillRect(x, base - height, width, 1.5)
    } else {
      context.fillStyle = css(object.colour, 0.35)
      context.fillRect(x + column * 0.25, base - 1, Math.max(1, column * 0.5), 2)
    }
  }
  for (const stretch of results.weakStretches(object.id)) markWeak(context, stretch, lane, column, base)
}

/** Where something was said of the object. */
export function drawMarks(context: Context, lane: Rect, frameCount: number, object: TrackedObject, said: readonly Prompt[]): void {
  for (const prompt of said)
    if (!isEmpty(prompt)) drawDiamond(context, lane.x + ((prompt.frame + 0.5) * lane.width) / frameCount, lane.y + 6, object)
}

/** Frames whose masks are about to be found anew. */
export function drawStale(context: Context, lanes: Rect, frameCount: number, { first, last }: Stretch): void {
  const column = lanes.width / frameCount
  const [x, width] = [lanes.x + first * column, (last - first + 1) * column]
  context.fillStyle = 'rgb(21 24 30 / 0.62)'
  context.fillRect(x, lanes.y, width, lanes.height)
  context.fillStyle = 'rgb(64 224 208)'
  context.fillRect(x, lanes.y - 2, width, 2)
}

/** A veil of red lines over the stretch, and a bar under it. */
function markWeak(context: Context, { first, last }: Stretch, lane: Rect, column: number, base: number): void {
  const [x, width] = [lane.x + first * column, (last - first + 1) * column]
  context.save()
  context.beginPath()
  context.rect(x, lane.y + 3, width, base - lane.y - 3)
  context.clip()
  context.fillStyle = 'rgb(255 93 93 / 0.1)'
  context.fillRect(x, lane.y, width, lane.height)
  context.strokeStyle = 'rgb(255 93 93 / 0.28)'
  context.lineWidth = 1
  context.beginPath()
  for (let at = x - lane.height; at < x + width; at += 6) {
    context.moveTo(at, base)
    context.lineTo(at + lane.height, base - lane.height)
  }
  context.stroke()
  context.restore()
  context.fillStyle = weakColour
  context.fillRect(x, base + 1, Math.max(2, width), 2.5)
}

function drawDiamond(context: Context, x: number, y: number, { colour }: TrackedObject): void {
  context.fillStyle = css(colour)
  context.strokeStyle = '#0e1014'
  context.lineWidth = 1.5
  context.beginPath()
  context.moveTo(x, y - 5)
  context.lineTo(x + 5, y)
  context.lineTo(x, y + 5)
  context.lineTo(x - 5, y)
  context.closePath()
  context.fill()
  context.stroke()
}

function largestArea(results: Results, object: number, frameCount: number): number {
  let most = 1
  for (let frame = 0; frame < frameCount; frame += 1) most = Math.max(most, results.get(frame, object)?.area ?? 0)
  return most
}

