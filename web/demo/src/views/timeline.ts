import type { App } from '../app'
import { redraw } from '../base/cell'
import { byId, el } from '../base/dom'
import { clock } from '../base/words'
import { css } from '../state/objects'
import { drawLane, drawMarks, drawRange, drawRuler, drawStale } from './timeline_draw'

const rulerHeight = 22
const laneHeight = 34
/** Milliseconds: while results come in quick succession, seeing each at once would cost more than it shows. */
const apart = 100

/** A lane an object: where it is, how large, how sure the model is; drag to scrub. */
export function showTimeline(app: App): void {
  const { clip, playhead, objects, prompts, results, tracking } = app
  const root = byId('timeline')
  const names = el('div', { class: 'names' })
  const canvas = el('canvas')
  const head = el('div', { class: 'head' })
  const track = el('div', { class: 'track', tabIndex: 0, role: 'slider', aria: { label: 'Frame', valuemin: '1' } }, canvas, head)
  root.append(names, track)
  const context = canvas.getContext('2d')
  if (!context) throw new Error('this browser draws no canvas')
  // Measured when it changes, so that drawing asks for no layout.
  let width = track.clientWidth

  const frameCount = () => clip.open.value?.frameCount ?? 1
  const frameAt = (clientX: number) => {
    const { left } = track.getBoundingClientRect()
    return Math.min(frameCount() - 1, Math.max(0, Math.floor(((clientX - left) / width) * frameCount())))
  }

  track.onpointerdown = (event) => {
    if (!clip.open.value || event.button !== 0) return
    track.setPointerCapture(event.pointerId)
    const lane = Math.floor((event.clientY - track.getBoundingClientRect().top - rulerHeight) / laneHeight)
    const object = objects.list.value[lane]
    if (object && lane >= 0) objects.select(object.id)
    playhead.go(frameAt(event.clientX))
  }
  track.onpointermove = (event) => {
    if (track.hasPointerCapture(event.pointerId)) playhead.go(frameAt(event.clientX))
  }

  const drawLanes = () => {
    const open = clip.open.value
    root.hidden = !open || open.frameCount < 2
    if (!open || root.hidden) return
    const list = objects.list.value
    const height = rulerHeight + laneHeight * list.length
    const ratio = devicePixelRatio
    canvas.style.height = `${height}px`
    if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio)
    if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio)
    context.setTransform(ratio, 0, 0, ratio, 0, 0)
    context.clearRect(0, 0, width, height)
    drawRuler(context, open, width, rulerHeight)
    const laneOf = (index: number) => ({ x: 0, y: rulerHeight + index * laneHeight, width, height: laneHeight })
    list.forEach((object, index) =>
      drawLane(context, laneOf(index), open.frameCount, object, results, object.id === objects.selected.value),
    )
    const lanes = { x: 0, y: rulerHeight, width, height: laneHeight * list.length }
    for (const stretch of tracking.stale()) drawStale(context, lanes, open.frameCount, stretch)
    if (tracking.range.value) drawRange(context, lanes, open.frameCount, tracking.range.value)
    list.forEach((object, index) => {
      const said = prompts.all.value.filter((prompt) => prompt.object === object.id)
      drawMarks(context, laneOf(index), open.frameCount, object, said)
    })
  }
  const showNames = () => {
    names.replaceChildren(
      el('span', { class: 'ruler-name' }, 'Objects'),
      ...objects.list.value.map(({ id, name, colour }) => {
        const selected = id === objects.selected.value
        return el('button', { class: selected ? 'selected' : '', aria: { pressed: String(selected) }, onclick: () => objects.select(id) }, el('i', { style: `background:${css(colour)}` }), name)
      }),
    )
  }
  const drawHead = () => {
    const open = clip.open.value
    if (!open) return
    const frame = playhead.frame.value
    head.style.transform = `translateX(${((frame + 0.5) / open.frameCount) * width - 1}px)`
    track.setAttribute('aria-valuemax', String(open.frameCount))
    track.setAttribute('aria-valuenow', String(frame + 1))
    track.setAttribute('aria-valuetext', `frame ${frame + 1} of ${open.frameCount}, ${clock(open.times[frame] ?? 0)}`)
  }
  const askHead = redraw([clip.open, playhead.frame], drawHead)
  redraw([objects.list, objects.selected], showNames)
  redraw([results.version], drawLanes, apart)
  const ask = redraw([clip.open, objects.list, objects.selected, prompts.all, tracking.range], drawLanes)
  new ResizeObserver(() => {
    width = track.clientWidth
    ask()
    askHead()
  }).observe(track)
}
