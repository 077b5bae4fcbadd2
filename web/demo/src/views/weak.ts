import type { App } from '../app'
import type { Doubt, WeakStretch } from '../state/doubts'

interface Found extends WeakStretch {
  object: number
}

const reasons: Record<Doubt, string> = {
  unsure: 'the model is unsure',
  jump: 'the mask changes its size at once',
  gone: 'it is out of sight',
}

/** Stretches of all objects that need a look, in order. */
export function weakPlaces({ objects, results }: App): Found[] {
  return objects.list.value
    .flatMap(({ id }) => results.weakStretches(id).map((stretch) => ({ object: id, ...stretch })))
    .sort((a, b) => a.first - b.first)
}

/** Goes to the next stretch, of any object, that needs a look, or to the one before; round at the ends. */
export function goToWeak(app: App, back = false): void {
  const { objects, playhead, notices } = app
  const found = weakPlaces(app)
  const frame = playhead.frame.value
  const next = back ? (found.filter(({ first }) => first < frame).at(-1) ?? found.at(-1)) : (found.find(({ first }) => first > frame) ?? found[0])
  if (!next) {
    notices.add({ kind: 'info', title: 'Nothing weak', text: 'The model is sure of what it tracked.' })
    return
  }
  objects.select(next.object)
  playhead.go(next.first)
}

/** Why the frame at the playhead needs a look; empty where it does not. */
export function whyWeak({ objects, results, playhead }: App): string {
  const frame = playhead.frame.value
  for (const { id, name } of objects.list.value) {
    const doubt = results.doubt(frame, id)
    if (doubt) return `${name}: ${reasons[doubt]}${doubt === 'gone' ? '; if not, click it' : '; a click corrects it'}`
  }
  return ''
}
