import { el } from '../base/dom'

export interface MenuItem {
  label: string
  detail?: string
  disabled?: boolean
  run: () => void
}

/** A button with a list under it; arrow keys, Escape and clicks elsewhere do what they should. */
export class Menu {
  readonly button: HTMLButtonElement
  readonly node: HTMLElement
  private readonly list = el('div', { class: 'menu', role: 'menu', hidden: true })

  constructor(title: string, face: Node | string, private readonly items: () => MenuItem[]) {
    this.button = el('button', { title, aria: { label: title, haspopup: 'menu', expanded: 'false' }, onclick: () => this.toggle() }, face)
    this.node = el('div', { class: 'menu-anchor' }, this.button, this.list)
    this.node.onkeydown = (event) => this.onKey(event)
    document.addEventListener('pointerdown', (event) => {
      if (!this.node.contains(event.target as Node)) this.close()
    })
  }

  private toggle(): void {
    if (!this.list.hidden) return this.close()
    this.list.replaceChildren(
      ...this.items().map(({ label, detail, disabled, run }) =>
        el('button', { role: 'menuitem', disabled, onclick: () => (this.close(), run()) }, el('span', {}, label), detail ? el('small', {}, detail) : ''),
      ),
    )
    this.list.hidden = false
    this.button.setAttribute('aria-expanded', 'true')
    this.entries()[0]?.focus()
  }

  private close(): void {
    this.list.hidden = true
    this.button.setAttribute('aria-expanded', 'false')
  }

  private onKey(event: KeyboardEvent): void {
    if (this.list.hidden) return
    const entries = this.entries()
    const at = entries.indexOf(document.activeElement as HTMLButtonElement)
    if (event.key === 'Escape') {
      this.close()
      this.button.focus()
    } else if (event.key === 'ArrowDown') {
      entries[(at + 1) % entries.length]?.focus()
    } else if (event.key === 'ArrowUp') {
      entries[(at - 1 + entries.length) % entries.length]?.focus()
    } else {
      return
    }
    event.preventDefault()
    event.stopPropagation()
  }

  private entries(): HTMLButtonElement[] {
    return [...this.list.querySelectorAll<HTMLButtonElement>('button:not(:disabled)')]
  }
}
