import type { PropagateOptions } from 'masklet'
import type { App } from '../app'
import { Cell } from '../base/cell'
import type { Stretch } from '../state/doubts'

export type Direction = 'forward' | 'backward' | 'both'

/** One call of propagate(), and how many frames it reports. */
interface Leg {
  start: number
  direction: Direction
  /** Frames beyond the start; absent: to the clip's end. */
  length?: number
  frames: number
}

export interface Plan {
  label: string
  /** What it will do, in a sentence. */
  text: string
  legs: Leg[]
}

const retrack = 'Re-track'

/** Decides what has to be tracked, and does it. */
export class Tracking {
  /** What is being tracked now. */
  readonly range = new Cell<Stretch | undefined>(undefined)

  constructor(private readonly app: App) {}

  /** What the button does now; undefined while there is nothing to track. */
  plan(): Plan | undefined {
    const { clip, prompts, results } = this.app
    const open = clip.open.value
    const said = prompts.frames()
    if (!open || open.frameCount < 2 || said.length === 0) return undefined
    const first = said[0] as number
    if (results.trackedCount === 0) return this.whole('Track', first)
    const changed = results.changedFrames().filter((frame) => said.includes(frame))
    if (changed.length > 0) return this.afterCorrections(changed, said, open.frameCount)
    const gap = this.firstUntracked(first, open.frameCount)
    if (gap !== undefined) {
      const start = Math.max(first, gap - 1)
      return { label: 'Go on', text: `Tracks from frame ${start + 1} to the end`, legs: [this.leg(start, 'forward')] }
    }
    if (first > 0 && !results.isTracked(first - 1))
      return { label: 'Track back', text: 'Tracks from the first marked frame back to the start', legs: [this.leg(first, 'backward')] }
    return this.whole('Track again', first)
  }

  /** Tracked frames that a correction has made out of date. */
  stale(): Stretch[] {
    const plan = this.app.jobs.running ? undefined : this.plan()
    if (plan?.label !== retrack) return []
    return plan.legs.map((leg) => this.stretch(leg))
  }

  /** Tracks from the frame that is shown. */
  fromHere(direction: Direction): Plan | undefined {
    if (!this.plan()) return undefined
    const start = this.app.playhead.frame.value
    return { label: 'Track', text: '', legs: [this.leg(start, direction)] }
  }

  everything(): Plan | undefined {
    const first = this.app.prompts.frames()[0]
    return this.plan() && first !== undefined ? this.whole('Track', first) : undefined
  }

  async run(plan = this.plan()): Promise<void> {
    const { clip, jobs, notices } = this.app
    if (!plan || !clip.open.value) return
    const total = plan.legs.reduce((sum, { frames }) => sum + frames, 0)
    this.app.playhead.playing.set(false)
    try {
      await jobs.run('Tracking', total, (step, signal) =>
        clip.calls.run(async () => {
          for (const leg of plan.legs) await this.track(leg, step, signal)
        }),
      )
    } catch (thrown) {
      notices.fail('Tracking stopped early; the frames so far are kept', thrown, {
        label: 'Go on',
        run: () => void this.run(),
      })
    } finally {
      this.range.set(undefined)
    }
  }

  private async track(leg: Leg, step: () => void, signal: AbortSignal): Promise<void> {
    const { clip, playhead, results, screen } = this.app
    const session = clip.open.value?.session
    if (!session || signal.aborted) return
    const { start, direction, length } = leg
    this.range.set(this.stretch(leg))
    const options: PropagateOptions = { start, direction, length, signal }
    // The picture goes along until the user looks elsewhere.
    playhead.show(start)
    let followed = start
    for await (const result of session.propagate(options)) {
      screen.take(result)
      results.take(result)
      step()
      if (playhead.frame.value !== followed) continue
      playhead.show(result.frame)
      followed = result.frame
    }
  }

  private stretch({ start, direction, frames }: Leg): Stretch {
    if (direction === 'both') return { first: 0, last: frames - 1 }
    return direction === 'forward' ? { first: start, last: start + frames - 1 } : { first: 0, last: start }
  }

  private whole(label: string, first: number): Plan {
    const direction = first > 0 ? 'both' : 'forward'
    const text = first > 0 ? `Tracks from frame ${first + 1} to the end, then back to the start` : 'Tracks to the end of the clip'
    return { label, text, legs: [this.leg(first, direction)] }
  }

  /**
   * A correction changes the frames from it to the next frame on which something was said; the others keep what they
   * have. An object that was never tracked is tracked through all of the clip.
   */
  private afterCorrections(changed: number[], said: number[], frameCount: number): Plan {
    const { results } = this.app
    const added = changed.find((frame) => results.changedObjects(frame).some((object) => !results.hasTrackedAnywhere(object)))
    if (added !== undefined) return this.whole('Track', Math.min(added, said[0] ?? added))
    const legs = changed.map((start) => {
      const next = said.find((frame) => frame > start)
      return this.leg(start, 'forward', next === undefined ? undefined : next - 1 - start)
    })
    const last = (legs.at(-1) as Leg).start + (legs.at(-1) as Leg).frames
    const text =
      legs.length === 1
        ? `Tracks frames ${(changed[0] as number) + 1} to ${Math.min(last, frameCount)} again; the others stay`
        : `Tracks the frames after ${legs.length} corrections again; the others stay`
    return { label: retrack, text, legs }
  }

  private leg(start: number, direction: Direction, length?: number): Leg {
    const frameCount = this.app.clip.open.value?.frameCount ?? 0
    const ahead = length ?? frameCount - 1 - start
    const frames = direction === 'forward' ? ahead + 1 : direction === 'backward' ? start + 1 : frameCount
    return { start, direction, length, frames }
  }

  /** The first frame on which an object was not tracked. */
  private firstUntracked(from: number, frameCount: number): number | undefined {
    const { prompts, results } = this.app
    const objects = new Set(prompts.all.value.map(({ object }) => object))
    for (let frame = from; frame < frameCount; frame += 1)
      for (const object of objects) if (!results.hasTracked(object, frame)) return frame
    return undefined
  }
}
