// A worker that dies, by whatever, is replaced: sessions go on from what the page kept, with the same masks.
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { launch, openPage } from './browser.mjs'
import { frames, h264, video, work } from './clips.mjs'
import { serve } from './server.mjs'

let server, browser, page
before(async () => {
  video('clip.mp4', h264)
  server = await serve({ mounts: { '/clip/': frames(), '/made/': work } })
  browser = await launch()
})
after(async () => {
  await browser.close()
  await server.close()
})

beforeEach(async () => {
  await page?.context().close()
  page = await openPage(browser, server.url)
  await page.exposeFunction('kill', kill)
  await page.exposeFunction('crash', crash)
  await page.evaluate(async () => {
    globalThis.clip = new File([await (await fetch('/made/clip.mp4')).blob()], 'clip.mp4')
    globalThis.click = { object: 1, frame: 10, points: [[90, 120]] }
    globalThis.rle = ({ frame, objects }) => [frame, ...objects.map(({ rle }) => rle.counts)]
    globalThis.sleep = (ms) => new Promise((done) => setTimeout(done, ms))
    // Frames as they come, with something happening after some of them.
    globalThis.track = async (session, options, happens = {}) => {
      const list = []
      for await (const result of session.propagate(options)) {
        list.push(rle(result))
        await happens[list.length]?.()
      }
      return list
    }
  })
})

const worker = () => page.workers().findLast((each) => each.url().endsWith('/dist/worker.js'))

/** Ends the worker without a word, once it comes to it. */
const kill = () => worker()?.evaluate(() => self.close()).catch(() => undefined)

/** Throws where nobody catches it. */
const crash = () => worker().evaluate(() => void setTimeout(() => { throw new Error('a crash for the test') })).catch(() => undefined)

test('killed between prompt and tracking, crashed while it tracks: every frame once, with the same masks', async () => {
  const found = await page.evaluate(async () => {
    const one = await masklet.Masklet.create({ threads: 1 })
    const session = await one.open(clip)
    await session.addPoints(click)
    const options = { direction: 'both', length: 14 }
    const whole = await track(session, options)
    await session.reset()
    await session.addPoints(click)
    await kill()
    const killed = await track(session, options)
    await session.reset()
    await session.addPoints(click)
    const crashed = await track(session, options, { 6: crash, 17: kill })
    const kept = await session.frames()
    const end = (await session.exportJSON()).trim().split('\n').at(-1)
    await one.close()
    return { whole, killed, crashed, kept, end }
  })
  assert.equal(found.whole.length, 25)
  assert.deepEqual(found.killed, found.whole)
  assert.deepEqual(found.crashed, found.whole)
  assert.deepEqual(found.kept, found.whole.map(([frame]) => frame))
  assert.deepEqual(JSON.parse(found.end), { end: { frames: 25, partial: false } })
})

test('killed after a state was kept while it tracked: it goes on there, and the state is counted', async () => {
  const found = await page.evaluate(async () => {
    const one = await masklet.Masklet.create({ threads: 1 })
    const session = await one.open(clip)
    await session.addPoints({ ...click, frame: 0 })
    const list = await track(session, {}, { 12: () => sleep(5500), 14: () => sleep(1000), 16: kill })
    const encoded = (await one.timings()).find(({ network }) => network === 'image_encoder').runs
    const { snapshots, total, core, runtime } = await one.memory()
    const frames = await session.frames()
    await one.close()
    return { numbers: list.map(([frame]) => frame), frames, encoded, snapshots, whole: total >= core + runtime + snapshots }
  })
  assert.deepEqual(found.numbers, [...Array(60).keys()])
  assert.deepEqual(found.frames, found.numbers)
  assert.ok(found.encoded > 40 && found.encoded <= 50, `${found.encoded} frames were encoded after the restart`)
  assert.ok(found.snapshots > 10000 && found.whole, `${found.snapshots} bytes are kept`)
})

/** Tracks the whole clip, whose first frames' records then lie in a file; what `happens` then gives a session, in which a
    frame far back is corrected. */
const corrected = (happens) =>
  page.evaluate(async (happens) => {
    const one = await masklet.Masklet.create({ threads: 1 })
    const session = await one.open(clip)
    await session.addPoints({ ...click, frame: 0 })
    await track(session)
    await sleep(500)
    const { snapshots } = await one.memory()
    const goesOn = await new Function('one', 'session', `return (${happens})(one, session)`)(one, session)
    const whole = JSON.stringify((await goesOn.exportJSON()).trim().split('\n').slice(1, -1))
    await goesOn.addPoints({ object: 1, frame: 6, points: [[30, 30]], labels: [0] })
    const list = await track(goesOn, { start: 6, length: 12 })
    await one.close()
    return { snapshots, whole, list }
  }, String(happens))

test('killed after a long way: records and results in files are the next worker\'s, and what the page keeps is small', async () => {
  const undisturbed = await corrected(async (_, session) => session)
  const killed = await corrected(async (_, session) => {
    await kill()
    await sleep(200)
    return session
  })
  const saved = await corrected(async (one, session) => {
    const file = await session.save()
    await session.close()
    return one.resume(file, clip)
  })
  const same = (found) => [found.whole === undisturbed.whole, JSON.stringify(found.list) === JSON.stringify(undisturbed.list)]
  assert.deepEqual(same(killed), [true, true])
  assert.deepEqual(same(saved), [true, true])
  // A record takes 48 KiB, and there are 60; the kept state has those of the 32 frames around the last, and the prompted one's.
  assert.ok(undisturbed.snapshots < 40 * 50 * 1024, `${undisturbed.snapshots} bytes are kept`)
})

