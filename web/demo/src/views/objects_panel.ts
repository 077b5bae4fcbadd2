import type { App } from '../app'
import { redraw } from '../base/cell'
import { byId, el, icon } from '../base/dom'
import { percent } from '../base/words'
import { type TrackedObject, css, hex, palette } from '../state/objects'
import { isUnsure } from '../state/doubts'

/** The list of objects: colour, name, how they do on this frame. */
export function showObjects(app: App): void {
  const { objects, playhead, results, prompts } = app
  const list = el('ul', { class: 'objects' })
  const add = el('button', { class: 'small', title: 'Another object (N)', onclick: () => objects.add() }, icon('add'), 'New')
  byId('objects').append(el('h2', {}, 'Objects', add), list, how())

  const rows = new Map<number, Row>()
  objects.list.watch((all) => {
    for (const id of [...rows.keys()]) if (!objects.get(id)) rows.delete(id)
    for (const object of all) {
      const row = rows.get(object.id) ?? new Row(app, object.id)
      rows.set(object.id, row)
      row.show(object)
    }
    list.replaceChildren(...all.map(({ id }) => (rows.get(id) as Row).node))
  })
  redraw([objects.list, objects.selected, playhead.frame, results.version, prompts.all], () => {
    for (const [id, row] of rows) row.showFrame(id === objects.selected.value)
  })
}

/** The page in three sentences. */
function how(): HTMLElement {
  const line = (name: string, words: string) => el('li', {}, icon(name), el('span', {}, words))
  return el(
    'ul',
    { class: 'how' },
    line(
      'add',
      matchMedia('(pointer: coarse)').matches
        ? 'Tap an object to mark it, or drag a box. Remove takes away.'
        : 'Click an object to mark it, or drag a box. A right click or Alt + click takes away.',
    ),
    line('play', 'Track follows it through the clip.'),
    line('weak', 'Where its lane is hatched, look: red is unsure. Correct it there, then re-track.'),
  )
}

class Row {
  readonly node = el('li')
  private readonly colour = el('input', { type: 'color', aria: { label: 'Colour' } })
  private readonly swatch = el('label', { class: 'swatch' }, this.colour)
  private readonly name = el('input', { class: 'name', aria: { label: 'Name of the object' }, spellcheck: false, maxLength: 40 })
  private readonly state = el('span', { class: 'state' })
  private readonly eye = el('button', { class: 'quiet icon-only' })

  constructor(
    private readonly app: App,
    private readonly id: number,
  ) {
    const { objects, prompting } = app
    this.node.onpointerdown = () => objects.select(id)
    this.name.onfocus = () => objects.select(id)
    this.name.onchange = () => objects.change(id, { name: this.name.value.trim() || `Object ${id}` })
    this.name.onkeydown = (event) => event.key === 'Enter' && this.name.blur()
    this.colour.onchange = () => objects.change(id, { colour: fromHex(this.colour.value) })
    this.eye.onclick = () => objects.change(id, { visible: !objects.get(id)?.visible })
    const bin = el('button', { class: 'quiet icon-only', title: 'Remove this object', aria: { label: 'Remove this object' }, onclick: () => void prompting.removeObject(id) }, icon('bin'))
    this.node.append(this.swatch, el('div', { class: 'words' }, this.name, this.state), this.eye, bin)
  }

  show({ name, colour, visible }: TrackedObject): void {
    this.swatch.style.setProperty('--colour', css(colour))
    this.colour.value = hex(colour)
    if (document.activeElement !== this.name) this.name.value = name
    this.node.classList.toggle('unseen', !visible)
    const label = visible ? 'Hide its mask' : 'Show its mask'
    this.eye.replaceChildren(icon(visible ? 'eye' : 'hidden'))
    this.eye.title = label
    this.eye.setAttribute('aria-label', label)
  }

  showFrame(selected: boolean): void {
    const { results, playhead, prompts, clip } = this.app
    this.node.classList.toggle('selected', selected)
    this.node.setAttribute('aria-current', String(selected))
    const row = results.get(playhead.frame.value, this.id)
    const open = clip.open.value
    const pixels = (open?.width ?? 1) * (open?.height ?? 1)
    const doubt = results.doubt(playhead.frame.value, this.id)
    this.state.classList.toggle('weak', doubt !== undefined)
    if (!row) this.state.textContent = prompts.has(this.id) ? 'not tracked here' : 'click it on the picture'
    else if (!row.present) this.state.textContent = isUnsure(row) ? 'perhaps not in sight' : 'not in sight'
    else this.state.textContent = `${doubt === 'jump' ? 'changes size at once' : `${doubt ? 'unsure' : 'sure'}, ${percent(row.confidence)}`} · area ${percent(row.area / pixels)}`
  }
}

function fromHex(text: string): readonly [number, number, number] {
  const number = Number.parseInt(text.slice(1), 16)
  return Number.isNaN(number) ? (palette[0] as readonly [number, number, number]) : [number >> 16, (number >> 8) & 255, number & 255]
}
