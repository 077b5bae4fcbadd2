import type { App } from '../app'

/** Goes to the next stretch, of any object, that needs a look; round to the first after the last. */
export function nextWeak({ objects, results, playhead, notices }: App): void {
  const found = objects.list.value
    .flatMap(({ id }) => results.weakStretches(id).map((stretch) => ({ id, ...stretch })))
    .sort((a, b) => a.first - b.first)
  const next = found.find(({ first }) => first > playhead.frame.value) ?? found[0]
  if (!next) return notices.add({ kind: 'info', title: 'Nothing weak', text: 'The model is sure of what it tracked.' })
  objects.select(next.id)
  playhead.go(next.first)
}
