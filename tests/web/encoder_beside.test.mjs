// The image encoder in a worker of its own: the same masks, sooner; not where memory is short; replaced where it dies.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { launch, openPage } from './browser.mjs'
import { h264, video, work } from './clips.mjs'
import { serve } from './server.mjs'

let server, browser, page
before(async () => {
  video('clip.mp4', h264)
  server = await serve({ mounts: { '/made/': work } })
  browser = await launch()
  page = await openPage(browser, server.url)
  await page.exposeFunction('crashEncoder', () =>
    encoders()
      .at(-1)
      .evaluate(() => {
        self.onmessage = () => {
          throw new Error('a crash for the test')
        }
      }),
  )
  await page.evaluate(async () => {
    globalThis.clip = new File([await (await fetch('/made/clip.mp4')).blob()], 'clip.mp4')
    globalThis.click = { object: 1, frame: 10, points: [[90, 120]] }
    globalThis.track = async (session, options, onFrame = () => undefined) => {
      const list = []
      for await (const { frame, objects } of session.propagate(options)) {
        list.push([frame, ...objects.map(({ rle }) => rle.counts)])
        await onFrame(frame)
      }
      return list
    }
  })
})
after(async () => {
  await browser.close()
  await server.close()
})

const encoders = () => page.workers().filter((each) => each.url().endsWith('#encoder'))

test('beside or alone, forward and back, with two objects and a correction: the same masks', async () => {
  const run = (encoderBeside) =>
    page.evaluate(async (encoderBeside) => {
      const one = await masklet.Masklet.create({ provider: 'wasm', threads: 1, encoderBeside })
      const session = await one.open(clip)
      await session.addPoints(click)
      await session.addPoints({ ...click, object: 2, points: [[200, 60]] })
      const masks = await track(session, { direction: 'both', length: 6 })
      await session.addPoints({ ...click, frame: 12, points: [[60, 120]], labels: [0] })
      masks.push(...(await track(session, { start: 12, length: 4 })))
      const cache = (await one.memory()).cache
      const encoded = (await one.timings()).find(({ network }) => network === 'image_encoder').runs
      const { encoderBeside: beside } = one.model
      await one.close()
      return { masks, cache, encoded, beside }
    }, encoderBeside)
  const alone = await run(false)
  const beside = await run(true)
  assert.deepEqual([alone.beside, beside.beside], [false, true])
  assert.deepEqual(beside.masks, alone.masks)
  assert.deepEqual(beside.cache, alone.cache)
  // One frame may have been encoded ahead of where a way ends.
  assert.ok(beside.encoded - alone.encoded <= 3 && beside.encoded >= alone.encoded, `${beside.encoded} and ${alone.encoded} runs`)
  for (const end = Date.now() + 10_000; encoders().length && Date.now() < end; ) await page.waitForTimeout(50)
  assert.equal(encoders().length, 0)
})

test('where it is not asked for it is there if memory allows', async () => {
  const found = await page.evaluate(async () => {
    const of = async (options) => {
      const one = await masklet.Masklet.create({ provider: 'wasm', threads: 1, ...options })
      const { encoderBeside } = one.model
      await one.close()
      return encoderBeside
    }
    return [await of({}), await of({ memoryLimit: 100 * 2 ** 20 }), await of({ memoryLimit: 100 * 2 ** 20, encoderBeside: true })]
  })
  assert.deepEqual(found, [true, false, false])
})

test('where its worker does not start, all networks run in one', async () => {
  const found = await page.evaluate(async () => {
    const source = `import '${new URL('/dist/worker.js', location.href)}'`
    const worker = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }))
    // The worker that runs by then cannot start another one from there.
    const onProgress = () => URL.revokeObjectURL(worker)
    const one = await masklet.Masklet.create({ provider: 'wasm', threads: 1, encoderBeside: true, urls: { worker }, onProgress })
    const session = await one.open(clip)
    await session.addPoints(click)
    const { length } = await track(session, { length: 2 })
    const { encoderBeside } = one.model
    await one.close()
    return { length, encoderBeside }
  })
  assert.deepEqual(found, { length: 3, encoderBeside: false })
})

test('an encoder that crashes while it tracks is replaced: every frame once, with the same masks', async () => {
  const found = await page.evaluate(async () => {
    const one = await masklet.Masklet.create({ provider: 'wasm', threads: 1, encoderBeside: true })
    const session = await one.open(clip)
    await session.addPoints(click)
    const whole = await track(session, { length: 8 })
    await session.reset()
    await session.addPoints(click)
    const crashed = await track(session, { length: 8 }, (frame) => frame === 13 && crashEncoder())
    const { encoderBeside } = one.model
    await one.close()
    return { whole, crashed, encoderBeside }
  })
  assert.equal(found.whole.length, 9)
  assert.deepEqual(found.crashed, found.whole)
  assert.equal(found.encoderBeside, true)
})
