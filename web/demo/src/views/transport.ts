import type { App } from '../app'
import { redraw } from '../base/cell'
import { byId, el, icon } from '../base/dom'
import { clock, duration } from '../base/words'
import type { Direction } from '../actions/tracking'
import { Menu } from './menu'
import { nextWeak } from './weak'

/** Play, step, track; and how far tracking is. */
export function showTransport(app: App): void {
  const { clip, playhead, jobs, prompts, results, objects, tracking, following } = app
  const play = el('button', { class: 'round', title: 'Play (Space)', onclick: () => playhead.toggle() })
  const step = (by: number, name: string, title: string) =>
    el('button', { class: 'quiet icon-only', title, aria: { label: title }, onclick: () => playhead.step(by) }, icon(name))
  const where = el('span', { class: 'where' })
  const weak = el('button', { class: 'quiet', title: 'Go to the next stretch that needs a look (W)', onclick: () => nextWeak(app) }, icon('weak'), el('span', {}, 'Next weak'))
  const track = el('button', { class: 'primary', onclick: () => void tracking.run() })
  const more = new Menu('Other ways to track', icon('more'), () => [
    item('Everything, again', undefined),
    item('Forward from this frame', 'forward'),
    item('Backward from this frame', 'backward'),
  ])
  more.button.classList.add('primary', 'narrow')
  const item = (label: string, direction: Direction | undefined) => ({
    label,
    run: () => void tracking.run(direction ? tracking.fromHere(direction) : tracking.everything()),
  })
  const split = el('div', { class: 'split' }, track, more.node)
  const follow = el('button', { class: 'primary', title: 'Follows what is marked until you stop it (T)', onclick: () => void following.run() }, 'Follow')
  const progress = el('progress', { max: 1, aria: { label: 'Progress' } })
  const words = el('span', { class: 'muted' })
  const cancel = el('button', { class: 'small', title: 'Stop; what is done stays (Esc)', onclick: () => void jobs.stop() }, 'Stop')
  const running = el('div', { class: 'running' }, progress, words, cancel)
  const hint = el('span', { class: 'muted hint' })
  byId('transport').append(
    el('div', { class: 'group' }, step(-1, 'previous', 'Back one frame (Left)'), play, step(1, 'next', 'On one frame (Right)'), where),
    weak,
    hint,
    running,
    split,
    follow,
  )

  redraw([clip.open, playhead.frame, playhead.playing], () => {
    const open = clip.open.value
    const frame = playhead.frame.value
    const moving = playhead.playing.value
    play.replaceChildren(icon(moving ? 'pause' : 'play'))
    play.setAttribute('aria-label', moving ? 'Pause' : 'Play')
    play.disabled = !open || open.frameCount < 2
    where.replaceChildren(el('b', {}, open ? String(frame + 1) : '–'), open ? ` / ${open.frameCount}` : '', el('span', {}, open ? clock(open.times[frame] ?? 0) : ''))
  })
  redraw([clip.open, jobs.current, prompts.all, results.version, objects.list], () => {
    const job = jobs.current.value
    const plan = tracking.plan()
    const live = clip.open.value?.live ?? false
    follow.hidden = !live || Boolean(job)
    follow.disabled = !following.possible
    running.hidden = !job
    hint.hidden = Boolean(job)
    split.hidden = Boolean(job) || (clip.open.value?.frameCount ?? 0) < 2
    track.disabled = more.button.disabled = !plan
    // Once all is tracked there is nothing that has to be done.
    split.classList.toggle('calm', plan?.label === 'Track again')
    track.textContent = plan?.label ?? 'Track'
    track.title = `${plan?.text ?? 'Click an object first'} (T)`
    if (live) hint.textContent = 'Mark something on the picture that stands still, then follow it'
    else hint.textContent = plan?.label === 'Track again' ? '' : (plan?.text ?? '')
    weak.hidden = !objects.list.value.some(({ id }) => results.weakStretches(id).length > 0)
    if (!job) return
    progress.hidden = job.total === 0
    progress.max = job.total || 1
    progress.value = job.done
    const rate = job.rate ? ` · ${job.rate.toFixed(job.rate < 10 ? 1 : 0)} a second` : ''
    const left = job.left === undefined || job.total === 0 ? '' : ` · ${duration(job.left)} left`
    words.textContent = `${job.phase} ${job.done}${job.total ? ` of ${job.total}` : ' frames'}${rate}${left}`
  })
}
