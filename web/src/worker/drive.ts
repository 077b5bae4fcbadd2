import { check } from '../core/core.js'
import type { Loop, Picture } from '../core/module.js'
import { asMaskletError } from '../errors/error.js'
import { MaskletError } from '../errors/error.js'
import type { KeptTensors, Runtime } from '../runtime/runtime.js'

export interface Drive {
  runtime: Runtime
  kept: KeptTensors
  /** The name under which the image encoder is loaded, where it is another one than a clip's. */
  imageEncoder?: string
  /** Behind the networks' own names, where they are loaded under others. */
  suffix?: string
  picture(frame: number): Promise<Picture | undefined>
  /** Takes a frame's result while its step waits. */
  ready?(): Promise<void> | void
  signal: AbortSignal
}

/** Runs the operation that `loop` has begun to its end, as core/tracking/step.h describes. Throws what ended it. */
export async function drive(loop: Loop, host: Drive): Promise<void> {
  for (;;) {
    if (host.signal.aborted) loop.cancel()
    const step = check(loop.step())
    if (step.kind === 'done') {
      if (step.error) throw new MaskletError(step.error.code, step.error.message)
      return
    }
    try {
      if (step.kind === 'frame') {
        const picture = await host.picture(step.frame)
        check(picture ? loop.answerFrame(picture, picture.data) : loop.endOfClip())
      } else if (step.kind === 'run') {
        const own = step.network === 'image_encoder' ? (host.imageEncoder ?? step.network) : step.network
        const name = own + (host.suffix ?? '')
        check(loop.answerOutputs(await host.runtime.run(step, host.kept, name)))
      } else {
        await host.ready?.()
        check(loop.answerReady())
      }
    } catch (thrown) {
      // A refused answer leaves the step waiting; whatever went wrong ends the operation.
      const error = asMaskletError(thrown, 'runtime_failed', `answering a ${step.kind} step`)
      check(loop.fail(error.code, error.message))
    }
    await nextTask()
  }
}

const tasks = new MessageChannel()
const waiting: (() => void)[] = []
tasks.port1.onmessage = () => waiting.shift()?.()

/** Lets messages in: networks run without a break, and a promise alone does not let the worker hear a cancellation. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve)
    tasks.port2.postMessage(0)
  })
}
