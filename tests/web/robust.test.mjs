// Sessions that outlive their worker, and memory that does not grow.
import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { launch, openPage } from './browser.mjs'
import { frames, h264, video, work } from './clips.mjs'
import { parse } from './masklets.mjs'
import { repository, serve } from './server.mjs'

const cycles = Number(process.env.CYCLES ?? 20)
const restarts = Number(process.env.RESTARTS ?? 4)

let server, browser, page
before(async () => {
  video('clip.mp4', h264)
  video('other.mp4', [...h264, '-vf', 'hflip'])
  server = await serve({ mounts: { '/clip/': frames(), '/made/': work, '/models/': join(repository, 'models') } })
  browser = await launch()
  page = await openPage(browser, server.url)
  await page.evaluate(() => {
    globalThis.fetched = async (name) => new File([await (await fetch(name)).blob()], name.split('/').pop())
  })
})
after(async () => {
  await browser.close()
  await server.close()
})

/** Bytes of all processes of the browser, shared ones by their share. */
function browserBytes() {
  const parents = new Map()
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      parents.set(Number(pid), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]))
    } catch {}
  }
  const isOurs = (pid) => pid === process.pid || (parents.has(pid) && isOurs(parents.get(pid)))
  let sum = 0
  for (const pid of parents.keys()) {
    if (pid === process.pid || !isOurs(pid)) continue
    try {
      sum += 1024 * Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1])
    } catch {}
  }
  return sum
}

test('a worker that is killed while it tracks: the saved session goes on in another one, with the same masks', async () => {
  const found = await page.evaluate(async () => {
    const clip = await fetched('/made/clip.mp4')
    const first = await masklet.Masklet.create()
    const session = await first.open(clip)
    await session.addPoints({ object: 1, frame: 0, points: [[57, 133]] })
    for await (const _ of session.propagate({ length: 29 }));
    const whole = await session.exportJSON()
    await session.reset()
    await session.addPoints({ object: 1, frame: 0, points: [[57, 133]] })
    let saved
    let lost
    try {
      for await (const { frame } of session.propagate({ length: 29 })) {
        if (frame === 10) saved = await session.save()
        if (frame === 12) await first.close() // ends the worker, whatever it does
      }
    } catch (error) {
      lost = error.code
    }
    const second = await masklet.Masklet.create({ threads: 1 })
    const resumed = await second.resume(saved, clip)
    const { interrupted } = resumed
    const before = (await resumed.frames()).length
    for await (const _ of resumed.propagate({ continue: true }));
    const parts = await resumed.exportJSON()
    await second.close()
    return { lost, interrupted, before, whole, parts }
  })
  assert.equal(found.lost, 'invalid_state')
  assert.ok(found.before >= 10 && found.before < 30, `${found.before} frames were saved`)
  assert.equal(found.interrupted.last, 29)
  assert.deepEqual(parse(found.parts).frames, parse(found.whole).frames)
  assert.deepEqual(parse(found.parts).end, { frames: 30, partial: false })
})

test('a saved session is refused with another model, another clip, and when it is damaged', async () => {
  const found = await page.evaluate(async () => {
    const clip = await fetched('/made/clip.mp4')
    const one = await masklet.Masklet.create({ threads: 1 })
    const session = await one.open(clip)
    await session.addPoints({ object: 1, frame: 0, points: [[57, 133]] })
    const saved = await session.save()
    const bytes = new Uint8Array(await (await fetch('/models/nano/model.safetensors')).arrayBuffer())
    bytes[bytes.length - 4] ^= 1
    const other = await masklet.Masklet.create({ model: { weights: bytes, architecture: '/models/nano/model.json' }, threads: 1 })
    const result = [
      await failure(() => other.resume(saved, clip)),
      await failure(async () => one.resume(saved, await fetched('/made/other.mp4'))),
      await failure(async () => one.resume(saved, await files('/clip', 5))),
      await failure(() => one.resume(saved.slice(0, saved.size / 2), clip)),
      await failure(() => one.resume(new Blob(['nothing of the kind']), clip)),
    ]
    const works = (await one.resume(saved, clip)).frameCount
    await other.close()
    await one.close()
    return { result, works }
  })
  const codes = found.result.map(({ code }) => code)
  assert.deepEqual(codes.slice(0, 3), ['weights_mismatch', 'invalid_argument', 'invalid_argument'])
  for (const code of codes.slice(3)) assert.ok(['corrupt_file', 'unsupported_file'].includes(code), code)
  assert.equal(found.works, 60)
})

