import type { App } from '../app'
import { redraw } from '../base/cell'
import { byId, el, icon } from '../base/dom'
import type { Stage } from './stage'
import { weakPlaces } from './weak'

const guidedKey = 'masklet-guided'

/** Says what to do next, at the place where to do it: the first step always, the others on the first visit. */
export function showCoach(app: App, stage: Stage): void {
  const { clip, prompts, playhead, engine, results, jobs } = app
  const root = byId('coach')
  const ring = el('i', { class: 'ring' })
  const words = el('span')
  const close = el('button', { class: 'quiet icon-only', aria: { label: 'No more hints' }, onclick: () => end() }, icon('clear'))
  root.append(ring, el('p', {}, words, close))
  let isGuided = localStorage.getItem(guidedKey) !== null
  const end = () => {
    isGuided = true
    localStorage.setItem(guidedKey, 'yes')
    show()
  }
  const isCoarse = matchMedia('(pointer: coarse)').matches
  const [verb, track] = isCoarse ? ['Tap', 'tap Track'] : ['Click', 'press Track']

  const step = (): string => {
    const open = clip.open.value
    if (!open || engine.status.value.kind !== 'ready' || jobs.running) return ''
    if (prompts.all.value.length === 0) {
      if (playhead.frame.value !== 0) return ''
      return open.hint ? `${verb} the object under the ring` : `${verb} an object, or drag a box around it`
    }
    if (isGuided || open.frameCount < 2) return ''
    if (results.trackedCount === 0) return `Not all of it? ${verb} what is missing. Then ${track}.`
    if (weakPlaces(app).length > 0) return 'Hatched parts of the timeline need a look: go there, correct, re-track.'
    return isCoarse ? 'Play it, or export it at the top.' : 'Space plays it; Export and Save are at the top.'
  }
  const show = () => {
    const text = step()
    const open = clip.open.value
    const place = stage.place()
    const isFirst = prompts.all.value.length === 0
    root.hidden = !text || !place
    if (!open || !place) return
    words.textContent = text
    close.hidden = isFirst
    ring.hidden = !isFirst || !open.hint
    const scale = place.width / open.width
    if (open.hint) Object.assign(ring.style, { left: `${place.x + open.hint[0] * scale}px`, top: `${place.y + open.hint[1] * scale}px` })
  }
  const ask = redraw([clip.open, prompts.all, playhead.frame, engine.status, jobs.current], show)
  // Who plays or corrects after tracking needs no more hints.
  playhead.playing.onChange((playing) => playing && results.trackedCount > 0 && !isGuided && end())
  new ResizeObserver(ask).observe(stage.canvas)
}
