import type { App } from '../app'
import { redraw } from '../base/cell'
import { byId, download, el, icon } from '../base/dom'
import { stem } from '../base/files'
import { exportCutOut } from '../exports/cut_out'
import { exportLabels } from '../exports/labels'
import { exportOverlay } from '../exports/overlay_video'
import type { Export } from '../exports/source'
import { exportSource } from '../exports/source'
import { Menu } from './menu'

interface Way {
  label: string
  detail: string
  phase: string
  write: Export
}

const ways: Way[] = [
  { label: 'Masks as JSON lines', detail: 'run lengths, the command line’s format', phase: 'Writing JSON', write: async ({ session }) => ({ blob: new Blob([await session.exportJSON()], { type: 'application/jsonl' }), ending: '.masklets.jsonl' }) },
  { label: 'Masks as PNG, zipped', detail: 'one indexed picture a frame', phase: 'Writing masks', write: exportLabels },
  { label: 'Video with masks', detail: 'the clip with its overlay', phase: 'Writing the video', write: exportOverlay },
  { label: 'Cut-out, transparent', detail: 'WebM with alpha, the objects alone', phase: 'Writing the cut-out', write: exportCutOut },
]

/** Writes results to files. */
export function showExportMenu(app: App): void {
  const { clip, jobs, results } = app
  const menu = new Menu('Export', '', () => ways.map((way) => ({ label: way.label, detail: way.detail, run: () => void run(way) })))
  menu.button.append(icon('export'), el('span', {}, 'Export'))
  menu.button.classList.add('quiet')
  menu.node.classList.add('to-the-left')
  byId('export').replaceWith(menu.node)
  redraw([clip.open, results.version, jobs.current], () => {
    menu.button.disabled = jobs.running || !clip.open.value || results.frames().length === 0
  })

  const run = async ({ label, phase, write }: Way) => {
    const source = exportSource(app)
    if (!source) return
    try {
      await jobs.run(phase, source.frames.length, async (step, signal) => {
        const { blob, ending } = await clip.calls.run(() => write(source, step, signal))
        if (!signal.aborted) download(blob, stem(source.name) + ending)
      })
    } catch (thrown) {
      app.notices.fail(`“${label}” could not be written`, thrown)
    }
  }
}
