import type { MemoryInfo } from 'masklet'
import type { App } from '../app'
import { byId, el } from '../base/dom'
import { bytes } from '../base/words'

const parts = [
  { key: 'runtime', label: 'networks' },
  { key: 'core', label: 'core' },
  { key: 'results', label: 'frames and results' },
] as const satisfies readonly { key: keyof MemoryInfo; label: string }[]

/** How much of the memory limit is used, and for what. */
export function showMemoryBar({ engine }: App): void {
  const root = byId('memory')
  engine.memory.watch((memory) => {
    if (!memory) return root.replaceChildren(el('h2', {}, 'Memory'), el('p', { class: 'muted' }, 'No model is loaded.'))
    const bar = el('div', { class: 'bar', role: 'meter', aria: { label: 'Memory', valuenow: String(memory.total), valuemax: String(memory.limit), valuetext: `${bytes(memory.total)} of ${bytes(memory.limit)}` } })
    for (const { key } of parts) bar.append(el('i', { class: key, style: `width:${Math.min(100, (100 * memory[key]) / memory.limit)}%` }))
    const legend = el('p', { class: 'legend' }, ...parts.map(({ key, label }) => el('span', { class: key }, `${label} ${bytes(memory[key])}`)))
    const head = el('h2', {}, 'Memory', el('span', {}, `${bytes(memory.total)} of ${bytes(memory.limit)}`))
    root.replaceChildren(head, bar, legend)
  })
}
