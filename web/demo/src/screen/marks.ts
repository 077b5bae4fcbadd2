import { type Colour, css } from '../state/objects'
import type { Painting } from './paint'

type Place = readonly [x: number, y: number]

/** A point that was said: a disc in the object's colour with a plus, or a dark one with a minus. */
export function drawPoint(context: Painting, [x, y]: Place, colour: Colour, add: boolean, selected: boolean): void {
  const radius = selected ? 8 : 6
  context.save()
  context.shadowColor = 'rgb(0 0 0 / 0.6)'
  context.shadowBlur = 6
  disc(context, x, y, radius + 2, '#fff')
  context.shadowBlur = 0
  disc(context, x, y, radius, add ? css(colour) : '#23262d')
  context.strokeStyle = add ? '#10131a' : '#fff'
  context.lineWidth = 2
  context.lineCap = 'round'
  const arm = radius * 0.5
  context.beginPath()
  context.moveTo(x - arm, y)
  context.lineTo(x + arm, y)
  if (add) {
    context.moveTo(x, y - arm)
    context.lineTo(x, y + arm)
  }
  context.stroke()
  context.restore()
}

export function drawBox(context: Painting, [x0, y0]: Place, [x1, y1]: Place, colour: Colour): void {
  context.save()
  context.lineWidth = 3
  context.strokeStyle = 'rgb(0 0 0 / 0.55)'
  context.strokeRect(x0, y0, x1 - x0, y1 - y0)
  context.lineWidth = 1.5
  context.setLineDash([7, 5])
  context.strokeStyle = css(colour)
  context.strokeRect(x0, y0, x1 - x0, y1 - y0)
  context.restore()
}

/** Where Enter would mark. */
export function drawCrosshair(context: Painting, [x, y]: Place): void {
  context.save()
  for (const [width, style] of [[4, 'rgb(0 0 0 / 0.6)'], [1.5, '#fff']] as const) {
    context.lineWidth = width
    context.strokeStyle = style
    context.beginPath()
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]] as const) {
      context.moveTo(x + 5 * dx, y + 5 * dy)
      context.lineTo(x + 16 * dx, y + 16 * dy)
    }
    context.stroke()
  }
  context.restore()
}

function disc(context: Painting, x: number, y: number, radius: number, style: string): void {
  context.fillStyle = style
  context.beginPath()
  context.arc(x, y, radius, 0, 2 * Math.PI)
  context.fill()
}
