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
  private of: ImageBitmap | undefined
  private scale = 0

  /** `line`: half the line's width, in pixels of the target. */
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
    this.outline(overlay, Math.min(1, width / overlay.width), (line * overlay.width) / width)
    target.drawImage(this.canvas, x, y, width, height)
  }

  /** The mask moved in all directions, less the mask; kept until another one is asked for. */
  private outline(overlay: ImageBitmap, scale: number, line: number): void {
    if (this.of === overlay && this.scale === scale) return
    const { canvas } = this
    const [width, height] = [Math.ceil(overlay.width * scale), Math.ceil(overlay.height * scale)]
    if (canvas.width !== width) canvas.width = width
    if (canvas.height !== height) canvas.height = height
    const context = canvas.getContext('2d')
    if (!context) return
    const by = Math.max(0.75, line * scale)
    context.globalCompositeOperation = 'copy'
    context.drawImage(overlay, 0, 0, width, height)
    context.globalCompositeOperation = 'source-over'
    for (const [dx, dy] of directions) context.drawImage(overlay, dx * by, dy * by, width, height)
    context.globalCompositeOperation = 'destination-out'
    context.drawImage(overlay, 0, 0, width, height)
    this.of = overlay
    this.scale = scale
  }
}
