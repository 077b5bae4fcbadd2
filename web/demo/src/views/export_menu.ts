import type { App } from '../app'
import { redraw } from '../base/cell'
import { byId, download, el, icon } from '../base/dom'
import { stem } from '../base/files'
import { type Export, exportSource } from '../exports/source'
import { Menu } from './menu'

interface Way {
  label: string
  detail: string
  phase: string
  /** What writes it is loaded when it is asked for. */
  load: () => Promise<Export>
}

const writeJson: Export = async ({ session }) => ({
  blob: new Blob([await session.exportJSON()], { type: 'application/jsonl' }),
  ending: '.masklets.jsonl',
})

const ways: Way[] = [
  {
    label: 'Masks as JSON lines',
    detail: 'run lengths, as the command line writes them',
    phase: 'Writing JSON',
    load: async () => writeJson,
  },
  {
    label: 'Masks as PNG, zipped',
    detail: 'a picture a frame, whose colour is the object',
    phase: 'Writing masks',
    load: async () => (await import('../exports/labels')).exportLabels,
  },
  {
    label: 'Video with masks',
    detail: 'the clip as it is shown here',
    phase: 'Writing the video',
    load: async () => (await import('../exports/overlay_video')).exportOverlay,
  },
  {
    label: 'Cut-out, transparent',
    detail: 'the visible objects alone, WebM with alpha',
    phase: 'Writing the cut-out',
    load: async () => (await import('../exports/cut_out')).exportCutOut,
  },
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
    menu.button.disabled = jobs.running || !clip.open.value || clip.open.value.live || results.count === 0
  })

  const run = async ({ label, phase, load }: Way) => {
    const source = exportSource(app)
    if (!source) return
    try {
      const write = await load()
      await jobs.run(phase, source.frames.length, async (step, signal) => {
        const { blob, ending } = await clip.calls.run(() => write(source, step, signal))
        if (!signal.aborted) download(blob, stem(source.name) + ending)
      })
    } catch (thrown) {
      app.notices.fail(`“${label}” could not be written`, thrown)
    }
  }
}
