// Videos of several kinds give the native twin's masks: the same frames, upright, in the same colours.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { launch, openPage } from './browser.mjs'
import { h264, segment, video, work } from './clips.mjs'
import { compare, parse } from './masklets.mjs'
import { serve } from './server.mjs'

const kinds = {
  'vp9.webm': ['-c:v', 'libvpx-vp9', '-pix_fmt', 'yuv420p', '-b:v', '0', '-crf', '20', '-g', '8', '-cpu-used', '8'],
  'vp8.webm': ['-c:v', 'libvpx', '-pix_fmt', 'yuv420p', '-b:v', '1M', '-g', '8'],
  'full-range.mp4': [...h264, '-pix_fmt', 'yuvj420p', '-color_range', 'pc', '-colorspace', 'bt709'],
  'declared.mp4': [...h264, '-vf', 'scale=out_color_matrix=bt709', '-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709'],
  'b-frames.mkv': ['-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-bf', '3', '-g', '10', '-threads', '1'],
  'odd.mp4': [...h264, '-vf', 'crop=318:238:1:1'],
  'turned.mp4': [...h264, '-metadata:s:v', 'rotate=90'],
}

let server, browser, page
before(async () => {
  server = await serve({ mounts: { '/made/': work } })
  browser = await launch()
  page = await openPage(browser, server.url)
  await page.evaluate(async () => {
    globalThis.nano = await masklet.Masklet.create()
  })
})
after(async () => {
  await browser.close()
  await server.close()
})

for (const [name, encoding] of Object.entries(kinds)) {
  test(name, async () => {
    const file = video(name, encoding, 12)
    const text = await page.evaluate(async (name) => {
      const session = await nano.open(new File([await (await fetch(`/made/${name}`)).blob()], name))
      await session.addPoints({ object: 1, frame: 0, points: [[100, 120]] })
      for await (const _ of session.propagate());
      const text = await session.exportJSON()
      await session.close()
      return text
    }, name)
    const reference = parse(segment(file, `native-${name}`, ['--click', '100,120,0,1']))
    const given = parse(text)
    assert.deepEqual(given.header, reference.header)
    assert.deepEqual(given.frames.map(({ time }) => time), reference.frames.map(({ time }) => time))
    assert.deepEqual(compare(given, reference).problems, [])
    assert.equal(given.frames.length, 12)
  })
}
