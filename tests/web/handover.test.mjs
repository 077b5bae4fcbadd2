// Sessions that begin in one twin and go on in the other.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { launch, openPage } from './browser.mjs'
import { h264, masklet, segment, video, work } from './clips.mjs'
import { compare, parse } from './masklets.mjs'
import { repository, serve } from './server.mjs'

const model = join(repository, 'models/nano')
const click = ['--click', '57,133,0,1', '--click', '211,69,0,2']

let server, browser, page, clip, whole
before(async () => {
  clip = video('clip.mp4', h264)
  whole = parse(segment(clip, 'handover-whole', click))
  server = await serve({ mounts: { '/made/': work, '/models/': join(repository, 'models') } })
  browser = await launch()
  page = await openPage(browser, server.url)
})
after(async () => {
  await browser.close()
  await server.close()
})

const assertSame = (text) => {
  const report = compare(parse(text), whole)
  assert.deepEqual(report.problems, [])
  assert.equal(report.masks, 120)
}

/** Runs segment until `frame` is tracked, then interrupts it; resolves to its exit code. */
const interrupted = (frame, args) =>
  new Promise((resolve) => {
    const tracked = `"phase":"track","frame":${frame},`
    const run = spawn(masklet, ['segment', clip, '--model', model, ...args, '--progress', 'json', '--threads', '1'])
    run.stdout.resume()
    let said = ''
    run.stderr.on('data', (bytes) => {
      const before = said.includes(tracked)
      said += bytes
      if (!before && said.includes(tracked)) run.kill('SIGINT') // a second one would end it at once
    })
    run.on('close', resolve)
  })

test('saved in the browser while it tracks, resumed natively: the masks of a native run', async () => {
  const base64 = await page.evaluate(async () => {
    const twin = await masklet.Masklet.create()
    const session = await twin.open(new File([await (await fetch('/made/clip.mp4')).blob()], 'clip.mp4'))
    await session.addPoints({ object: 1, frame: 0, points: [[57, 133]] })
    await session.addPoints({ object: 2, frame: 0, points: [[211, 69]] })
    for await (const { frame } of session.propagate()) if (frame === 12) break
    const saved = await session.save()
    await twin.close()
    return new Promise((done) => {
      const reader = new FileReader()
      reader.onload = () => done(reader.result.split(',')[1])
      reader.readAsDataURL(new Blob([saved]))
    })
  })
  const file = join(work, 'browser.session')
  writeFileSync(file, Buffer.from(base64, 'base64'))
  assertSame(segment(clip, 'handover-native', ['--resume', file]))

  const other = video('other.mp4', [...h264, '-vf', 'hflip'])
  assert.throws(
    () => execFileSync(masklet, ['segment', other, '--model', model, '--resume', file, '-o', join(work, 'never')], { stdio: 'pipe' }),
    /saved with the clip 'clip\.mp4', and 'other\.mp4' is another file/,
  )
})

test('interrupted natively, resumed in the browser: the masks of a native run', async () => {
  const file = join(work, 'native.session')
  rmSync(file, { force: true })
  assert.equal(await interrupted(10, [...click, '-o', join(work, 'handover-part'), '--save', file]), 5)
  const part = parse(readFileSync(join(work, 'handover-part/masklets.jsonl'), 'utf8'))
  assert.ok(part.end.partial && part.frames.length < 60, `${part.frames.length} frames before the interruption`)

  const found = await page.evaluate(async () => {
    const twin = await masklet.Masklet.create()
    const clip = new File([await (await fetch('/made/clip.mp4')).blob()], 'clip.mp4')
    const session = await twin.resume(await (await fetch('/made/native.session')).blob(), clip)
    const before = (await session.frames()).length
    for await (const _ of session.propagate({ continue: true }));
    const text = await session.exportJSON()
    await twin.close()
    return { before, text }
  })
  assert.equal(found.before, part.frames.length)
  assertSame(found.text)
  assert.deepEqual(parse(found.text).header.prompts, whole.header.prompts)
})
