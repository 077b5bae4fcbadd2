// What weights are kept as in memory: less of it, and nearly the same masks.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { launch, openPage } from './browser.mjs'
import { frames } from './clips.mjs'
import { difference, parse } from './masklets.mjs'
import { repository, serve } from './server.mjs'

let server, browser, page
before(async () => {
  server = await serve({ mounts: { '/clip/': frames(), '/models/': join(repository, 'models') } })
  browser = await launch()
  page = await openPage(browser, server.url)
})
after(async () => {
  await browser.close()
  await server.close()
})

/** Masks of both objects over 20 frames. */
const track = (dtype) =>
  page.evaluate(async (dtype) => {
    const twin = await masklet.Masklet.create({ dtype, provider: 'wasm', threads: 1 })
    const session = await twin.open(await files('/clip', 20))
    await session.addPoints({ object: 1, frame: 0, points: [[57, 133]] })
    await session.addPoints({ object: 2, frame: 0, points: [[211, 69]] })
    for await (const _ of session.propagate());
    const text = await session.exportJSON()
    await twin.close()
    return text
  }, dtype)

/** Mean IoU of the masks of two results. */
function meanIou(given, reference) {
  const ious = []
  for (const [index, frame] of reference.frames.entries())
    for (const object of frame.objects) {
      const other = given.frames[index].objects.find(({ id }) => id === object.id)
      const { one, both } = difference(other.rle.counts, object.rle.counts)
      ious.push(one + both ? both / (one + both) : 1)
    }
  assert.equal(ious.length, 40)
  return ious.reduce((sum, iou) => sum + iou, 0) / ious.length
}

test('f16 and q8 give nearly the masks of f32', async () => {
  const reference = parse(await track('f32'))
  for (const [dtype, least] of [['f16', 0.99], ['q8', 0.9]]) {
    const iou = meanIou(parse(await track(dtype)), reference)
    assert.ok(iou >= least, `${dtype}: mean IoU ${iou.toFixed(4)}`)
    assert.ok(iou < 1 || dtype === 'f16', `${dtype} is no other than f32`)
  }
})

test('an unknown dtype is refused before anything is loaded, and names the ones there are', async () => {
  const { code, message } = await page.evaluate(() => failure(() => masklet.Masklet.create({ dtype: 'q4', model: '/nowhere' })))
  assert.equal(code, 'invalid_argument')
  assert.match(message, /dtype is 'q4'; it must be one of f32, f16, q8/)
})
