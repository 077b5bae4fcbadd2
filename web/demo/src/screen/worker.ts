import { Bitmaps } from './bitmaps'
import { drawBox, drawCrosshair, drawPoint } from './marks'
import { Masks } from './masks'
import type { FromScreen, Scene, ScreenSource, ToScreen } from './messages'
import { type Shape, paintMasks } from './paint'
import { type Reader, openReader, screenPixels } from './reader'

// Draws the stage: decodes the pictures, keeps them and the masks, and paints. The page itself only says what is to be
// seen, so that it never waits for pixels.

/** Frames decoded beforehand while it plays. */
const readAhead = 8
const pictureBytes = 192 * 2 ** 20

class Screen {
  private readonly pictures = new Bitmaps(pictureBytes)
  private readonly masks = new Masks()
  private readonly context: OffscreenCanvasRenderingContext2D
  private scene: Scene | undefined
  private clip = 0
  private size = { width: 1, height: 1 }
  private frameCount = 0
  private reader: Reader | undefined
  /** The page hands the pictures over. */
  private isPushed = false
  private reading = false
  /** The frame whose picture came last; it stands in for one that is not there yet. */
  private latest: number | undefined
  /** The frame whose picture was drawn last. */
  private shown: number | undefined
  private asked = ''
  private isDrawAsked = false

  constructor(private readonly canvas: OffscreenCanvas) {
    const context = canvas.getContext('2d')
    if (!context) throw new Error('this browser draws no canvas in a worker')
    this.context = context
  }

  async open(clip: number, source: ScreenSource, times: readonly number[], width: number, height: number): Promise<void> {
    this.reader?.close()
    this.reader = undefined
    this.pictures.clear()
    this.masks.clear()
    this.latest = this.shown = undefined
    this.asked = ''
    this.isPushed = source.kind === 'pushed'
    this.clip = clip
    this.size = { width, height }
    this.frameCount = times.length
    try {
      const reader = await openReader(source, times, { width, height }, screenPixels)
      if (clip !== this.clip) return reader?.close()
      this.reader = reader
    } catch (thrown) {
      this.giveUp(clip, thrown)
    }
    this.askDraw()
  }

  putPicture(frame: number, bitmap: ImageBitmap): void {
    this.pictures.put(frame, bitmap)
    this.latest = frame
    const wanted = this.scene?.frame
    // What is decoded beforehand is not seen yet.
    if (frame === wanted || wanted === undefined || !this.pictures.has(wanted)) this.askDraw()
  }

  putMasks(message: Extract<ToScreen, { kind: 'masks' }>): void {
    this.masks.put(message.frame, message.masks)
    if (message.frame === this.shown || message.frame === this.scene?.frame) this.askDraw()
  }

  /** An object, or all masks. */
  forget(object: number | undefined): void {
    if (object === undefined) this.masks.clear()
    else this.masks.removeObject(object)
    this.asked = ''
    this.askDraw()
  }

  show(scene: Scene): void {
    this.scene = scene
    this.askDraw()
  }

  private askDraw(): void {
    if (this.isDrawAsked) return
    this.isDrawAsked = true
    requestAnimationFrame(() => {
      this.isDrawAsked = false
      this.draw()
    })
  }

  private draw(): void {
    const { scene, canvas, context } = this
    if (!scene) return
    void this.read()
    this.ask(scene)
    const { ratio, place, width, height } = scene
    const frame = this.pictures.has(scene.frame) ? scene.frame : this.latest
    const picture = frame === undefined ? undefined : this.pictures.get(frame)
    if (canvas.width !== width) canvas.width = width
    if (canvas.height !== height) canvas.height = height
    context.setTransform(1, 0, 0, 1, 0, 0)
    context.clearRect(0, 0, width, height)
    if (!picture || frame === undefined) return
    context.setTransform(ratio, 0, 0, ratio, 0, 0)
    context.imageSmoothingQuality = 'low'
    context.drawImage(picture, place.x, place.y, place.width, place.height)
    this.drawMasks(scene, frame)
    if (frame === scene.frame) this.drawMarks(scene)
    if (frame === this.shown) return
    this.shown = frame
    say({ kind: 'shown', clip: this.clip, frame })
  }

