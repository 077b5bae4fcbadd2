import type { Rect } from '../screen/messages'
import type { OpenClip } from '../state/clip'
import type { Doubt, Stretch, WeakStretch } from '../state/doubts'
import { type TrackedObject, css } from '../state/objects'
import { type Prompt, isEmpty } from '../state/prompts'
import type { Results } from '../state/results'

type Context = CanvasRenderingContext2D

// The lanes are dark in every colour scheme: the objects' colours are made for that.
const weakColours: Record<Doubt, { bar: string; veil: string; lines: string }> = {
  unsure: { bar: 'rgb(255 93 93)', veil: 'rgb(255 93 93 / 0.12)', lines: 'rgb(255 93 93 / 0.32)' },
  jump: { bar: 'rgb(255 190 70)', veil: 'rgb(255 190 70 / 0.1)', lines: 'rgb(255 190 70 / 0.2)' },
  gone: { bar: 'rgb(150 160 176)', veil: 'rgb(150 160 176 / 0.08)', lines: 'rgb(150 160 176 / 0.16)' },
}
const accent = 'rgb(64 224 208)'
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

/** One object through time: height is its area, brightness how sure the model is; marked where it needs a look. */
export function drawLane(
  context: Context,
  lane: Rect,
  frameCount: number,
  object: TrackedObject,
  results: Results,
  selected: boolean,
): void {
  const base = lane.y + lane.height - 6
  const room = lane.height - 12
  if (selected) {
    context.fillStyle = 'rgb(255 255 255 / 0.05)'
    context.fillRect(lane.x, lane.y + 1, lane.width, lane.height - 2)
  }
  context.fillStyle = faint
  context.fillRect(lane.x, base, lane.width, 1)
  const columns = columnsOf(lane, frameCount, object.id, results)
  const most = columns.reduce((area, column) => Math.max(area, column.area), 1)
  for (const { x, width, area, confidence } of columns) {
    const height = area > 0 ? Math.max(3, room * Math.sqrt(area / most)) : 0
    if (height > 0) {
      context.fillStyle = css(object.colour, 0.22 + 0.68 * confidence)
      context.fillRect(x, base - height, width, height)
      context.fillStyle = css(object.colour, 0.5 + 0.5 * confidence)
      context.fillRect(x, base - height, width, 1.5)
    } else {
      context.fillStyle = css(object.colour, 0.35)
      context.fillRect(x + width * 0.25, base - 1, Math.max(1, width * 0.5), 2)
    }
  }
  const column = lane.width / frameCount
  for (const stretch of results.weakStretches(object.id)) markWeak(context, stretch, lane, column, base)
}

interface Column {
  x: number
  width: number
  /** 0 where the object is out of sight. */
  area: number
  confidence: number
}

/** Frames as columns of whole pixels, so that no seams show; of frames that share a pixel the largest and least sure. */
function columnsOf(lane: Rect, frameCount: number, object: number, results: Results): Column[] {
  const columns: Column[] = []
  const edge = (frame: number) => Math.round(lane.x + (frame * lane.width) / frameCount)
  for (const frame of results.frames()) {
    const row = results.get(frame, object)
    if (!row) continue
    const x = edge(frame)
    const area = row.present ? row.area : 0
    const last = columns.at(-1)
    if (last && last.x === x) {
      last.area = Math.max(last.area, area)
      last.confidence = Math.min(last.confidence, row.confidence)
    } else {
      columns.push({ x, width: Math.max(1, edge(frame + 1) - x), area, confidence: row.confidence })
    }
  }
  return columns
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
  context.fillStyle = accent
  context.fillRect(x, lanes.y - 2, width, 2)
}

/** What is being tracked now, on the ruler's edge. */
export function drawRange(context: Context, lanes: Rect, frameCount: number, { first, last }: Stretch): void {
  const column = lanes.width / frameCount
  context.fillStyle = accent
  context.fillRect(lanes.x + first * column, lanes.y - 2, (last - first + 1) * column, 2)
}

/** A bar under the stretch in the colour of its kind, and a veil of lines over it; a jump has a line at its start. */
function markWeak(context: Context, { first, last, why }: WeakStretch, lane: Rect, column: number, base: number): void {
  const [x, width] = [lane.x + first * column, Math.max(2, (last - first + 1) * column)]
  const { bar, veil, lines } = weakColours[why]
  context.save()
  context.beginPath()
  context.rect(x, lane.y + 3, width, base - lane.y - 3)
  context.clip()
  context.fillStyle = veil
  context.fillRect(x, lane.y, width, lane.height)
  context.strokeStyle = lines
  context.lineWidth = 1
  context.beginPath()
  // From multiples of the distance, so that the lines of neighbours meet.
  for (let at = Math.floor((x - lane.height) / 6) * 6; at < x + width; at += 6) {
    context.moveTo(at, base)
    context.lineTo(at + lane.height, base - lane.height)
  }
  context.stroke()
  context.restore()
  context.fillStyle = bar
  context.fillRect(x, base + 1, width, 3)
  if (why === 'jump') context.fillRect(x, lane.y + 3, 2, base - lane.y - 2)
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
