// A long clip with several objects in Chromium, under a cap on everything; what is held is read from outside of the
// program (outside.mjs).
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { basename } from 'node:path'
import { openPage } from './browser.mjs'
import { openAccount, watchFromOutside, watchedWorker } from './outside.mjs'
import { squares } from './clips.mjs'

/**
 * Tracks `frames` frames of 1080p, at most for `seconds`: of a stream that the page draws, or, where there are
 * `corrections`, of a video file, in which the first object is then clicked again on each of these frames and tracked on
 * from there. Gives {plan, encoderBeside, samples, program, tracked, masks}: `samples` are outside.mjs's, every `every`
 * pictures, with the milliseconds a frame since the one before, and those taken while the model loads (`picture` 0);
 * `program` is what memory() says in the end; `masks` is a sum over all masks.
 * `model`: a checkpoint's file; absent: nano. `unbounded`: no cap, and every record in memory.
 */
export async function soak(browser, url, options) {
  const { frames, seconds = Infinity, every = 50, objects = 2, corrections = [], onSample = () => undefined } = options
  const page = await openPage(browser, url)
  const heldBytes = await openAccount(page)
  const samples = []
  const take = (sample) => {
    samples.push(sample)
    onSample(sample)
  }
  let loading = true
  const loads = (async () => {
    while (loading) take({ picture: 0, open: 0, bytes: await heldBytes() })
  })()
  const encoderBeside = await page
    .evaluate(create, creation(options))
    .finally(() => (loading = false))
  await loads
  if (options.unbounded) await hideFiles(page)
  let since = performance.now()
  await watchFromOutside(page, heldBytes, every, (sample) => {
    take({ ...sample, ms: (performance.now() - since) / every })
    since = performance.now()
  })
  const sum = createHash('sha256')
  await page.exposeFunction('tell', (line) => void sum.update(line))
  await giveFile(page, options)
  const found = await page.evaluate(track, { frames, seconds, objects, corrections })
  await page.context().close()
  return { ...found, encoderBeside, samples, masks: sum.digest('hex') }
}

/** What the same ends with under a limit one byte below the least that the plan gives: {code, message, by}, where `by` is
    the call that refuses. */
export async function refusal(browser, url, options, plan) {
  const page = await openPage(browser, url)
  try {
    await page.exposeFunction('tell', () => undefined)
    const less = { ...creation(options), limit: plan.leastBytes - 1 }
    const created = await page.evaluate(`failure(() => (${create})(${JSON.stringify(less)}))`)
    if (created.code !== 'none') return { ...created, by: 'create()' }
    await giveFile(page, options)
    await page.evaluate(() => void (globalThis.framesMade = 0))
    const { objects = 2, corrections = [] } = options
    const tracked = await page.evaluate(`failure(() => (${track})(${JSON.stringify({ frames: 1, seconds: 0, objects, corrections })}))`)
    return { ...tracked, by: 'open()' }
  } finally {
    await page.context().close()
  }
}

const creation = ({ model, size = 0, limit = 2 ** 31, alone, threads = 1, dtype = 'f32' }) => ({ model: model && basename(model), inputSize: size, limit, alone, threads, dtype })

/** A file as a user chooses it; its bytes stay on disk. */
async function giveFile(page, { frames, corrections = [] }) {
  if (!corrections.length) return
  await page.evaluate(() => void document.body.append(Object.assign(document.createElement('input'), { type: 'file' })))
  await page.setInputFiles('input', squares(frames))
}

/** Routes of the server: a worker that can be watched, and a checkpoint's file. */
export const routesFor = (model) => ({
  ...watchedWorker,
  ...(model && { '/weights': (_, response) => createReadStream(model).pipe(response) }),
})

async function hideFiles(page) {
  const worker = page.workers().findLast((each) => each.url().endsWith('/dist/worker.js'))
  await worker.evaluate(() => {
    navigator.storage.getDirectory = () => Promise.reject(new Error('records are to stay in memory'))
  })
}

// In the page:

async function create({ model, inputSize, limit, alone, threads, dtype }) {
  globalThis.twin = await masklet.Masklet.create({
    model: model ? { weights: '/weights', name: model, store: false } : 'nano',
    ...(inputSize && { inputSize }),
    threads,
    dtype,
    provider: 'wasm',
    memoryLimit: limit,
    ...(alone && { encoderBeside: false }),
  })
  return twin.model.encoderBeside
}

async function track({ frames, seconds, objects, corrections }) {
  const [width, height] = [1920, 1080]
  const place = (frame, of) => [width * ((of + 0.7) / (objects + 0.4) + 0.1 * Math.sin(frame / 40 + of)), height * (0.5 + 0.2 * Math.cos(frame / 55 + of))]
  async function* drawn() {
    const canvas = new OffscreenCanvas(width, height)
    const context = canvas.getContext('2d')
    for (let frame = 0; frame < frames; ++frame) {
      context.fillStyle = '#3a4a3a'
      context.fillRect(0, 0, width, height)
      for (let of = 0; of < objects; ++of) {
        context.fillStyle = of % 2 ? '#d08030' : '#4060d0'
        context.beginPath()
        context.arc(...place(frame, of), height / (4 * objects), 0, 2 * Math.PI)
        context.fill()
      }
      const picture = new VideoFrame(canvas, { timestamp: frame * 41667 })
      framesMade += picture.allocationSize()
      yield picture
    }
  }
  /** Where FFmpeg's square is (clips.mjs). */
  const square = (frame, of) => [width * (0.25 + 0.4 * of) + 192 * Math.sin(frame / 40 + of) + 136, height * 0.4 + 216 * Math.cos(frame / 55 + of) + 136]
  const file = document.querySelector('input')?.files[0]
  const scene = { objects, promptedFrames: 1 + corrections.length }
  const session = await twin.open(file ?? drawn(), { scene: { ...scene, direction: 'forward' }, limits: { maxVideoFrames: 0 } })
  const plan = await session.plan({ ...scene, direction: 'forward' })
  const at = file ? square : place
  const say = ({ frame, objects }) => tell(`${frame} ${objects.map(({ id, rle }) => `${id} ${rle.counts}`).join(' ')}\n`)
  for (let of = 0; of < objects; ++of) await session.addPoints({ object: of + 1, frame: 0, points: [at(0, of)] })
  const start = performance.now()
  let tracked = 0
  const run = async (way) => {
    for await (const result of session.propagate(way)) {
      tracked += 1
      if (result.objects.length !== objects) throw new Error(`frame ${result.frame} has ${result.objects.length} objects`)
      await say(result)
      if (performance.now() - start > 1000 * seconds) break
    }
  }
  await run({ start: 0 })
  for (const frame of corrections) {
    await say(await session.addPoints({ object: 1, frame, points: [at(frame, 0)] }))
    await run({ start: frame, length: 20 })
  }
  const program = await twin.memory()
  await session.close()
  await twin.close()
  return { plan, program, tracked }
}
