// A clip through the browser gives what it gives natively.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { launch, openPage } from './browser.mjs'
import { frames, h264, segment, video, work } from './clips.mjs'
import { compare, parse } from './masklets.mjs'
import { serve } from './server.mjs'

const clicks = [
  { object: 1, frame: 0, points: [[57, 133]] },
  { object: 2, frame: 0, points: [[211, 69]] },
]
const flags = clicks.flatMap(({ object, frame, points }) => ['--click', `${points[0].join(',')},${frame},${object}`])

let server, browser, page
before(async () => {
  server = await serve({ mounts: { '/clip/': frames(), '/made/': work } })
  browser = await launch()
  page = await openPage(browser, server.url)
  await page.evaluate(async () => {
    globalThis.nano = await masklet.Masklet.create({ memoryLimit: 256 * 2 ** 20, limits: { sessions: 0 } })
  })
})
after(async () => {
  await browser.close()
  await server.close()
})

test('images of 60 frames, two objects, one hidden for a moment: the masks of the native twin', async () => {
  const given = await page.evaluate(async (clicks) => {
    const session = await nano.open(await files('/clip', 60), { name: 'frames' })
    for (const click of clicks) await session.addPoints(click)
    const order = []
    for await (const { frame, width, height } of session.propagate()) order.push([frame, width, height])
    const text = await session.exportJSON()
    await session.close()
    return { text, order }
  }, clicks)
  assert.deepEqual(given.order, Array.from({ length: 60 }, (_, frame) => [frame, 320, 240]))
  const reference = segment(frames(), 'native-images', flags)
  const report = compare(parse(given.text), parse(reference))
  console.log(`  ${report.identical} of ${report.masks} masks identical, at most ${report.worstPixels} pixels apart`)
  assert.deepEqual(report.problems, [])
  assert.equal(report.frames, 60)
  assert.deepEqual(parse(given.text).header, parse(reference).header)
  assert.deepEqual(parse(given.text).end, { frames: 60, partial: false })
})

test('a video in both directions from its middle, and its frames as pictures', async () => {
  const file = video('clip.mp4', h264)
  const given = await page.evaluate(async () => {
    const blob = await (await fetch('/made/clip.mp4')).blob()
    const session = await nano.open(new File([blob], 'clip.mp4'))
    const { width, height, frameCount, times } = session
    await session.addPoints({ object: 1, frame: 10, points: [[90, 120]] })
    const order = []
    for await (const { frame } of session.propagate({ direction: 'both' })) order.push(frame)
    const picture = await session.picture(33)
    const shown = { width: picture.width, height: picture.height }
    const text = await session.exportJSON()
    await session.close()
    return { width, height, frameCount, last: times.at(-1), order, shown, text }
  })
  assert.deepEqual([given.width, given.height, given.frameCount], [320, 240, 60])
  assert.ok(Math.abs(given.last - 59 / 24) < 1e-3, `the last frame is at ${given.last} s`)
  assert.deepEqual(given.order, [...Array(50).keys()].map((i) => i + 10).concat([...Array(10).keys()].map((i) => 9 - i)))
  assert.deepEqual(given.shown, { width: 320, height: 240 })
  const reference = segment(file, 'native-video', ['--click', '90,120,10,1', '--direction', 'both'])
  assert.deepEqual(compare(parse(given.text), parse(reference)).problems, [])
})

test('masks in every form, at the size of the video', async () => {
  const forms = await page.evaluate(async () => {
    const session = await nano.open(await files('/clip', 2))
    const masks = {
      bitmap: true,
      matte: true,
      labels: true,
      image: 'ImageData',
      overlay: { colours: { 1: [255, 0, 0, 128] }, as: 'ImageBitmap' },
    }
    const frame = await session.addPoints({ object: 1, frame: 0, points: [[57, 133]] }, { masks })
    const [object] = frame.objects
    const sum = (list, of) => list.reduce((total, value) => total + of(value), 0)
    const canvas = new OffscreenCanvas(320, 240).getContext('2d')
    canvas.drawImage(frame.overlay, 0, 0)
    const at = (x, y) => [...canvas.getImageData(x, y, 1, 1).data]
    const found = {
      area: object.area,
      bitmap: sum(object.bitmap, (v) => v),
      matte: sum(object.matte, (v) => v > 127),
      labels: sum(frame.labels, (v) => v === 1),
      image: sum(object.image.data, (v) => v === 255) / 4,
      sizes: [object.bitmap.length, object.matte.length, object.image.width, object.image.height, frame.overlay.width],
      inside: at(57, 133),
      outside: at(5, 5),
    }
    await session.close()
    return found
  })
  assert.ok(forms.area > 500)
  assert.equal(forms.bitmap, forms.area)
  assert.equal(forms.labels, forms.area)
  assert.equal(forms.image, forms.area)
  assert.ok(Math.abs(forms.matte - forms.area) <= forms.area * 0.05, `${forms.matte} matte pixels of ${forms.area}`)
  assert.deepEqual(forms.sizes, [76800, 76800, 320, 240, 320])
  assert.deepEqual(forms.inside, [255, 0, 0, 128])
  assert.deepEqual(forms.outside, [0, 0, 0, 0])
})

