import type { App } from '../app'
import { redraw } from '../base/cell'
import { byId, el } from '../base/dom'
import type { Stage } from './stage'

/** Says what to do first, at the place where to do it. */
export function showCoach(app: App, stage: Stage): void {
  const { clip, prompts, playhead, engine } = app
  const root = byId('coach')
  const ring = el('i', { class: 'ring' })
  const words = el('span')
  root.append(ring, words)
  const show = () => {
    const open = clip.open.value
    const place = stage.place()
    root.hidden = !open || !place || prompts.all.value.length > 0 || playhead.frame.value !== 0 || engine.status.value.kind !== 'ready'
    if (!open || !place) return
    const hint = open.hint
    ring.hidden = !hint
    const verb = matchMedia('(pointer: coarse)').matches ? 'Tap' : 'Click'
    words.textContent = hint ? `${verb} the object under the ring` : `${verb} an object, or drag a box around it`
    const scale = place.width / open.width
    if (hint) Object.assign(ring.style, { left: `${place.x + hint[0] * scale}px`, top: `${place.y + hint[1] * scale}px` })
  }
  const ask = redraw([clip.open, prompts.all, playhead.frame, engine.status], show)
  new ResizeObserver(ask).observe(stage.canvas)
}
