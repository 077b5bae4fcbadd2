import { type Colour, css } from '../state/objects'

export type Painting = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D

export interface Shape {
  path: Path2D
  colour: Colour
  /** The object that is being pointed at stands out a little. */
  selected: boolean
}

/**
 * Lays masks over a picture: a veil of their colour, and a line around them on a dark one, which keeps it visible on
 * pictures of the same colour. Paths are in the context's own pixels; `line` is the line's width in them.
 */
export function paintMasks(context: Painting, shapes: readonly Shape[], line: number): void {
  context.save()
  context.lineJoin = 'round'
  for (const { path, colour, selected } of shapes) {
    context.fillStyle = css(colour, selected ? 0.4 : 0.3)
    context.fill(path, 'evenodd')
    context.strokeStyle = 'rgb(0 0 0 / 0.45)'
    context.lineWidth = line * (selected ? 2.1 : 1.9)
    context.stroke(path)
    context.strokeStyle = css(colour, selected ? 1 : 0.9)
    context.lineWidth = line * (selected ? 1.1 : 0.85)
    context.stroke(path)
  }
  context.restore()
}
