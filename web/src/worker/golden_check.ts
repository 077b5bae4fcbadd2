import { check, createCore } from '../core/core.js'
import { type CoreFrame, type CoreModule, type Picture, networkNames } from '../core/module.js'
import { MaskletError } from '../errors/error.js'
import { KeptTensors } from '../runtime/kept_tensors.js'
import type { Runtime } from '../runtime/runtime.js'
import type { OpenModelFiles } from '../weights/model_files.js'
import { drive } from './drive.js'

const clip = { width: 320, height: 240, objects: 1, seed: 1 }
const frames = 3
const click = { object: 1, frame: 0, points: new Float32Array([57, 133]), labels: new Float32Array([1]) }
const leastIou = 0.995

/**
 * Tracks three frames of a procedural clip with the embedded model, on the runtime that is to be trusted and on the
 * processor, and compares the masks: drivers that compute wrongly exist. Throws runtime_failed where they differ.
 */
export async function goldenCheck(
  coreUrl: string,
  runtime: Runtime,
  processor: Runtime,
  nano: OpenModelFiles,
  signal: AbortSignal,
): Promise<void> {
  const { module } = await createCore(coreUrl, 2 ** 28)
  const given = await track(module, runtime, nano, signal)
  const expected = await track(module, processor, nano, signal)
  for (const [index, frame] of expected.entries()) {
    const [mask, other] = [given[index]?.objects[0], frame.objects[0]]
    const iou = mask && other ? check(module.iou({ ...clip, frameCount: frames }, mask.counts, other.counts)) : 0
    if (iou < leastIou)
      throw new MaskletError(
        'runtime_failed',
        `${runtime.options.provider} computes other masks than the processor: IoU ${iou.toFixed(4)} on frame ${index}`,
      )
  }
}

async function track(core: CoreModule, runtime: Runtime, nano: OpenModelFiles, signal: AbortSignal): Promise<CoreFrame[]> {
  const checkpoint = check(core.openCheckpoint(nano.weights))
  const model = check(checkpoint.recognise(nano.modelJson, 0))
  for (const network of networkNames) await runtime.load(`${network}/golden`, check(checkpoint.network(model, network, {})))
  const session = check(core.createSession(model, new core.Account(0), { ...clip, frameCount: frames }, {}, {}))
  const kept = new KeptTensors()
  const results: CoreFrame[] = []
  const host = {
    runtime,
    kept,
    suffix: '/golden',
    picture: async (frame: number) => picture(core, frame),
    ready: () => void results.push(check(session.result(undefined))),
    signal,
  }
  try {
    check(session.addPoints(click))
    await drive(session, host)
    results.length = 0
    check(session.propagate({}))
    await drive(session, host)
    return results
  } finally {
    session.delete()
    model.delete()
    checkpoint.delete()
    kept.close()
    for (const network of networkNames) await runtime.unload(`${network}/golden`)
  }
}

function picture(core: CoreModule, frame: number): Picture {
  const data = check(core.synthFrame(clip, frame))
  const { width, height } = clip
  return { format: 'RGB', width, height, planes: [{ offset: 0, stride: 3 * width }], fullRange: true, quarterTurns: 0, data }
}
