import { el } from '../base/dom'
import { Dialog } from './dialog'

const ways: [string, string][] = [
  ['Click or tap', 'add a place to the object'],
  ['Right click, Alt + click', 'take a place away from it'],
  ['Drag', 'draw a box around it'],
  ['T', 'track, or re-track what a correction changes'],
  ['Space', 'play and pause; [ and ] slower and faster'],
  ['← →', 'one frame back or on; with Shift ten'],
  ['W', 'next place that needs a look; with Shift the one before'],
  ['1 – 9, N', 'choose an object; a new one'],
  ['A, R, B', 'what a click means: add, remove, box'],
  ['Ctrl + Z, Delete', 'undo; take back the marks on this frame'],
  ['Ctrl + S', 'save the session to a file; open it again with O, with its video'],
  ['Esc', 'stop what runs; what is done stays'],
  ['Tab to the picture', 'then arrow keys move a crosshair, Enter adds, Shift + Enter removes'],
]

export function openHelp(): void {
  const keys = el('dl', { class: 'keys' })
  for (const [what, does] of ways) keys.append(el('dt', {}, what), el('dd', {}, does))
  const dialog = new Dialog('How it works')
  dialog.body.append(
    el('p', {}, 'Mark an object on any frame, look at the mask, press Track. Then look where the timeline is hatched: red where the model is unsure, amber where the mask jumps in size, grey where the object is out of sight. Correct it there with a click, and re-track. Everything happens on this machine; no frame leaves it.'),
    keys,
  )
  dialog.open()
}
