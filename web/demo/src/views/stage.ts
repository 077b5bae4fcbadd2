import type { App } from '../app'
import { redraw } from '../base/cell'
import { byId, el } from '../base/dom'
import type { Rect, Scene } from '../screen/messages'
import { installStageInput } from './stage_input'

/** Where the picture lies on the stage, and what is drawn over it that is nobody's state. */
export interface Stage {
  canvas: HTMLCanvasElement
  /** The picture's place, in CSS pixels of the canvas. */
  place(): Rect | undefined
  /** A box being dragged and the keyboard's crosshair, in pixels of the video. */
  draft: Scene['draft']
  redraw(): void
}

/** Frames whose masks are made ready beforehand while it plays. */
const masksAhead = 4

export function showStage(app: App): Stage {
  const { clip, playhead, screen, prompts, objects, results, engine } = app
  const canvas = byId<HTMLCanvasElement>('picture')
  screen.start(canvas)
  const empty = el('div', { class: 'empty' }, el('p', {}, 'Drop a video here, or open one.'), el('small', {}, 'It stays on this machine: nothing is uploaded.'))
  byId('stage').append(empty)
  // Measured when they change, so that drawing asks for no layout.
  let size = { width: canvas.clientWidth, height: canvas.clientHeight }

  const place = (): Rect | undefined => {
    const open = clip.open.value
    if (!open) return undefined
    const scale = Math.min(size.width / open.width, size.height / open.height)
    const [width, height] = [open.width * scale, open.height * scale]
    return { x: (size.width - width) / 2, y: (size.height - height) / 2, width, height }
  }

  const draw = () => {
    const at = place()
    empty.hidden = at !== undefined || engine.status.value.kind === 'loading'
    if (!at || at.width <= 0) return
    const frame = playhead.frame.value
    const playing = playhead.playing.value
    const { box, crosshair } = stage.draft
    screen.draw({
      frame,
      width: Math.round(size.width * devicePixelRatio),
      height: Math.round(size.height * devicePixelRatio),
      ratio: devicePixelRatio,
      place: at,
      objects: objects.list.value.map(({ id, colour, visible }) => ({ id, colour, visible, selected: id === objects.selected.value })),
      prompts: prompts.on(frame),
      draft: { box, crosshair: document.activeElement === canvas ? crosshair : undefined },
      masked: Array.from({ length: playing ? 1 + masksAhead : 1 }, (_, ahead) => frame + ahead).filter((each) => results.has(each)),
      playing,
    })
  }

  const ask = redraw([clip.open, playhead.frame, playhead.playing, prompts.all, objects.list, objects.selected, engine.status], draw)
  new ResizeObserver(() => {
    size = { width: canvas.clientWidth, height: canvas.clientHeight }
    ask()
  }).observe(canvas)
  clip.open.watch((open) => {
    canvas.setAttribute('aria-label', open ? `${open.name}. Arrow keys move a crosshair, Enter marks what is under it.` : 'No clip is open')
  })
  const stage: Stage = { canvas, place, draft: {}, redraw: ask }
  installStageInput(app, stage)
  return stage
}
