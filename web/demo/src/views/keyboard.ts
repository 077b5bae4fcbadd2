import type { App } from '../app'
import { byId, icon } from '../base/dom'
import { openHelp } from './help_dialog'
import { rates } from '../state/playhead'
import { goToWeak } from './weak'

/** Keys that work anywhere on the page, but not while typing or choosing. */
export function installKeyboard(app: App): void {
  const { playhead, tracking, jobs, tool, prompting, objects } = app
  const help = byId<HTMLButtonElement>('help')
  help.append(icon('help'))
  help.onclick = () => openHelp()

  const changeRate = (by: number) => {
    const at = rates.indexOf(playhead.rate.value) + by
    playhead.rate.set(rates[Math.min(rates.length - 1, Math.max(0, at))] ?? 1)
  }

  const keys: Record<string, (event: KeyboardEvent) => void> = {
    ' ': () => playhead.toggle(),
    ArrowLeft: (event) => playhead.step(event.shiftKey ? -10 : -1),
    ArrowRight: (event) => playhead.step(event.shiftKey ? 10 : 1),
    ',': () => playhead.step(-1),
    '.': () => playhead.step(1),
    Home: () => playhead.go(0),
    End: () => playhead.go(playhead.last),
    t: () => void (app.clip.open.value?.live ? app.following.run() : tracking.run()),
    Escape: () => void jobs.stop(),
    a: () => tool.choose('add'),
    r: () => tool.choose('remove'),
    b: () => tool.choose('box'),
    n: () => objects.add(),
    w: (event) => goToWeak(app, event.shiftKey),
    '[': () => changeRate(-1),
    ']': () => changeRate(1),
    o: () => byId('file').click(),
    Delete: () => void prompting.clear(),
    Backspace: () => void prompting.clear(),
    '?': () => openHelp(),
  }

  releaseButtons()
  addEventListener('keydown', (event) => {
    if (isTyping(event.target) || document.querySelector('dialog[open]')) return
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'z') {
      event.preventDefault()
      return void prompting.undo()
    }
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 's') {
      event.preventDefault()
      return void app.saving.save()
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const onButton = event.target instanceof HTMLButtonElement
    if (onButton && (event.key === ' ' || event.key === 'Enter')) return
    const nth = /^[1-9]$/.test(event.key) ? objects.list.value[Number(event.key) - 1] : undefined
    const act = nth ? () => objects.select(nth.id) : (keys[event.key] ?? keys[event.key.toLowerCase()])
    if (!act) return
    event.preventDefault()
    act(event)
  })
}

/** A button that was clicked gives the keys back: Space plays, instead of pressing it once more. */
function releaseButtons(): void {
  document.addEventListener('click', ({ detail, target }) => {
    const button = target instanceof Element ? target.closest('button') : null
    if (detail > 0 && button && !button.hasAttribute('aria-haspopup') && !button.closest('dialog')) button.blur()
  })
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement
}