test('a resumed way is killed before anything was kept of it: it goes on where the saved session was', async () => {
  const found = await page.evaluate(async () => {
    const one = await masklet.Masklet.create({ threads: 1 })
    const session = await one.open(clip)
    await session.addPoints(click)
    let saved
    await track(session, { length: 8 }, { 4: async () => (saved = await session.save()) })
    const whole = (await session.frames()).length
    await session.close()
    const resumed = await one.resume(saved, clip)
    const { next } = resumed.interrupted
    const rest = await track(resumed, { continue: true }, { 2: kill })
    const frames = await resumed.frames()
    await one.close()
    return { whole, next, rest: rest.map(([frame]) => frame), frames }
  })
  assert.equal(found.whole, 9)
  assert.deepEqual(found.rest, Array.from({ length: 19 - found.next }, (_, i) => found.next + i))
  assert.deepEqual(found.frames, Array.from({ length: 9 }, (_, i) => 10 + i))
})

test('a call under way fails and says so; prompts made before are put back, the next call works', async () => {
  const found = await page.evaluate(async () => {
    const one = await masklet.Masklet.create({ threads: 1 })
    const session = await one.open(clip)
    await session.addPoints(click)
    await session.addPoints({ object: 2, frame: 10, points: [[211, 69]] })
    const before = rle(await session.result(10))
    const dying = kill()
    const lost = await failure(async () => {
      for (let i = 0; i < 100; ++i) await session.addPoints({ object: 3, frame: 11 + (i % 9), points: [[20, 20]] })
    })
    await dying
    const objects = (await session.objects()).map(({ id }) => id).filter((id) => id !== 3)
    const after = rle(await session.result(10)).slice(0, 3)
    await one.close()
    return { lost, objects, same: JSON.stringify(before) === JSON.stringify(after) }
  })
  assert.equal(found.lost.code, 'runtime_failed')
  assert.match(found.lost.message, /worker was ended/)
  assert.deepEqual([found.objects, found.same], [[1, 2], true])
})

test('workers that die without getting on are given up, and what was kept can still be saved', async () => {
  const found = await page.evaluate(async () => {
    const one = await masklet.Masklet.create({ threads: 1 })
    const session = await one.open(clip)
    await session.addPoints(click)
    const whole = new Map()
    const again = async (session) => await track(session, { start: 10, length: 3 })
    for (const [frame, ...counts] of [...(await track(session, { direction: 'both' })), ...(await again(session))]) whole.set(frame, counts)
    await sleep(500)
    let lost
    for (let i = 0; i < 20 && !lost; ++i) {
      await kill()
      await sleep(300)
      const { code, message } = await failure(() => session.frames())
      if (/one after the other/.test(message)) lost = { code, message }
    }
    const saved = await session.save()
    await one.close()
    const other = await masklet.Masklet.create({ threads: 1 })
    const resumed = await other.resume(saved, clip)
    const frames = await resumed.frames()
    const masks = new Map()
    for (const frame of frames) masks.set(frame, rle(await resumed.result(frame)).slice(1))
    const same = (await again(resumed)).every(([frame, ...counts]) => `${counts}` === `${whole.get(frame)}`)
    await other.close()
    return { lost, frames, same, whole: [...whole], masks: [...masks] }
  })
  assert.equal(found.lost?.code, 'runtime_failed')
  assert.deepEqual(found.frames, found.whole.map(([frame]) => frame))
  assert.equal(JSON.stringify(found.masks) === JSON.stringify(found.whole), true)
  assert.equal(found.same, true)
})

test('frames that come once cannot come again: such a session says so, others go on', async () => {
  const found = await page.evaluate(async () => {
    const one = await masklet.Masklet.create({ threads: 1 })
    const images = await files('/clip', 12)
    const stream = await one.open((async function* () {
      for (const image of images) yield await createImageBitmap(image)
    })())
    const other = await one.open(clip)
    await stream.addPoints({ ...click, frame: 0 })
    const tracking = await failure(() => track(stream, {}, { 4: kill }))
    const later = await failure(() => stream.frames())
    const works = (await other.addPoints(click)).objects.length
    await one.close()
    return { tracking, later, works }
  })
  assert.equal(found.tracking.code, 'runtime_failed')
  assert.equal(found.later.code, 'broken_clip')
  assert.equal(found.works, 1)
})

test('killed while the model loads: create() fails and says so, or takes the next runtime', async () => {
  const creating = page.evaluate(() => {
    let loads
    globalThis.loading = new Promise((resolve) => (loads = resolve))
    return failure(() => masklet.Masklet.create({ threads: 1, onProgress: ({ phase }) => phase === 'networks' && loads() }))
  })
  await page.evaluate(() => globalThis.loading)
  await kill()
  const { code, message } = await creating
  assert.equal(code, 'runtime_failed')
  assert.match(message, /worker was ended/)
})
