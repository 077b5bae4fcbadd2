import type { App } from '../app'
import { redraw } from '../base/cell'
import { byId, el, icon } from '../base/dom'
import { clock, duration } from '../base/words'
import type { Direction } from '../actions/tracking'
import { rates } from '../state/playhead'
import { Menu } from './menu'
import { goToWeak, weakPlaces, whyWeak } from './weak'

/** Play, step, track; and how far tracking is. */
export function showTransport(app: App): void {
  const { clip } = app
  const { place, speed, weak } = playing(app)
  const split = trackButton(app)
  const hint = el('span', { class: 'muted hint' })
  byId('transport').append(place, speed, weak, hint, running(app), split, followButton(app))
  redraw([clip.open, app.jobs.current, app.prompts.all, app.results.version, app.objects.list, app.playhead.frame], () => {
    const plan = app.tracking.plan()
    const isDone = plan?.label === 'Track again'
    hint.hidden = app.jobs.running
    if (clip.open.value?.live) hint.textContent = 'Mark something on the picture that stands still, then follow it'
    else hint.textContent = isDone ? whyWeak(app) : (plan?.text ?? '')
  })
}

/** Where it is, the ways to move, and to what needs a look. */
function playing(app: App) {
  const { clip, playhead, objects, results } = app
  const play = el('button', { class: 'round', title: 'Play (Space)', onclick: () => playhead.toggle() })
  const step = (by: number, name: string, title: string) =>
    el('button', { class: 'quiet icon-only', title, aria: { label: title }, onclick: () => playhead.step(by) }, icon(name))
  const [frame, total, time] = [el('b'), el('span', { class: 'total' }), el('span', { class: 'time' })]
  const where = el('span', { class: 'where' }, frame, total, time)
  const place = el('div', { class: 'group' }, step(-1, 'previous', 'Back one frame (Left)'), play, step(1, 'next', 'On one frame (Right)'), where)
  redraw([clip.open, playhead.frame], () => {
    const open = clip.open.value
    frame.textContent = open ? String(playhead.frame.value + 1) : '–'
    total.textContent = open ? ` / ${open.frameCount}` : ''
    time.textContent = open ? clock(open.times[playhead.frame.value] ?? 0) : ''
  })
  redraw([clip.open, playhead.playing], () => {
    const moving = playhead.playing.value
    play.replaceChildren(icon(moving ? 'pause' : 'play'))
    play.setAttribute('aria-label', moving ? 'Pause' : 'Play')
    play.disabled = (clip.open.value?.frameCount ?? 0) < 2
    speed.hidden = play.disabled
  })

  const speed = el('select', { class: 'speed', title: 'Speed', aria: { label: 'Speed' }, onchange: () => (playhead.rate.set(Number(speed.value)), speed.blur()) },
    ...rates.map((rate) => el('option', { value: String(rate), selected: rate === playhead.rate.value }, `${rate} ×`)))
  playhead.rate.onChange((rate) => {
    speed.value = String(rate)
  })

  const [number, words] = [el('b'), el('span')]
  const weak = el('button', { class: 'quiet weak-places', title: 'Go to the next stretch that needs a look (W; Shift + W goes back)', onclick: (event) => goToWeak(app, event.shiftKey) }, icon('weak'), number, words)
  redraw([objects.list, results.version], () => {
    const { length } = weakPlaces(app)
    weak.hidden = length === 0 || results.trackedCount === 0
    number.textContent = String(length)
    words.textContent = length === 1 ? 'place to look at' : 'places to look at'
  }, 200)
  return { place, speed, weak }
}

function trackButton(app: App): HTMLElement {
  const { clip, jobs, prompts, results, objects, tracking } = app
  const track = el('button', { class: 'primary', onclick: () => void tracking.run() })
  const item = (label: string, direction: Direction | undefined) => ({
    label,
    run: () => void tracking.run(direction ? tracking.fromHere(direction) : tracking.everything()),
  })
  const more = new Menu('Other ways to track', icon('more'), () => [
    item('Everything, again', undefined),
    item('Forward from this frame', 'forward'),
    item('Backward from this frame', 'backward'),
  ])
  more.button.classList.add('primary', 'narrow')
  const split = el('div', { class: 'split' }, track, more.node)
  redraw([clip.open, jobs.current, prompts.all, results.version, objects.list], () => {
    split.hidden = jobs.running || (clip.open.value?.frameCount ?? 0) < 2
    if (split.hidden) return
    const plan = tracking.plan()
    track.disabled = more.button.disabled = !plan
    // Once all is tracked there is nothing that has to be done.
    split.classList.toggle('calm', plan?.label === 'Track again')
    track.textContent = plan?.label ?? 'Track'
    track.title = `${plan?.text ?? 'Click an object first'} (T)`
  })
  return split
}

function followButton({ clip, jobs, results, prompts, following }: App): HTMLElement {
  const follow = el('button', { class: 'primary', title: 'Follows what is marked until you stop it (T)', onclick: () => void following.run() }, 'Follow')
  redraw([clip.open, jobs.current, prompts.all, results.version], () => {
    follow.hidden = !clip.open.value?.live || jobs.running
    follow.disabled = !following.possible
  })
  return follow
}

function running({ jobs }: App): HTMLElement {
  const progress = el('progress', { max: 1, aria: { label: 'Progress' } })
  const words = el('span', { class: 'muted' })
  const cancel = el('button', { class: 'small', title: 'Stop; what is done stays (Esc)', onclick: () => void jobs.stop() }, 'Stop')
  const node = el('div', { class: 'running' }, progress, words, cancel)
  redraw([jobs.current], () => {
    const job = jobs.current.value
    node.hidden = !job
    if (!job) return
    progress.hidden = job.total === 0
    progress.max = job.total || 1
    progress.value = job.done
    const rate = job.rate ? ` · ${job.rate.toFixed(job.rate < 10 ? 1 : 0)} a second` : ''
    const left = job.left === undefined || job.total === 0 ? '' : ` · ${duration(job.left)} left`
    words.replaceChildren(`${job.phase} ${job.done}${job.total ? ` of ${job.total}` : ' frames'}`, el('span', { class: 'pace' }, rate), left)
  })
  return node
}
