import { el } from '../base/dom'
import type { ModelChoice } from '../state/engine'

type Settings = Omit<ModelChoice, 'file' | 'architecture'>

interface Choice<T> {
  value: T
  label: string
  /** What it costs and gives. */
  cost: string
}

interface Option<K extends keyof Settings = keyof Settings> {
  key: K
  label: string
  choices: readonly Choice<Settings[K]>[]
}

const option = <K extends keyof Settings>(key: K, label: string, choices: readonly Choice<Settings[K]>[]): Option => ({ key, label, choices }) as unknown as Option

const options: Option[] = [
  option('inputSize', 'Input size', [
    { value: 0, label: 'the model’s own', cost: 'As it was trained.' },
    { value: 1024, label: '1024 px', cost: 'Fine outlines; the slowest.' },
    { value: 768, label: '768 px', cost: 'About twice as fast as 1024, a little coarser.' },
    { value: 512, label: '512 px', cost: 'About four times as fast as 1024, coarser; small things get lost.' },
    { value: 256, label: '256 px', cost: 'Quickest, for large objects alone.' },
  ]),
  option('dtype', 'Weights', [
    { value: 'f32', label: '32 bits', cost: 'Exact; takes the most memory.' },
    { value: 'f16', label: '16 bits', cost: 'Half as large, masks hardly differ.' },
    { value: 'q8', label: '8 bits', cost: 'A quarter as large; outlines differ here and there.' },
  ]),
  option('memories', 'Memories', [
    { value: 7, label: '7 frames', cost: 'As trained: it looks back at the last frames.' },
    { value: 4, label: '4 frames', cost: 'Faster; forgets sooner.' },
    { value: 2, label: '2 frames', cost: 'Faster still; loses what was hidden for a moment.' },
    { value: 1, label: '1 frame', cost: 'Fastest; drifts.' },
  ]),
  option('memoryPolicy', 'What it remembers', [
    { value: 'recent', label: 'the last frames', cost: 'As Meta’s SAM 2 does.' },
    { value: 'confident', label: 'frames it was sure of', cost: 'Costs nothing; helps where things hide, can stick to an old look.' },
    { value: 'anchored', label: 'the last and its best', cost: 'Costs nothing; drifts less in long clips.' },
  ]),
  option('memoryLimit', 'Memory limit', [
    { value: 2 ** 28, label: '256 MB', cost: 'Enough for nano.' },
    { value: 2 ** 29, label: '512 MB', cost: 'nano with room to spare.' },
    { value: 2 ** 30, label: '1 GB', cost: 'Tiny at a small input size.' },
    { value: 2 ** 31, label: '2 GB', cost: 'Tiny and small.' },
    { value: 3 * 2 ** 30, label: '3 GB', cost: 'Base plus.' },
    { value: 4 * 2 ** 30 - 65536, label: '4 GB', cost: 'The most that WebAssembly has.' },
  ]),
  option('provider', 'Runs on', [
    { value: 'auto', label: 'chosen for you', cost: 'The graphics card where it computes what it should.' },
    { value: 'wasm', label: 'the processor', cost: 'Works everywhere.' },
    { value: 'webgpu', label: 'the graphics card', cost: 'WebGPU; refused where its results differ.' },
  ]),
]

/** A line for each option, each with what the choice costs; `read` is what was chosen. */
export function modelOptions(before: Settings): { node: HTMLElement; read: () => Settings } {
  const lines = options.map(({ key, label, choices }) => {
    const at = choices.findIndex(({ value }) => value === before[key])
    const select = el('select', {}, ...choices.map((choice, index) => el('option', { value: String(index), selected: index === at }, choice.label)))
    const cost = el('small')
    const chosen = () => choices[select.selectedIndex] as Choice<Settings[typeof key]>
    const show = () => cost.replaceChildren(chosen().cost)
    select.onchange = show
    show()
    return { key, chosen, node: el('label', {}, el('span', {}, el('b', {}, label), cost), select) }
  })
  const read = () => Object.fromEntries(lines.map(({ key, chosen }) => [key, chosen().value])) as unknown as Settings
  return { node: el('div', { class: 'options' }, ...lines.map(({ node }) => node)), read }
}
