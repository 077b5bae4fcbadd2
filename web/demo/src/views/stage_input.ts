import type { App } from '../app'
import type { Stage } from './stage'

/** A pointer that moves less than this, in CSS pixels, clicks; else it drags a box. */
const clickSlack = 6
const smallStep = 0.0125
const largeStep = 0.0625

/** Clicks, taps, drags and the keyboard's crosshair become prompts. */
export function installStageInput(app: App, stage: Stage): void {
  const { canvas } = stage
  let start: { id: number; at: readonly [number, number]; x: number; y: number } | undefined

  /** In pixels of the video; undefined beside the picture. `inside` moves it onto the picture instead. */
  const toVideo = (event: { clientX: number; clientY: number }, inside = false): readonly [number, number] | undefined => {
    const place = stage.place()
    const open = app.clip.open.value
    if (!place || !open) return undefined
    const bounds = canvas.getBoundingClientRect()
    const x = ((event.clientX - bounds.left - place.x) / place.width) * open.width
    const y = ((event.clientY - bounds.top - place.y) / place.height) * open.height
    const clamped = [clamp(x, open.width - 1), clamp(y, open.height - 1)] as const
    if (inside || (x >= 0 && y >= 0 && x < open.width && y < open.height)) return clamped
    return undefined
  }

  canvas.onpointerdown = (event) => {
    if (!event.isPrimary || event.button > 2 || event.button === 1) return
    const at = toVideo(event)
    if (!at) return
    start = { id: event.pointerId, at, x: event.clientX, y: event.clientY }
    canvas.setPointerCapture(event.pointerId)
    stage.draft.crosshair = undefined
  }

  canvas.onpointermove = (event) => {
    if (!start || event.pointerId !== start.id || !isDrag(event)) return
    const to = toVideo(event, true)
    if (!to) return
    stage.draft.box = span(start.at, to)
    stage.redraw()
  }

  canvas.onpointerup = (event) => {
    if (!start || event.pointerId !== start.id) return
    const { at } = start
    const { box } = stage.draft
    const dragged = isDrag(event)
    end()
    if (dragged) {
      if (box && box[2] - box[0] >= 2 && box[3] - box[1] >= 2) void app.prompting.setBox(box)
      return
    }
    const removes = event.button === 2 || event.altKey || app.tool.name.value === 'remove'
    if (app.tool.name.value === 'box' && !removes) {
      app.notices.add({ kind: 'info', title: 'Drag a box', text: 'With the Box tool, press and drag from one corner of the object to the other.' })
      return
    }
    void app.prompting.addPoint(at[0], at[1], !removes)
  }
  canvas.onpointercancel = () => end()
  canvas.oncontextmenu = (event) => event.preventDefault()

  const isDrag = (event: PointerEvent) => start !== undefined && Math.hypot(event.clientX - start.x, event.clientY - start.y) > clickSlack
  const end = () => {
    start = undefined
    stage.draft.box = undefined
    stage.redraw()
  }

  canvas.onkeydown = (event) => {
    const open = app.clip.open.value
    if (!open || event.ctrlKey || event.metaKey) return
    const { crosshair } = stage.draft
    const direction = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key]
    if (direction) {
      const [x, y] = crosshair ?? [open.width / 2, open.height / 2]
      const step = open.width * (event.shiftKey ? largeStep : smallStep)
      const [dx = 0, dy = 0] = crosshair ? direction : []
      stage.draft.crosshair = [clamp(x + dx * step, open.width - 1), clamp(y + dy * step, open.height - 1)]
    } else if (event.key === 'Enter' && crosshair) {
      void app.prompting.addPoint(crosshair[0], crosshair[1], !(event.altKey || event.shiftKey || app.tool.name.value === 'remove'))
    } else if (event.key === 'Escape' && (crosshair || start)) {
      stage.draft.crosshair = undefined
      end()
    } else {
      return
    }
    event.preventDefault()
    event.stopPropagation()
    stage.redraw()
  }
  canvas.onfocus = () => stage.redraw()
  canvas.onblur = () => stage.redraw()
}

const clamp = (value: number, most: number) => Math.min(most, Math.max(0, value))

function span([ax, ay]: readonly [number, number], [bx, by]: readonly [number, number]) {
  return [Math.min(ax, bx), Math.min(ay, by), Math.max(ax, bx), Math.max(ay, by)] as const
}
