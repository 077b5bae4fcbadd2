import type { App } from '../app'
import { el } from '../base/dom'
import { bytes } from '../base/words'
import { type ModelChoice, defaultChoice } from '../state/engine'
import { Dialog } from './dialog'

const officialPage = 'https://github.com/facebookresearch/sam2#model-description'

/** Which model, and how it runs. */
export function openModelDialog(app: App): void {
  const { engine } = app
  const before = engine.choice.value
  const dialog = new Dialog('Model')
  let file = before.file
  let architecture = before.architecture

  const nano = radio('nano', 'nano', 'Comes with the page, 5 MB. Quick and weak: good for a first look.', !file)
  const own = radio('file', 'A checkpoint from this machine', 'SAM 2 or 2.1, tiny to large, as Meta publishes it (.pt), a fine-tune of one, or .safetensors.', Boolean(file))
  const chosen = el('span', { class: 'chosen' }, file ? `${file.name}, ${bytes(file.size)}` : 'No file chosen')
  const picker = el('input', { type: 'file', accept: '.pt,.pth,.safetensors,.json', multiple: true, hidden: true })
  const choose = el('button', { class: 'small', onclick: () => picker.click() }, 'Choose file…')
  picker.onchange = () => {
    const files = [...(picker.files ?? [])]
    file = files.find(({ name }) => !name.endsWith('.json')) ?? file
    architecture = files.find(({ name }) => name.endsWith('.json'))
    if (file) chosen.textContent = `${file.name}, ${bytes(file.size)}${architecture ? ' with its model.json' : ''}`
    own.input.checked = true
  }
  const link = el('a', { href: officialPage, target: '_blank', rel: 'noopener' }, officialPage.replace('https://', ''))
  own.node.append(el('div', { class: 'sub' }, choose, chosen, picker), el('p', { class: 'sub muted' }, 'Download one from Meta’s list, then choose it here: ', link))

  const inputSize = select(before.inputSize, [[0, 'the model’s own'], [1024, '1024 px'], [768, '768 px'], [512, '512 px'], [256, '256 px']])
  const memories = select(before.memories, [[7, '7, as trained'], [4, '4'], [2, '2'], [1, '1']])
  const memoryLimit = select(before.memoryLimit, [[2 ** 28, '256 MB'], [2 ** 29, '512 MB'], [2 ** 30, '1 GB'], [2 ** 31, '2 GB'], [3 * 2 ** 30, '3 GB'], [4 * 2 ** 30 - 65536, '4 GB']])
  const provider = select(before.provider, [['auto', 'chosen for you'], ['wasm', 'processor (WebAssembly)'], ['webgpu', 'graphics (WebGPU)']])
  const options = el('div', { class: 'options' },
    option('Input size', 'smaller is faster and coarser', inputSize),
    option('Memories', 'frames it looks back at; fewer is faster', memories),
    option('Memory limit', 'of WebAssembly, all of it together', memoryLimit),
    option('Runs on', 'WebGPU where it computes what it should', provider),
  )
  const status = engine.status.value
  const now = status.kind === 'ready' ? `Now: ${status.model.architecture}, ${status.model.inputSize} px, ${status.runtime.reason}.` : 'No model is loaded now.'

  const load = el('button', { class: 'primary', onclick: () => {
    if (own.input.checked && !file) return picker.click()
    const choice: ModelChoice = {
      file: own.input.checked ? file : undefined,
      architecture: own.input.checked ? architecture : undefined,
      inputSize: Number(inputSize.value),
      memories: Number(memories.value),
      memoryLimit: Number(memoryLimit.value),
      provider: provider.value as ModelChoice['provider'],
    }
    dialog.close()
    void app.opening.model(choice)
  } }, 'Load')
  const reset = el('button', { class: 'quiet', onclick: () => (dialog.close(), void app.opening.model(defaultChoice)) }, 'Back to nano as it was')
  dialog.body.append(
    nano.node,
    own.node,
    options,
    el('p', { class: 'muted now' }, now, ' What you marked stays and is marked again with the new model; masks are tracked anew.'),
    el('footer', {}, reset, load),
  )
  dialog.open()
}

function radio(value: string, label: string, detail: string, checked: boolean) {
  const input = el('input', { type: 'radio', name: 'model', value, checked })
  return { input, node: el('div', { class: 'choice' }, el('label', {}, input, el('span', {}, el('b', {}, label), el('small', {}, detail)))) }
}

function select<T extends string | number>(current: T, choices: readonly (readonly [T, string])[]): HTMLSelectElement {
  return el('select', {}, ...choices.map(([value, label]) => el('option', { value: String(value), selected: value === current }, label)))
}

function option(label: string, detail: string, control: HTMLSelectElement): HTMLElement {
  return el('label', {}, el('span', {}, el('b', {}, label), el('small', {}, detail)), control)
}
