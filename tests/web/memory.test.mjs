// Memory: planned before anything loads, accounted for, enforced; limits on sessions and clips; records outside of memory.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { launch, openPage } from './browser.mjs'
import { frames } from './clips.mjs'
import { repository, serve } from './server.mjs'
import { refusal, routesFor, soak } from './soak.mjs'

const mebibyte = 2 ** 20
const nano = JSON.parse(readFileSync(join(repository, 'models/nano/model.json')))
const lowerings = Number(process.env.LOWERINGS ?? 12)
let server, browser, page
before(async () => {
  server = await serve({ mounts: { '/clip/': frames() }, routes: routesFor() })
  browser = await launch()
})
after(async () => {
  await browser.close()
  await server.close()
})
beforeEach(async () => {
  await page?.context().close()
  page = await openPage(browser, server.url)
  await page.evaluate(() => {
    globalThis.click = { object: 1, frame: 0, points: [[57, 133]] }
    globalThis.rle = ({ frame, objects }) => [frame, ...objects.map(({ rle }) => rle.counts)]
    globalThis.track = async (session, options) => {
      const list = []
      for await (const result of session.propagate(options)) list.push(rle(result))
      return list
    }
  })
})

const worker = () => page.workers().findLast((each) => each.url().endsWith('/dist/worker.js'))

