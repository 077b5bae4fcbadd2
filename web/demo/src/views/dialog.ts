import { el, icon } from '../base/dom'

/** A modal window, gone once closed. */
export class Dialog {
  readonly body = el('div', { class: 'dialog-body' })
  readonly node: HTMLDialogElement
  private readonly ended: (() => void)[] = []

  constructor(title: string) {
    const close = el('button', { class: 'quiet icon-only', aria: { label: 'Close' }, onclick: () => this.close() }, icon('clear'))
    this.node = el('dialog', { aria: { label: title } }, el('header', {}, el('h2', {}, title), close), this.body)
    // Nothing is returned: false would keep radio buttons and summaries from reacting.
    this.node.onclick = ({ target }) => {
      if (target === this.node) this.close()
    }
    this.node.onclose = () => {
      this.node.remove()
      for (const end of this.ended) end()
    }
  }

  onClose(work: () => void): void {
    this.ended.push(work)
  }

  open(): void {
    document.body.append(this.node)
    this.node.showModal()
  }

  close(): void {
    this.node.close()
  }
}