  private drawMasks({ objects, place, ratio }: Scene, frame: number): void {
    const { context, size } = this
    const shapes: Shape[] = []
    for (const { id, colour, visible, selected } of objects) {
      const path = visible ? this.masks.path(frame, id, size.width, size.height) : undefined
      if (path) shapes.push({ path, colour, selected: selected && objects.length > 1 })
    }
    const scale = place.width / size.width
    context.save()
    context.translate(place.x, place.y)
    context.scale(scale, scale)
    paintMasks(context, shapes, 2.2 / scale / (ratio > 1.5 ? 1.15 : 1))
    context.restore()
  }

  private drawMarks({ objects, prompts, place, draft }: Scene): void {
    const { context } = this
    const scale = place.width / this.size.width
    const toStage = (x: number, y: number) => [place.x + x * scale, place.y + y * scale] as const
    for (const { object, points, box } of prompts) {
      const found = objects.find(({ id }) => id === object)
      if (!found?.visible) continue
      if (box) drawBox(context, toStage(box[0], box[1]), toStage(box[2], box[3]), found.colour)
      for (const { x, y, add } of points) drawPoint(context, toStage(x, y), found.colour, add, found.selected)
    }
    const { box, crosshair } = draft
    const colour = objects.find(({ selected }) => selected)?.colour ?? [255, 255, 255]
    if (box) drawBox(context, toStage(box[0], box[1]), toStage(box[2], box[3]), colour)
    if (crosshair) drawCrosshair(context, toStage(...crosshair))
  }

  /** Decodes what the newest scene needs, one frame after the other, until nothing is missing. */
  private async read(): Promise<void> {
    const { reader, clip } = this
    if (!reader || this.reading) return
    this.reading = true
    try {
      for (let next = this.missing(); next !== undefined && reader === this.reader; next = this.missing()) {
        await reader.read(next, (frame, bitmap) => {
          if (reader !== this.reader) return bitmap.close()
          this.putPicture(frame, bitmap)
        })
      }
    } catch (thrown) {
      this.giveUp(clip, thrown)
    } finally {
      this.reading = false
    }
    // Another clip was opened meanwhile, or the page is to be asked.
    if (reader !== this.reader) this.askDraw()
  }

  private missing(): number | undefined {
    if (!this.scene) return undefined
    const { frame, playing } = this.scene
    const last = playing ? Math.min(this.frameCount - 1, frame + readAhead) : frame
    for (let next = frame; next <= last; next += 1) if (!this.pictures.has(next)) return next
    return undefined
  }

  /** Asks the page for what only it can give, once for the same things. */
  private ask(scene: Scene): void {
    const picture = this.isPushed && !this.pictures.has(scene.frame) ? scene.frame : undefined
    const masks = scene.masked.filter((frame) => !this.masks.has(frame))
    const asked = `${picture} ${masks.join()}`
    if (asked === this.asked || (picture === undefined && masks.length === 0)) return
    this.asked = asked
    say({ kind: 'ask', clip: this.clip, picture, masks })
  }

  private giveUp(clip: number, thrown: unknown): void {
    if (clip !== this.clip) return
    this.reader?.close()
    this.reader = undefined
    this.isPushed = true
    say({ kind: 'unreadable', clip, message: String(thrown) })
  }

  takes(clip: number): boolean {
    return clip === this.clip
  }
}

const say = (message: FromScreen) => postMessage(message)

let screen: Screen | undefined
onmessage = ({ data }: MessageEvent<ToScreen>) => {
  if (data.kind === 'start') {
    screen = new Screen(data.canvas)
  } else if (data.kind === 'open') {
    void screen?.open(data.clip, data.source, data.times, data.width, data.height)
  } else if (data.kind === 'scene') {
    screen?.show(data.scene)
  } else if (!screen?.takes(data.clip)) {
    if (data.kind === 'picture') data.bitmap.close()
  } else if (data.kind === 'picture') {
    screen.putPicture(data.frame, data.bitmap)
  } else if (data.kind === 'masks') {
    screen.putMasks(data)
  } else {
    screen.forget(data.object)
  }
}
