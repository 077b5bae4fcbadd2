// WebGPU on Chromium's software adapter: too slow for anything but the question whether it computes the same.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { launch, openPage } from '../browser.mjs'
import { frames } from '../clips.mjs'
import { difference } from '../masklets.mjs'
import { serve } from '../server.mjs'

let server, browser, page
before(async () => {
  server = await serve({ mounts: { '/clip/': frames() } })
  browser = await launch(['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'])
  page = await openPage(browser, server.url)
  await page.evaluate(() => {
    globalThis.track = async (provider) => {
      const one = await masklet.Masklet.create({ provider })
      const session = await one.open(await files('/clip', 4))
      await session.addPoints({ object: 1, frame: 0, points: [[57, 133]] })
      const counts = []
      for await (const { objects } of session.propagate()) counts.push(objects[0].rle.counts)
      await one.close()
      return { runtime: one.runtime, counts }
    }
  })
})
after(async () => {
  await browser.close()
  await server.close()
})

test('the check at its start passes, and its masks are those of the processor', async () => {
  const gpu = await page.evaluate(() => track('webgpu'))
  const processor = await page.evaluate(() => track('wasm'))
  assert.equal(gpu.runtime.provider, 'webgpu')
  assert.equal(gpu.counts.length, 4)
  for (const [frame, counts] of processor.counts.entries()) {
    const { one, both } = difference(gpu.counts[frame], counts)
    assert.ok(both / (one + both) >= 0.995, `frame ${frame}: ${one} pixels apart of ${both}`)
  }
})

test('a software adapter is not taken unasked', async () => {
  const { runtime } = await page.evaluate(() => track('auto'))
  assert.equal(runtime.provider, 'wasm')
  assert.match(runtime.reason, /stand-in/)
})