test('a plan adds up, says what else there is, and one byte less than its least is refused before anything loads', async () => {
  const found = await page.evaluate(async () => {
    const one = await masklet.Masklet.create({ threads: 1 })
    const session = await one.open(await files('/clip', 12))
    const plan = await session.plan({ objects: 2, direction: 'both' })
    const richer = await session.plan({ objects: 20 })
    await one.close()
    const large = await masklet.Masklet.create({ threads: 1, inputSize: 384 }) // running takes more than loading
    const running = await (await large.open(await files('/clip', 12))).plan({ objects: 2, direction: 'both' })
    await large.close()
    const phases = new Set()
    const absurd = await failure(() => masklet.Masklet.create({ memoryLimit: 20 * 2 ** 20, onProgress: ({ phase }) => phases.add(phase) }))
    const under = (memoryLimit, scene) =>
      failure(async () => {
        const short = await masklet.Masklet.create({ threads: 1, memoryLimit })
        await short.open(await files('/clip', 12), { scene }).finally(() => short.close())
      })
    const over = await under(plan.totalBytes, { objects: 2000 })
    const refused = await under(plan.leastBytes - 1, { objects: 2, direction: 'both' })
    return { plan, richer, running, absurd, phases: [...phases], over, refused }
  })
  const { plan } = found
  assert.equal(plan.totalBytes, Object.values(plan.bytes).reduce((sum, bytes) => sum + bytes, 0))
  assert.equal(plan.settings.inputSize, nano.image_size)
  assert.ok(plan.bytes.weights > mebibyte && plan.bytes.trackStore > 0)
  assert.ok(plan.alternatives.some(({ what, sameMasks, fits }) => /^input size \d+$/.test(what) && !sameMasks && fits))
  assert.ok(found.running.alternatives.some(({ what, sameMasks, fits }) => what === 'attention chunk 128' && sameMasks && fits))
  for (const { what, totalBytes } of plan.alternatives) assert.ok(totalBytes < plan.totalBytes, `${what} saves nothing`)
  assert.ok(found.richer.totalBytes > plan.totalBytes)
  assert.equal(found.absurd.code, 'out_of_memory')
  assert.match(found.absurd.message, /limit is 20 MiB, and [\d.]+ MiB are needed at least \(program/)
  assert.ok(!found.phases.includes('networks'), found.phases.join())
  for (const { code, message } of [found.over, found.refused]) {
    assert.equal(code, 'out_of_memory')
    assert.match(message, /raise the limit to that, or lower one of these, which changes the masks: |take a smaller model/)
  }
})

test('memory() by category, peaks and the feature cache; progress tells memory as well', async () => {
  const found = await page.evaluate(async () => {
    const one = await masklet.Masklet.create({ threads: 1, memoryLimit: 256 * 2 ** 20 })
    const session = await one.open(await files('/clip', 8))
    await session.addPoints(click)
    await session.addPoints({ ...click, object: 2, points: [[200, 120]] })
    const told = []
    for await (const _ of session.propagate({ onProgress: (progress) => told.push(progress) }));
    const memory = await one.memory()
    await session.close()
    const closed = await one.memory()
    await one.close()
    return { told, memory, closed }
  })
  const { memory, closed, told } = found
  assert.ok(memory.total <= memory.limit && memory.peak >= memory.total - memory.snapshots)
  assert.equal(memory.total, memory.core + memory.runtime + memory.features + memory.results + memory.snapshots)
  for (const category of ['program', 'weights', 'features', 'trackStore']) assert.ok(memory.categories[category].current > 0, category)
  assert.deepEqual(memory.cache, { hits: 10, misses: 8 })
  assert.equal(memory.records, 'file')
  assert.equal(told.length, 8)
  for (const { memory: inUse } of told) assert.ok(inUse.current > 0 && inUse.peak >= inUse.current)
  assert.equal(closed.categories.trackStore.current, 0)
  assert.equal(closed.categories.features.current, 0)
  assert.equal(closed.features + closed.results, 0)
})

test('limits: sessions, idleness, frames and their size; each refusal says how to go on', async () => {
  const found = await page.evaluate(async () => {
    const limits = { maxVideoFrames: 10, idleSeconds: 1, sweepSeconds: 0.2 }
    const one = await masklet.Masklet.create({ threads: 1, limits })
    const clip = await files('/clip', 12)
    const long = await failure(() => one.open(clip))
    const large = await failure(() => one.open(clip, { limits: { maxVideoFrames: 12, maxFrameDimension: 319 } }))
    const first = await one.open(clip, { limits: { maxVideoFrames: 0 } })
    await first.addPoints(click)
    const second = await one.open(clip.slice(0, 2))
    const third = await failure(() => one.open(clip.slice(0, 2)))
    const whole = await track(first)
    await new Promise((done) => setTimeout(done, 1800))
    const idle = await failure(() => first.frames())
    const again = await one.resume(await first.save(), clip, { limits: { maxVideoFrames: 12 } })
    const frames = await again.frames()
    await one.close()
    const wrong = await failure(() => masklet.Masklet.create({ limits: { sessions: -1 } }))
    return { long, large, third, idle, count: whole.length, frames, wrong, second: second.name }
  })
  assert.match(found.long.message, /has 12 frames; the limit is 10: cut the clip, or set limits.maxVideoFrames higher/)
  assert.match(found.large.message, /320 x 240 pixels; the limit is 319: set limits.downscaleMax to 319 to .*, or set limits.maxFrameDimension/)
  assert.match(found.third.message, /2 sessions are open, and the limit is 2: close\(\) one/)
  assert.match(found.idle.message, /idle for 1 s and is closed; resume\(\) goes on/)
  assert.deepEqual([found.long, found.large, found.third, found.idle, found.wrong].map(({ code }) => code), [
    'invalid_argument', 'invalid_argument', 'invalid_state', 'invalid_state', 'invalid_argument',
  ])
  assert.deepEqual(found.frames, [...Array(found.count).keys()])
})

test('tracked frames lie in a file of the origin, or in memory where there is none: the same masks, also for corrections', async () => {
  const run = (hides) =>
    page.evaluate(async (hides) => {
      const one = await masklet.Masklet.create({ threads: 1 })
      if (hides) await hideFiles()
      const said = []
      const session = await one.open(await files('/clip', 48), { onProgress: ({ text }) => said.push(text) })
      await session.addPoints(click)
      await track(session)
      const { categories, records } = await one.memory()
      const corrected = rle(await session.addPoints({ ...click, frame: 3, points: [[70, 120]], labels: [0] }))
      const masks = await track(session, { start: 3, length: 4 })
      await one.close()
      return { corrected, masks, held: categories.trackStore.current, records, said }
    }, hides)
  await page.exposeFunction('hideFiles', () => worker().evaluate(() => {
    navigator.storage.getDirectory = () => Promise.reject(new Error('no files here'))
  }))
  const file = await run(false)
  const memory = await run(true)
  assert.equal(file.records, 'file')
  assert.equal(memory.records, 'memory')
  assert.ok(memory.said.some((text) => /stay in memory.*no files here/.test(text)), memory.said.join('; '))
  assert.ok(file.held < 0.85 * memory.held, `${file.held} bytes beside a file, ${memory.held} without`)
  assert.deepEqual(file.corrected, memory.corrected)
  assert.deepEqual(file.masks, memory.masks)
})

test('under degrade it steps down and says so; under fail the same is refused; a full session refuses by name and stays whole', async () => {
  const found = await page.evaluate(async () => {
    const clip = await files('/clip', 3)
    const inputSize = 384 // running takes more than loading, which no setting makes less
    const first = await masklet.Masklet.create({ threads: 1, inputSize })
    const session = await first.open(clip)
    const { leastBytes } = await session.plan({ direction: 'both' })
    await first.close()
    const memoryLimit = Math.round(0.93 * leastBytes)
    const fails = await failure(async () => {
      const one = await masklet.Masklet.create({ threads: 1, memoryLimit, inputSize })
      await one.open(clip).finally(() => one.close())
    })
    const told = []
    const onProgress = ({ phase, text }) => phase === 'plan' && told.push(text)
    const less = await masklet.Masklet.create({ threads: 1, memoryLimit, inputSize, onPressure: 'degrade', onProgress })
    const degraded = await less.open(clip, { onProgress })
    await degraded.addPoints(click)
    const masks = await track(degraded)
    const memory = await less.memory()
    await less.close()
    const full = await masklet.Masklet.create({ threads: 1, memoryLimit: leastBytes, inputSize })
    const whole = await full.open(clip)
    await whole.addPoints(click)
    let prompts = 1
    const refused = await failure(async () => {
      for (; prompts < clip.length; ++prompts) await whole.addPoints({ ...click, frame: prompts })
    })
    const tracked = await track(whole)
    await full.close()
    return { fails, told, memory, masks, refused, prompts, tracked }
  })
  assert.equal(found.fails.code, 'out_of_memory')
  assert.ok(found.told.length > 0 && found.told.every((text) => /For the memory limit: .* -> \d+$/.test(text)), found.told.join())
  assert.equal(found.memory.steps.length, found.told.length)
  assert.ok(found.memory.total <= found.memory.limit)
  assert.equal(found.masks.length, 3)
  assert.equal(found.refused.code, 'out_of_memory')
  assert.match(found.refused.message, /take a prompt back/)
  assert.ok(found.prompts < 3)
  assert.equal(found.tracked.length, 3)
})

test(`the limit lowered from comfortable to absurd in ${lowerings} steps: each run ends in the same masks or a typed error`, async () => {
  const found = await page.evaluate(async (lowerings) => {
    const clip = await files('/clip', 3)
    const run = async (memoryLimit) => {
      const one = await masklet.Masklet.create({ threads: 1, memoryLimit })
      try {
        const session = await one.open(clip)
        await session.addPoints(click)
        return await track(session)
      } finally {
        await one.close()
      }
    }
    const whole = await run(2 ** 31)
    const outcomes = []
    for (let step = 0; step < lowerings; ++step) {
      const limit = Math.round(2 ** (27 - (7 * step) / (lowerings - 1)))
      let masks
      const error = await failure(async () => void (masks = await run(limit)))
      outcomes.push({ limit, code: error.code, isOurs: error.isOurs, same: masks && JSON.stringify(masks) === JSON.stringify(whole) })
    }
    return outcomes
  }, lowerings)
  for (const { limit, code, same } of found) assert.ok(same || code === 'out_of_memory', `${limit} bytes: ${code}, ${same}`)
  assert.equal(found[0].same, true)
  assert.equal(found.at(-1).code, 'out_of_memory')
})

for (const [title, options] of Object.entries({
  'a stream': { frames: 100, seconds: 20, every: 10 },
  'a stream, with all networks in one worker': { frames: 40, seconds: 20, every: 10, alone: true },
  // At every picture: a decoder must not run ahead, and it would at the start.
  'a video file with corrections': { frames: 40, every: 1, corrections: [5, 30] },
}))
  test(`${title} of 1080p with two objects under 192 MiB: flat, within the cap, as planned, and refused below`, async () => {
    const limit = 192 * mebibyte
    const { plan, samples, program } = await soak(browser, server.url, { ...options, limit })
    const held = ({ bytes, open }) => bytes + open
    const peak = Math.max(...samples.map(held), program.peak)
    const late = samples.filter(({ picture }) => picture >= 30)
    const grown = Math.max(...late.map(held)) - held(late[0])
    console.log(`  plan ${(plan.totalBytes / mebibyte).toFixed(1)}, peak ${(peak / mebibyte).toFixed(1)}, grown ${(grown / mebibyte).toFixed(1)} MiB`)
    assert.ok(peak <= limit, `${peak} bytes`)
    assert.ok(peak <= plan.totalBytes && plan.totalBytes <= 1.25 * peak, `planned ${plan.totalBytes}, held ${peak}`)
    assert.ok(grown <= 8 * mebibyte, `${grown} bytes more`)
    const { code, message } = await refusal(browser, server.url, options, plan)
    assert.equal(code, 'out_of_memory', message)
  })

test('the least that a plan gives is enough for the stream that it was made for', async () => {
  const options = { frames: 4, every: 2, alone: true }
  const { plan } = await soak(browser, server.url, options)
  const { tracked, program } = await soak(browser, server.url, { ...options, limit: plan.leastBytes })
  assert.equal(tracked, 4)
  assert.ok(program.peak <= plan.leastBytes)
})

test('far corrections under a cap give the masks of a run without one', async () => {
  const options = { frames: 40, corrections: [5, 30] }
  const capped = await soak(browser, server.url, { ...options, limit: 192 * mebibyte })
  const unbounded = await soak(browser, server.url, { ...options, unbounded: true })
  assert.equal(capped.masks, unbounded.masks)
})
