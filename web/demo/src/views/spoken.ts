import type { App } from '../app'
import { byId } from '../base/dom'
import { percent } from '../base/words'

/** Says to screen readers what others see: the mask that a mark gave, and how a job ended. */
export function speak({ jobs, results, objects, playhead, prompts, notices }: App): void {
  const root = byId('spoken')
  let phase = ''
  jobs.current.onChange((job) => {
    if (job) {
      if (phase !== job.phase) root.textContent = job.phase
      phase = job.phase
      return
    }
    const weak = objects.list.value.reduce((sum, { id }) => sum + results.weakStretches(id).length, 0)
    root.textContent = `${phase} ended. ${weak ? `${weak === 1 ? 'One place needs' : `${weak} places need`} a look.` : ''}`
    phase = ''
  })
  results.version.onChange(() => {
    const object = objects.get(objects.selected.value)
    if (jobs.running || !object || !prompts.has(object.id)) return
    const row = results.get(playhead.frame.value, object.id)
    if (row) root.textContent = row.present ? `${object.name} marked, ${percent(row.confidence)} sure.` : `${object.name} is not in sight here.`
  })
  notices.list.onChange((list) => {
    const last = list.at(-1)
    if (last) root.textContent = `${last.title}. ${last.text}`
  })
}
