import { check } from '../core/core.js'
import type { Loop, Picture } from '../core/module.js'
import { asMaskletError } from '../errors/error.js'
import { MaskletError } from '../errors/error.js'
import type { KeptTensors } from '../runtime/kept_tensors.js'
import type { Runtime } from '../runtime/runtime.js'

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
  const timed = async <T>(name: string, work: () => T | Promise<T>): Promise<T> => {
    const start = performance.now()
    const value = await work()
    host.runtime.count(name, performance.now() - start)
    return value
  }
  let failure: MaskletError | undefined
  for (;;) {
    if (host.signal.aborted) loop.cancel()
    const step = check(loop.step())
    if (step.kind === 'done') {
      if (!step.error) return
      const { code, message } = step.error
      // With its cause, which core does not know.
      throw failure?.message === message ? failure : new MaskletError(code, message)
    }
    // Here, where a step waits, and not behind its answer: once the last one is given the session is idle, and a call that
    // came in then would begin an operation that this loop took for its own.
    await nextTask()
    if (host.signal.aborted) continue
    try {
      if (step.kind === 'frame') {
        const picture = await timed('picture', () => host.picture(step.frame))
        check(await timed('convert and resize', () => (picture ? loop.answerFrame(picture, picture.data) : loop.endOfClip())))
      } else if (step.kind === 'run') {
        const own = step.network === 'image_encoder' ? (host.imageEncoder ?? step.network) : step.network
        const name = own + (host.suffix ?? '')
        const outputs = await host.runtime.run(step, host.kept, name)
        check(await timed('core', () => loop.answerOutputs(outputs)))
      } else {
        await timed('report', async () => host.ready?.())
        check(await timed('core', () => loop.answerReady()))
      }
    } catch (thrown) {
      // A refused answer leaves the step waiting; whatever went wrong ends the operation.
      failure = asMaskletError(thrown, 'runtime_failed', `answering a ${step.kind} step`)
      check(loop.fail(failure.code, failure.message))
    }
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
