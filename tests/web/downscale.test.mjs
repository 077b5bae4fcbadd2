// limits.downscaleMax: frames are scaled down as they are read, to the native twin's bytes, and everything is of that size.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { launch, openPage } from './browser.mjs'
import { h264, masklet, video, work } from './clips.mjs'
import { parse } from './masklets.mjs'
import { repository, serve } from './server.mjs'

let server, browser, page
before(async () => {
  server = await serve({ mounts: { '/made/': work } })
  browser = await launch()
  page = await openPage(browser, server.url)
  await page.evaluate(async () => {
    globalThis.nano = await masklet.Masklet.create({ threads: 1, limits: { maxFrameDimension: 201 } })
    globalThis.file = async () => new File([await (await fetch('/made/downscale.mp4')).blob()], 'downscale.mp4')
  })
})
after(async () => {
  await browser.close()
  await server.close()
})

test('a video file: masks, exports and pictures are of the new size, as natively; progress and exports say so', async () => {
  const clip = video('downscale.mp4', h264, 8)
  const found = await page.evaluate(async () => {
    const refused = await failure(async () => nano.open(await file()))
    const said = []
    const session = await nano.open(await file(), { limits: { downscaleMax: 201 }, onProgress: ({ text }) => said.push(text) })
    const { width, height } = session
    await session.addPoints({ object: 1, frame: 0, points: [[36, 83]] })
    for await (const _ of session.propagate());
    const picture = await session.picture(3)
    const plan = await session.plan({})
    const text = await session.exportJSON()
    const saved = await session.save()
    await session.close()
    const other = await failure(async () => nano.resume(saved, await file(), { limits: { maxFrameDimension: 0 } }))
    const again = await nano.resume(saved, await file(), { limits: { downscaleMax: 201 } })
    const resumed = [again.width, again.height, (await again.frames()).length]
    await again.close()
    return { refused, said, size: [width, height, picture.width, picture.height], plan, text, other, resumed }
  })
  assert.match(found.refused.message, /320 x 240 pixels; the limit is 201: set limits.downscaleMax to 201 /)
  assert.deepEqual(found.size, [201, 151, 201, 151])
  assert.ok(found.said.includes('Frames are scaled down from 320 x 240 to 201 x 151 pixels'), found.said.join('; '))
  assert.equal(found.plan.scaling, 'frames are scaled down from 320 x 240 to 201 x 151 pixels')
  assert.match(found.other.message, /8 frames of 201 x 151; .* of 320 x 240: open that clip, with the same limits.downscaleMax/)
  assert.deepEqual(found.resumed, [201, 151, 8])

  const output = join(work, 'native-downscale')
  const args = ['segment', clip, '--model', join(repository, 'models/nano'), '--click', '36,83,0,1', '-o', output, '--progress', 'none']
  execFileSync(masklet, args, { env: { ...process.env, DOWNSCALE_MAX: '201' }, stdio: 'pipe' })
  const native = parse(readFileSync(join(output, 'masklets.jsonl'), 'utf8'))
  const given = parse(found.text)
  assert.deepEqual(given.header, native.header)
  assert.deepEqual(given.header.scaled_from, [320, 240])
  const masks = ({ frames }) => frames.map(({ objects }) => objects.map(({ rle }) => rle))
  assert.deepEqual(masks(given), masks(native))
})

test('a stream is scaled as well, and a limit that is no number is refused by open() too', async () => {
  const found = await page.evaluate(async () => {
    const frames = async function* () {
      const canvas = new OffscreenCanvas(160, 320)
      const context = canvas.getContext('2d')
      for (let frame = 0; frame < 3; ++frame) {
        context.fillStyle = frame % 2 ? 'navy' : 'teal'
        context.fillRect(0, 0, 160, 320)
        yield new VideoFrame(canvas, { timestamp: frame * 41667 })
      }
    }
    const session = await nano.open(frames(), { limits: { downscaleMax: 100 } })
    await session.addPoints({ object: 1, frame: 0, points: [[25, 50]] })
    const sizes = []
    for await (const { objects } of session.propagate()) sizes.push(objects[0].rle.size)
    const { width, height } = session
    await session.close()
    const wrong = await failure(async () => nano.open(frames(), { limits: { downscaleMax: -1 } }))
    return { size: [width, height], sizes, wrong }
  })
  assert.deepEqual(found.size, [50, 100])
  assert.deepEqual(found.sizes, [[100, 50], [100, 50], [100, 50]])
  assert.match(found.wrong.message, /limits.downscaleMax is -1/)
})
