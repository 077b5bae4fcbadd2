import type { App } from '../app'
import { byId, el } from '../base/dom'
import { bytes } from '../base/words'

/** Over the stage, while a model loads. */
export function showLoading({ engine }: App): void {
  const root = byId('loading')
  engine.status.watch((status) => {
    root.hidden = status.kind !== 'loading'
    if (status.kind !== 'loading') return
    const { progress } = status
    const bar = el('progress', { max: progress?.total || 1, aria: { label: 'Loading' } })
    if (progress?.total) bar.value = progress.done
    const amount =
      progress?.unit === 'bytes' && progress.total ? `${bytes(progress.done)} of ${bytes(progress.total)}` : ''
    const cancel = engine.choice.value.file && el('button', { class: 'small', onclick: () => engine.cancelLoading() }, 'Cancel')
    root.replaceChildren(el('p', {}, status.text), bar, el('small', {}, amount), cancel || '')
  })
}
