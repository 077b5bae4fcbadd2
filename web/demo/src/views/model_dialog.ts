import type { App } from '../app'
import { el } from '../base/dom'
import { bytes } from '../base/words'
import { type ModelChoice, defaultChoice } from '../state/engine'
import { Dialog } from './dialog'
import { modelOptions } from './model_options'

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

  const options = modelOptions(before)
  const { dtype, inputSize, memories, memoryPolicy, memoryLimit, provider } = before
  const isUsual = Object.entries({ dtype, inputSize, memories, memoryPolicy, memoryLimit, provider }).every(([key, value]) => defaultChoice[key as keyof ModelChoice] === value)
  const more = el('details', { open: !isUsual }, el('summary', {}, 'Options'), options.node)
  const status = engine.status.value
  const now = status.kind === 'ready' ? `Now: ${status.model.architecture}, ${status.model.inputSize} px, ${status.runtime.reason}.` : 'No model is loaded now.'

  const load = el('button', { class: 'primary', onclick: () => {
    if (own.input.checked && !file) return picker.click()
    const isOwn = own.input.checked
    const choice: ModelChoice = { ...options.read(), file: isOwn ? file : undefined, architecture: isOwn ? architecture : undefined }
    dialog.close()
    void app.opening.model(choice)
  } }, 'Load')
  const reset = el('button', { class: 'quiet', onclick: () => (dialog.close(), void app.opening.model(defaultChoice)) }, 'Back to nano as it was')
  dialog.body.append(
    nano.node,
    own.node,
    more,
    el('p', { class: 'muted now' }, now, ' What you marked stays and is marked again with the new model; masks are tracked anew.'),
    el('footer', {}, reset, load),
  )
  dialog.open()
}

function radio(value: string, label: string, detail: string, checked: boolean) {
  const input = el('input', { type: 'radio', name: 'model', value, checked })
  return { input, node: el('div', { class: 'choice' }, el('label', {}, input, el('span', {}, el('b', {}, label), el('small', {}, detail)))) }
}