test('corrections, boxes, masks, removal and reset change what is known', async () => {
  const steps = await page.evaluate(async () => {
    const session = await nano.open(await files('/clip', 12))
    const ids = (frame) => frame.objects.map(({ id }) => id)
    const first = await session.addBox({ object: 1, frame: 0, box: [25, 100, 95, 170] }, { masks: { bitmap: true } })
    const copied = await session.addMask({ object: 3, frame: 0, mask: first.objects[0].bitmap })
    for await (const _ of session.propagate({ length: 8 }));
    const tracked = await session.frames()
    const before = await session.result(5)
    const corrected = await session.addPoints({ object: 1, frame: 5, points: [[5, 5]], labels: [0], keepOld: true })
    const after = await session.result(5)
    await session.removeObject(3)
    const removed = await session.result(5)
    const objects = await session.objects()
    const cleared = await session.clearPrompts({ object: 1, frame: 5 })
    await session.reset()
    const empty = await session.result(5)
    const none = await session.objects()
    await session.close()
    const rle = (frame) => frame.objects[0]?.rle.counts
    return {
      first: ids(first), copied: ids(copied), tracked, before: ids(before),
      corrected: rle(corrected) === rle(after), removed: ids(removed),
      prompts: objects[0].prompts.map(({ frame }) => frame), cleared: ids(cleared), empty: ids(empty), none,
    }
  })
  assert.deepEqual(steps, {
    first: [1], copied: [1, 3], tracked: [0, 1, 2, 3, 4, 5, 6, 7, 8], before: [1, 3],
    corrected: true, removed: [1], prompts: [0, 5], cleared: [1], empty: [], none: [],
  })
})

test('image mode answers with candidates and refines one', async () => {
  const found = await page.evaluate(async () => {
    const [image] = await files('/clip', 1)
    const size = await nano.setImage(image)
    const three = await nano.predict({ points: [[57, 133]] }, { masks: { bitmap: true } })
    const best = three.toSorted((a, b) => b.iou - a.iou)[0]
    const [one] = await nano.predict({ points: [[57, 133]], maskInput: best.refinement, multimask: false })
    return { size, three: three.map(({ area }) => area), bits: three[0].bitmap.length, one: one.area }
  })
  assert.deepEqual(found.size, { width: 320, height: 240 })
  assert.equal(found.three.length, 3)
  assert.equal(found.bits, 76800)
  assert.ok(found.one > 0)
})

test('a saved session resumes in another worker with the same masks', async () => {
  const same = await page.evaluate(async () => {
    const clip = await files('/clip', 20)
    const session = await nano.open(clip)
    await session.addPoints({ object: 1, frame: 0, points: [[57, 133]] })
    for await (const { frame } of session.propagate()) if (frame === 9) break
    const saved = await session.save()
    const whole = []
    for await (const { objects } of session.propagate({ start: 10 })) whole.push(objects[0].rle.counts)
    await session.close()
    const other = await masklet.Masklet.create({ threads: 1 })
    const resumed = await other.resume(saved, clip)
    const rest = []
    for await (const { objects } of resumed.propagate({ start: 10 })) rest.push(objects[0].rle.counts)
    await other.close()
    return { whole: whole.length, rest: rest.length, same: whole.every((counts, i) => counts === rest[i]) }
  })
  assert.deepEqual(same, { whole: 10, rest: 10, same: true })
})

test('frames that arrive one by one, and a camera, are tracked with a memory that does not grow', async () => {
  const found = await page.evaluate(async () => {
    const clip = await files('/clip', 30)
    const frames = async function* () {
      for (const file of clip) yield await createImageBitmap(file)
    }
    const stream = await nano.open(frames())
    await stream.addPoints({ object: 1, frame: 0, points: [[57, 133]] })
    const seen = []
    for await (const { frame } of stream.propagate()) seen.push(frame)
    await stream.close()
    const camera = await navigator.mediaDevices.getUserMedia({ video: { width: 320, height: 240 } })
    const [track] = camera.getVideoTracks()
    const clones = []
    track.clone = () => {
      clones.push(MediaStreamTrack.prototype.clone.call(track))
      return clones.at(-1)
    }
    const live = await nano.open(camera)
    await live.addPoints({ object: 1, frame: 0, points: [[160, 120]] })
    const before = await nano.memory()
    let dropped = 0
    let last = 0
    for await (const result of live.propagate()) {
      dropped += result.dropped
      last = result.frame
      if (last === 20) break
    }
    const memory = await nano.memory()
    await live.close()
    for (let waited = 0; waited < 50 && clones.some(({ readyState }) => readyState === 'live'); ++waited)
      await new Promise((done) => setTimeout(done, 100))
    const states = [track, ...clones].map(({ readyState }) => readyState)
    track.stop()
    return { seen, last, dropped, grown: memory.features - before.features, states }
  })
  assert.deepEqual(found.seen, [...Array(30).keys()])
  assert.equal(found.last, 20)
  assert.ok(found.dropped >= 0)
  assert.ok(found.grown <= 2 ** 20, `features grew by ${found.grown} bytes`)
  assert.deepEqual(found.states, ['live', 'ended'], "the page's own track goes on, the session's is stopped")
})
