import type { App } from '../app'
import { isUnsure } from '../state/doubts'
import { openModelDialog } from './model_dialog'

/** Once a visit, after nano tracked and was mostly unsure: says what would do better. */
export function advise(app: App): void {
  const { jobs, engine, results, objects, notices } = app
  let isSaid = false
  let phase = ''
  jobs.current.onChange((job) => {
    const ended = job ? '' : phase
    phase = job?.phase ?? ''
    if (isSaid || ended !== 'Tracking' || engine.choice.value.file) return
    const rows = results.frames().flatMap((frame) => objects.list.value.map(({ id }) => results.get(frame, id)))
    const known = rows.filter((row) => row !== undefined)
    if (known.length < 20 || known.filter(isUnsure).length < known.length / 2) return
    isSaid = true
    notices.add({
      kind: 'info',
      title: 'nano is unsure here',
      text: 'It is a very small model. Corrections help; Meta’s checkpoints, opened from disk, are far larger models.',
      action: { label: 'Choose a model', run: () => openModelDialog(app) },
    })
  })
}
