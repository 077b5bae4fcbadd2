// Videos of several kinds give the native twin's masks: the same frames, upright, in the same colours.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { launch, openPage } from './browser.mjs'
import { h264, segment, turned, video, work } from './clips.mjs'
import { compare, parse } from './masklets.mjs'
import { serve } from './server.mjs'

const kinds = {
  'vp9.webm': ['-c:v', 'libvpx-vp9', '-pix_fmt', 'yuv420p', '-b:v', '0', '-crf', '20', '-g', '8', '-cpu-used', '8'],
  'vp8.webm': ['-c:v', 'libvpx', '-pix_fmt', 'yuv420p', '-b:v', '1M', '-g', '8'],
  'full-range.mp4': [...h264, '-pix_fmt', 'yuvj420p', '-color_range', 'pc', '-colorspace', 'bt709'],
  'declared.mp4': [...h264, '-vf', 'scale=out_color_matrix=bt709', '-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709'],
  'b-frames.mkv': ['-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-bf', '3', '-g', '10', '-threads', '1'],
  'odd.mp4': [...h264, '-vf', 'crop=318:238:1:1'],
  'av1.mp4': ['-c:v', 'libaom-av1', '-pix_fmt', 'yuv420p', '-cpu-used', '8', '-crf', '24', '-g', '8', '-threads', '1'],
  'av1-10.webm': ['-c:v', 'libaom-av1', '-pix_fmt', 'yuv420p10le', '-cpu-used', '8', '-crf', '24', '-g', '8', '-threads', '1'],
  'vp9-10.webm': ['-c:v', 'libvpx-vp9', '-pix_fmt', 'yuv420p10le', '-b:v', '0', '-crf', '20', '-g', '8', '-cpu-used', '8'],
}

// On the first object: what a click on the background means is a matter of a few levels of a colour.
const onObject = [57, 133]
const onTurnedObject = [onObject[1], 319 - onObject[0]]

let server, browser, page
before(async () => {
  server = await serve({ mounts: { '/made/': work } })
  browser = await launch()
  page = await openPage(browser, server.url)
  await page.evaluate(async () => {
    globalThis.nano = await masklet.Masklet.create()
    const pixels = (image, width, height) => {
      const context = new OffscreenCanvas(width, height).getContext('2d')
      context.drawImage(image, 0, 0, width, height)
      return context.getImageData(0, 0, width, height).data
    }
    /** Of a picture of the session from what a video element shows at that time: the mean over all values. */
    globalThis.difference = async (session, name, frame) => {
      const { width, height, times } = session
      const src = URL.createObjectURL(await (await fetch(`/made/${name}`)).blob()) // seeking needs ranges of bytes
      const video = Object.assign(document.createElement('video'), { src, muted: true })
      await new Promise((done, failed) => Object.assign(video, { onloadeddata: done, onerror: failed }))
      const sought = new Promise((done) => (video.onseeked = done))
      video.currentTime = times[frame] + 0.02
      await sought
      const picture = await session.picture(frame)
      const ours = pixels(picture, width, height)
      picture.close()
      const apart = () => {
        const its = pixels(video, width, height)
        return ours.reduce((sum, value, i) => sum + Math.abs(value - its[i]), 0) / ours.length
      }
      // On a busy machine the element is black for a moment after it has told that it sought.
      for (let tries = 0; tries < 20 && apart() > 50; ++tries) await new Promise((done) => setTimeout(done, 100))
      return apart()
    }
  })
})
after(async () => {
  await browser.close()
  await server.close()
})

for (const [name, encoding] of Object.entries(kinds))
  test(name, async () => givesNativeMasks(name, video(name, encoding, 12), onObject))

test('turned.mp4', async () => {
  const header = await givesNativeMasks('turned.mp4', turned('turned.mp4', video('lying.mp4', h264, 12)), onTurnedObject)
  assert.deepEqual([header.width, header.height], [240, 320])
})

/** Tracks the object at a point of the first frame, here and natively; the header of the result. */
async function givesNativeMasks(name, file, point) {
  const { text, shown } = await page.evaluate(async ({ name, point }) => {
    const session = await nano.open(new File([await (await fetch(`/made/${name}`)).blob()], name))
    await session.addPoints({ object: 1, frame: 0, points: [point] })
    for await (const _ of session.propagate());
    const text = await session.exportJSON()
    // The frame tracked last is shown without decoding it again, an earlier one is looked up; the element is the judge.
    const shown = [await difference(session, name, 11), await difference(session, name, 3)]
    await session.close()
    return { text, shown }
  }, { name, point })
  // Chromium's element shows full range as if it were limited, so there it is a judge of places only.
  const most = name === 'full-range.mp4' ? 6 : 4
  for (const apart of shown) assert.ok(apart < most, `pictures are ${shown.join(' and ')} of 255 apart from the element's`)
  const reference = parse(segment(file, `native-${name}`, ['--click', `${point},0,1`]))
  const given = parse(text)
  assert.deepEqual(given.header, reference.header)
  assert.deepEqual(given.frames.map(({ time }) => time), reference.frames.map(({ time }) => time))
  assert.deepEqual(compare(given, reference).problems, [])
  assert.equal(given.frames.length, 12)
  return given.header
}
