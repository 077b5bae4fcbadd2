import type { App } from '../app'
import { byId, el, icon } from '../base/dom'

export function showNotices({ notices }: App): void {
  const root = byId('notices')
  notices.list.watch((list) => {
    root.replaceChildren(
      ...list.map(({ id, kind, title, text, action }) => {
        const close = el('button', { class: 'quiet icon-only', aria: { label: 'Dismiss' }, onclick: () => notices.dismiss(id) }, icon('clear'))
        const act = action && el('button', { class: 'small', onclick: () => (notices.dismiss(id), action.run()) }, action.label)
        return el('div', { class: `notice ${kind}` }, el('div', {}, el('strong', {}, title), el('p', {}, text), act), close)
      }),
    )
  })
  notices.list.onChange((list) => {
    for (const { id, kind, action } of list) if (kind === 'info') setTimeout(() => notices.dismiss(id), action ? 20_000 : 6000)
  })
}
