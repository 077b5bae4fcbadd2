import type { App } from '../app'
import { byId, el, icon } from '../base/dom'
import type { Notice } from '../state/notices'

export function showNotices({ notices }: App): void {
  const root = byId('notices')
  const shown = new Map<number, HTMLElement>()
  notices.list.watch((list) => {
    // One that stays keeps its element, and with it the focus of its buttons.
    for (const [id, node] of shown) {
      if (list.some((notice) => notice.id === id)) continue
      shown.delete(id)
      node.remove()
    }
    for (const notice of list) {
      if (shown.has(notice.id)) continue
      const node = element(notice, (id) => notices.dismiss(id))
      shown.set(notice.id, node)
      root.append(node)
      if (notice.kind === 'info') setTimeout(() => notices.dismiss(notice.id), notice.action ? 20_000 : 6000)
    }
  })
}

function element({ id, kind, title, text, action, onDismiss }: Notice, dismiss: (id: number) => void): HTMLElement {
  const close = el('button', { class: 'quiet icon-only', aria: { label: 'Dismiss' }, onclick: () => (dismiss(id), onDismiss?.()) }, icon('clear'))
  const act = action && el('button', { class: 'small', onclick: () => (kind === 'ask' || dismiss(id), action.run()) }, action.label)
  return el('div', { class: `notice ${kind}` }, el('div', {}, el('strong', {}, title), el('p', {}, text), act), close)
}
