import type { App } from '../app'
import { el } from '../base/dom'
import { Dialog } from './dialog'

/** Seconds that one recording may have. */
const longest = 15

/** Follows things live in the camera's picture, or records a short clip, which then opens like any other. */
export async function openCamera(app: App): Promise<void> {
  const camera = await askForCamera(app)
  if (!camera) return
  const dialog = new Dialog('Camera')
  const preview = el('video', { autoplay: true, muted: true, playsInline: true, srcObject: camera })
  const words = el('p', { class: 'muted' }, `Follow things live, or record up to ${longest} seconds and track them at leisure. Nothing leaves this machine.`)
  const button = el('button', { class: 'primary' }, 'Record')
  const live = el('button', {}, 'Live')
  dialog.body.append(preview, words, el('footer', {}, live, button))

  let recorder: MediaRecorder | undefined
  let isKept = false
  live.onclick = () => {
    isKept = true
    dialog.close()
    void app.opening.clip(camera, 'Camera')
  }
  let timer = 0
  button.onclick = () => {
    if (recorder) return recorder.stop()
    live.hidden = true
    const parts: Blob[] = []
    recorder = new MediaRecorder(camera, { videoBitsPerSecond: 6_000_000 })
    const startedAt = performance.now()
    recorder.ondataavailable = ({ data }) => void parts.push(data)
    recorder.onstop = () => {
      clearInterval(timer)
      dialog.close()
      void app.opening.clip(new Blob(parts, { type: recorder?.mimeType }), 'Recording')
    }
    recorder.start()
    button.textContent = 'Stop and open'
    timer = window.setInterval(() => {
      const seconds = (performance.now() - startedAt) / 1000
      words.textContent = `Recording ${seconds.toFixed(0)} of ${longest} seconds`
      if (seconds >= longest) recorder?.stop()
    }, 200)
  }
  dialog.onClose(() => {
    clearInterval(timer)
    if (recorder?.state === 'recording') {
      recorder.onstop = null
      recorder.stop()
    }
    if (!isKept) for (const track of camera.getTracks()) track.stop()
  })
  dialog.open()
}

const reasons: Record<string, string> = {
  NotAllowedError: 'The browser was not allowed to use the camera. Allow it in the address bar and try again.',
  NotFoundError: 'No camera was found. Connect one, or open a video instead.',
  NotReadableError: 'The camera is in use by another program. Close that and try again.',
}

async function askForCamera({ notices }: App): Promise<MediaStream | undefined> {
  try {
    if (!navigator.mediaDevices) throw new Error('Browsers give the camera only to pages served over https or from this machine (localhost).')
    return await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1280 }, height: { ideal: 720 } } })
  } catch (thrown) {
    const reason = thrown instanceof DOMException ? reasons[thrown.name] : undefined
    notices.fail('The camera could not be used', reason ? new Error(reason) : thrown)
    return undefined
  }
}
