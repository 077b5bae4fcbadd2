import type { App } from '../app'
import { redraw } from '../base/cell'
import { byId, el } from '../base/dom'
import { MaskPainter, type Rect } from '../frames/paint'
import type { Box } from '../state/prompts'
import { drawBox, drawCrosshair, drawPoint } from './marks'
import { installStageInput } from './stage_input'

/** Where the picture lies on the stage, and what is drawn over it that is nobody's state. */
export interface Stage {
  canvas: HTMLCanvasElement
  /** The picture's place, in CSS pixels of the canvas. */
  place(): Rect | undefined
  /** A box being dragged and the keyboard's crosshair, in pixels of the video. */
  draft: { box?: Box; crosshair?: readonly [number, number] }
  redraw(): void
}

export function showStage(app: App): Stage {
  const { clip, playhead, pictures, overlays, prompts, objects, engine } = app
  const canvas = byId<HTMLCanvasElement>('picture')
  const context = canvas.getContext('2d')
  if (!context) throw new Error('this browser draws no canvas')
  const painter = new MaskPainter()
  let shown: number | undefined
  const empty = el('div', { class: 'empty' }, el('p', {}, 'Drop a video here, or open one.'), el('small', {}, 'It stays on this machine: nothing is uploaded.'))
  byId('stage').append(empty)

  const place = (): Rect | undefined => {
    const open = clip.open.value
    if (!open) return undefined
    const scale = Math.min(canvas.clientWidth / open.width, canvas.clientHeight / open.height)
    const [width, height] = [open.width * scale, open.height * scale]
    return { x: (canvas.clientWidth - width) / 2, y: (canvas.clientHeight - height) / 2, width, height }
  }

  /** The frame at the playhead; until it is there, the one that arrived last. */
  const currentPicture = (): ImageBitmap | undefined => {
    const wanted = playhead.frame.value
    const found = pictures.get(wanted)
    shown = found ? wanted : pictures.latest
    return found ?? (shown === undefined ? undefined : pictures.peek(shown))
  }

  const draw = () => {
    const ratio = devicePixelRatio
    const [width, height] = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)]
    if (canvas.width !== width) canvas.width = width
    if (canvas.height !== height) canvas.height = height
    context.setTransform(1, 0, 0, 1, 0, 0)
    context.clearRect(0, 0, width, height)
    const at = place()
    empty.hidden = at !== undefined || engine.status.value.kind === 'loading'
    if (!at) return
    const picture = currentPicture()
    if (!picture || shown === undefined) return
    const rect = { x: at.x * ratio, y: at.y * ratio, width: at.width * ratio, height: at.height * ratio }
    // Better smoothing holds the page up for long where no graphics card draws.
    context.imageSmoothingQuality = 'low'
    context.drawImage(picture, rect.x, rect.y, rect.width, rect.height)
    const overlay = overlays.get(shown)
    if (overlay) painter.paint(context, overlay, rect, 1.5 * ratio)
    context.setTransform(ratio, 0, 0, ratio, 0, 0)
    drawMarks(at, shown)
  }

  const drawMarks = (at: Rect, frame: number) => {
    const scale = at.width / (clip.open.value?.width ?? 1)
    const toStage = (x: number, y: number) => [at.x + x * scale, at.y + y * scale] as const
    for (const { object, points, box } of prompts.on(frame)) {
      const found = objects.get(object)
      if (!found?.visible) continue
      const selected = object === objects.selected.value
      if (box) drawBox(context, toStage(box[0], box[1]), toStage(box[2], box[3]), found.colour)
      for (const { x, y, add } of points) drawPoint(context, toStage(x, y), found.colour, add, selected)
    }
    const { box, crosshair } = stage.draft
    if (box) drawBox(context, toStage(box[0], box[1]), toStage(box[2], box[3]), objects.get(objects.selected.value)?.colour ?? [255, 255, 255])
    if (crosshair && document.activeElement === canvas) drawCrosshair(context, toStage(...crosshair))
  }

  const ask = redraw([clip.open, playhead.frame, pictures.arrived, overlays.arrived, prompts.all, objects.list, objects.selected, engine.status], draw)
  new ResizeObserver(ask).observe(canvas)
  clip.open.watch((open) => {
    canvas.setAttribute('aria-label', open ? `${open.name}. Arrow keys move a crosshair, Enter marks what is under it.` : 'No clip is open')
  })
  const stage: Stage = { canvas, place, draft: {}, redraw: ask }
  installStageInput(app, stage)
  return stage
}
