export interface Rect {
  x: number
  y: number
  width: number
  height: number
}

const directions = Array.from({ length: 8 }, (_, i) => [Math.cos((i * Math.PI) / 4), Math.sin((i * Math.PI) / 4)] as const)

/** Lays masks over a picture: a veil of their colour and a line around them. */
export class MaskPainter {
  private readonly canvas = new OffscreenCanvas(1, 1)

  paint(
    target: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D,
    overlay: ImageBitmap,
    { x, y, width, height }: Rect,
    line: number,
  ): void {
    target.save()
    target.globalAlpha = 0.38
    target.drawImage(overlay, x, y, width, height)
    target.restore()
    const outline = this.outline(overlay, Math.ceil(width), Math.ceil(height), line)
    if (outline) target.drawImage(outline, x, y, width, height)
  }

  /** The mask moved in all directions, less the mask. */
  private outline(overlay: ImageBitmap, width: number, height: number, line: number): OffscreenCanvas | undefined {
    const { canvas } = this
    if (canvas.width !== width) canvas.width = width
    if (canvas.height !== height) canvas.height = height
    const context = canvas.getContext('2d')
    if (!context) return undefined
    context.globalCompositeOperation = 'copy'
    context.drawImage(overlay, 0, 0, width, height)
    context.globalCompositeOperation = 'source-over'
    for (const [dx, dy] of directions) context.drawImage(overlay, dx * line, dy * line, width, height)
    context.globalCompositeOperation = 'destination-out'
    context.drawImage(overlay, 0, 0, width, height)
    return canvas
  }
}