// What a page notices of being hidden and frozen, which headless browsers cannot be: for a while its thread does nothing.
test('a page that stands still while it tracks: the worker waits two frames ahead, then no frame is lost or different', async () => {
  const found = await page.evaluate(async () => {
    const one = await masklet.Masklet.create({ threads: 1 })
    const session = await one.open(await files('/clip', 24))
    await session.addPoints({ object: 1, frame: 0, points: [[57, 133]] })
    const encoded = async () => (await one.timings()).find(({ network }) => network === 'image_encoder').runs
    const track = async (happens) => {
      const list = []
      for await (const { frame, objects } of session.propagate()) {
        list.push([frame, objects[0].rle.counts])
        if (list.length === 6) await happens()
      }
      return list
    }
    const whole = await track(async () => undefined)
    let ahead
    const parts = await track(async () => {
      const before = await encoded()
      for (const end = performance.now() + 3000; performance.now() < end; );
      ahead = (await encoded()) - before
    })
    await one.close()
    return { whole, parts, ahead }
  })
  assert.equal(found.whole.length, 24)
  assert.deepEqual(found.parts, found.whole)
  assert.ok(found.ahead <= 3, `${found.ahead} frames were encoded while the page stood still`)
})

test(`${cycles} times open, track, close in one worker: no memory grows`, async () => {
  const round = (count) =>
    page.evaluate(async (count) => {
      globalThis.kept ??= await masklet.Masklet.create({ memoryLimit: 256 * 2 ** 20 })
      const clip = await files('/clip', 2)
      for (let i = 0; i < count; ++i) {
        const session = await kept.open(clip)
        await session.addPoints({ object: 1, frame: 0, points: [[57, 133]] }, { masks: { labels: true } })
        for await (const _ of session.propagate());
        await session.close()
      }
      return kept.memory()
    }, count)
  const early = await round(Math.ceil(cycles / 4))
  const bytes = browserBytes()
  const late = await round(cycles - Math.ceil(cycles / 4))
  assert.deepEqual([late.core, late.runtime, late.features, late.results], [early.core, early.runtime, 0, 0])
  const grown = browserBytes() - bytes
  console.log(`  from outside: ${(grown / 2 ** 20).toFixed(1)} MiB more`)
  assert.ok(grown < 48 * 2 ** 20, `${grown} bytes more after ${cycles} cycles`)
})

test(`${restarts} workers, one after the other: each gives its memory back`, async () => {
  const restart = () =>
    page.evaluate(async () => {
      const one = await masklet.Masklet.create()
      const session = await one.open(await files('/clip', 1))
      await session.addPoints({ object: 1, frame: 0, points: [[57, 133]] })
      await one.close()
    })
  await restart()
  await restart()
  await new Promise((done) => setTimeout(done, 5000))
  const bytes = browserBytes()
  for (let i = 0; i < restarts; ++i) await restart()
  // The browser frees what an ended worker held in its own time, later on a busy machine.
  let grown = Infinity
  for (let waited = 0; waited < 30 && grown >= 96 * 2 ** 20; ++waited) {
    await new Promise((done) => setTimeout(done, 1000))
    grown = browserBytes() - bytes
  }
  console.log(`  from outside: ${(grown / 2 ** 20).toFixed(1)} MiB more`)
  assert.ok(grown < 96 * 2 ** 20, `${grown} bytes more after ${restarts} restarts`)
})

test('a prompt that comes in while a result is fetched waits for it, and neither takes the other’s steps', async () => {
  const [alone, amid] = await page.evaluate(async () => {
    const one = await masklet.Masklet.create({ threads: 1 })
    const click = { object: 1, frame: 0, points: [[57, 133]] }
    const areas = async (...shown) => {
      const session = await one.open(await files('/clip', 4))
      await session.addPoints(click)
      for await (const _ of session.propagate());
      const areas = []
      for (let i = 0; i < 6; ++i) {
        const [prompted] = await Promise.all([...shown.map((frame) => session.result(frame)), session.addPoints(click)].reverse())
        areas.push(prompted.objects[0].area)
      }
      await session.close()
      return areas
    }
    const both = [await areas(), await areas(2, 3)]
    await one.close()
    return both
  })
  assert.deepEqual(amid, alone)
})
