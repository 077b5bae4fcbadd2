import type { App } from '../app'
import { byId, el, icon } from '../base/dom'
import { openModelDialog } from './model_dialog'

/** Which model runs and on what; opens the chooser. */
export function showModelChip(app: App): void {
  const chip = byId<HTMLButtonElement>('model')
  chip.onclick = () => openModelDialog(app)
  app.engine.status.watch((status) => {
    const name =
      status.kind === 'ready' ? status.model.name : status.kind === 'loading' ? 'Loading…' : 'No model'
    const detail =
      status.kind === 'ready'
        ? `${status.model.inputSize} px · ${status.runtime.provider === 'webgpu' ? 'GPU' : status.runtime.threads === 1 ? '1 thread' : `${status.runtime.threads} threads`}`
        : ''
    chip.replaceChildren(icon('model'), el('b', {}, name), el('span', {}, detail))
    chip.title = status.kind === 'ready' ? `${status.model.architecture}; ${status.runtime.reason}` : 'Choose a model'
  })
}
