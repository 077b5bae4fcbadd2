import type { App } from '../app'
import { redraw } from '../base/cell'
import { byId, el, icon } from '../base/dom'
import { clock, count } from '../base/words'
import { openCamera } from './camera_dialog'

/** What is open, and the ways to open something else. */
export function showClipBar(app: App): void {
  const file = byId<HTMLInputElement>('file')
  const open = byId<HTMLButtonElement>('open')
  const camera = byId<HTMLButtonElement>('camera')
  const sample = byId<HTMLButtonElement>('sample')
  const save = byId<HTMLButtonElement>('save')
  save.append(icon('save'), el('span', {}, 'Save'))
  save.onclick = () => void app.saving.save()
  redraw([app.clip.open, app.prompts.all], () => {
    save.disabled = !app.saving.possible
  })
  open.append(icon('open'), el('span', {}, 'Open'))
  camera.append(icon('camera'), el('span', {}, 'Camera'))
  sample.append(icon('sample'), el('span', {}, 'Sample'))

  open.onclick = () => file.click()
  file.onchange = () => {
    void app.opening.files([...(file.files ?? [])])
    file.value = ''
  }
  camera.onclick = () => void openCamera(app)
  sample.onclick = async () => {
    if (!(await app.opening.sample()))
      app.notices.add({ kind: 'info', title: 'No sample here', text: 'This copy of the page was built without its sample clip. Open a video instead.' })
  }

  const name = byId('clip-name')
  const show = () => {
    const clip = app.clip.open.value
    const opening = app.clip.opening.value
    if (opening) return name.replaceChildren(`Opening ${opening}…`)
    if (!clip) return name.replaceChildren()
    if (clip.live) return name.replaceChildren(el('b', {}, clip.name), el('span', {}, `${clip.width} × ${clip.height} · live`))
    const length = (clip.times.at(-1) ?? 0) - (clip.times[0] ?? 0)
    const size = `${clip.width} × ${clip.height}`
    const more = clip.frameCount > 1 ? `${size} · ${count(clip.frameCount, 'frame')} · ${clock(length)}` : `${size} · image`
    name.replaceChildren(el('b', {}, clip.name), el('span', {}, more))
  }
  app.clip.open.watch(show)
  app.clip.opening.onChange(show)
}
