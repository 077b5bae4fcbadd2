import type { App } from '../app'
import { byId } from '../base/dom'

/** Files dropped or pasted anywhere on the page. */
export function installDropZone(app: App): void {
  const drop = byId('drop')
  let depth = 0
  const show = (by: number) => {
    depth = Math.max(0, depth + by)
    drop.hidden = depth === 0
  }
  const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false
  addEventListener('dragenter', (event) => hasFiles(event) && show(1))
  addEventListener('dragleave', (event) => hasFiles(event) && show(-1))
  addEventListener('dragover', (event) => event.preventDefault())
  addEventListener('drop', (event) => {
    event.preventDefault()
    show(-depth)
    const files = [...(event.dataTransfer?.files ?? [])]
    if (files.length > 0) void app.opening.files(files)
  })
  addEventListener('paste', (event) => {
    const files = [...(event.clipboardData?.files ?? [])]
    if (files.length > 0) void app.opening.files(files)
  })
}
