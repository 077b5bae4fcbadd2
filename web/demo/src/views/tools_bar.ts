import type { App } from '../app'
import { byId, el, icon } from '../base/dom'
import { redraw } from '../base/cell'
import { isEmpty } from '../state/prompts'
import type { ToolName } from '../state/tool'

const tools: { name: ToolName; label: string; key: string; title: string }[] = [
  { name: 'add', label: 'Add', key: 'A', title: 'A click or tap adds to the object' },
  { name: 'remove', label: 'Remove', key: 'R', title: 'A click or tap takes away from it; so does a right click or Alt+click' },
  { name: 'box', label: 'Box', key: 'B', title: 'Drag a box around the object; a drag does so with the other tools as well' },
]

/** What a click means, and the way back. */
export function showTools(app: App): void {
  const { tool, prompts, objects, playhead, prompting } = app
  const choices = tools.map(({ name, label, key, title }) =>
    el('button', { title: `${title} (${key})`, onclick: () => tool.choose(name), aria: { pressed: 'false' } }, icon(name), el('span', {}, label)),
  )
  const undo = el('button', { class: 'quiet', title: 'Take back the last mark (Ctrl+Z)', onclick: () => void prompting.undo() }, icon('undo'), el('span', {}, 'Undo'))
  const clear = el('button', { class: 'quiet', title: 'Take back all marks of this object on this frame (Delete)', onclick: () => void prompting.clear() }, icon('clear'), el('span', {}, 'Clear'))
  byId('tools').append(el('div', { class: 'segments', role: 'group', aria: { label: 'A click' } }, ...choices), undo, clear)
  tool.name.watch((name) => {
    tools.forEach((each, index) => choices[index]?.setAttribute('aria-pressed', String(each.name === name)))
    byId('picture').dataset.tool = name
  })
  redraw([prompts.all, objects.selected, playhead.frame], () => {
    undo.disabled = !prompts.canUndo
    clear.disabled = isEmpty(prompts.of(objects.selected.value, playhead.frame.value))
  })
}
