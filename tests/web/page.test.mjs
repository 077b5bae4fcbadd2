// The demo page as a person uses it: mouse, keyboard, touch, downloads, a host without headers, no network.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { launch } from './browser.mjs'
import { h264, video, work } from './clips.mjs'
import { idle, mark, openDemo, openFile, ready, scrub, servePage, toWindow, tracked } from './page.mjs'

const frameCount = 16

let served, browser, page
before(async () => {
  served = await servePage()
  browser = await launch()
  page = await openDemo(browser, served.url, { serviceWorkers: 'block' })
})
after(async () => {
  await browser.close()
  served.server.closeAllConnections()
  served.server.close()
})

const text = (selector) => page.locator(selector).innerText()
const says = (selector, words) => page.locator(selector).filter({ hasText: words }).waitFor({ timeout: 10_000 })
const rows = () =>
  page.evaluate(() => app.results.frames().map((frame) => JSON.stringify(app.results.get(frame, 1))))

async function exported(label) {
  await page.getByRole('button', { name: 'Export' }).click()
  const [download] = await Promise.all([page.waitForEvent('download', { timeout: 120_000 }), page.getByRole('menuitem', { name: label }).click()])
  const file = join(work, download.suggestedFilename())
  await download.saveAs(file)
  await idle(page)
  return file
}

test('it opens with the sample; a click on it gives a mask, Stop keeps what was tracked', async () => {
  await says('#clip-name', /Sample clip/)
  assert.equal(await page.evaluate(() => crossOriginIsolated), true)
  const [x, y] = await page.evaluate(() => app.clip.open.value.hint)
  await mark(page, x, y)
  assert.ok((await page.evaluate(() => app.results.get(0, 1).area)) > 50)
  await page.getByRole('button', { name: 'Track', exact: true }).click()
  await tracked(page, 4)
  await page.keyboard.press('Escape')
  await idle(page)
  const kept = await page.evaluate(() => app.results.trackedCount)
  assert.ok(kept >= 4 && kept < 60, `${kept} frames`)
  await says('.split', /Go on/)
})

test('a video: mark, track, scrub, correct; only what the correction changes is tracked again', async () => {
  await openFile(page, video('page.mp4', h264, frameCount))
  await mark(page, 57, 133)
  await page.getByRole('button', { name: 'Track', exact: true }).click()
  await tracked(page, frameCount)
  await idle(page)
  const before = await rows()
  assert.equal(before.length, frameCount)

  await scrub(page, 9)
  await says('.where', /^10 \/ 16/)
  await mark(page, 300, 20, { alt: true })
  assert.deepEqual(await page.evaluate(() => app.prompts.of(1, 9).points.map(({ add }) => add)), [false])
  await says('.split', /Re-track/)
  const seen = page.evaluate(
    () =>
      new Promise((done) => {
        const phases = []
        app.jobs.current.onChange((job) => (job ? phases.push(`${job.done}/${job.total}`) : done(phases)))
      }),
  )
  await page.keyboard.press('t')
  assert.equal((await seen).at(-1), '7/7')
  assert.deepEqual((await rows()).slice(0, 9), before.slice(0, 9))
  await says('.split', /Track again/)
})

test('while it tracks, the page itself is never held up for long', async () => {
  await page.evaluate(() => {
    globalThis.longest = 0
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) longest = Math.max(longest, duration)
    }).observe({ entryTypes: ['longtask'] })
  })
  await page.keyboard.press('t')
  await page.waitForFunction(() => app.jobs.running)
  await idle(page)
  const longest = await page.evaluate(() => Math.round(globalThis.longest))
  console.log(`  longest task of the page while tracking: ${longest || 'under 50'} ms`)
  assert.ok(longest < 500, `${longest} ms`)
})

test('a second object with a name and a colour of its own; undo takes the last mark back', async () => {
  await page.keyboard.press('Home')
  await page.getByRole('button', { name: 'New', exact: true }).click()
  await mark(page, 211, 69)
  const name = page.getByLabel('Name of the object').nth(1)
  await name.fill('Triangle')
  await name.press('Enter')
  await page.locator('.names').getByText('Triangle').waitFor()
  await page.keyboard.press('t')
  // All of it, although only the first object has a mark on frame 9.
  await page.waitForFunction((last) => app.results.hasTracked(2, last) && !app.jobs.running, frameCount - 1, { timeout: 120_000 })
  await says('.split', /Track again/)
  await page.keyboard.press('Home')
  await mark(page, 215, 75, { button: 'right' })
  assert.equal(await page.evaluate(() => app.prompts.of(2, 0).points.length), 2)
  await page.keyboard.press('Control+z')
  await page.waitForFunction(() => app.prompts.of(2, 0).points.length === 1)
})

test('a drag draws a box', async () => {
  await scrub(page, 3)
  const [from, to] = [await toWindow(page, 180, 40), await toWindow(page, 240, 100)]
  await page.mouse.move(...from)
  await page.mouse.down()
  await page.mouse.move(...to, { steps: 4 })
  await page.mouse.up()
  await page.waitForFunction(() => app.prompts.of(2, 3).box)
  const box = await page.evaluate(() => app.prompts.of(2, 3).box)
  for (const [index, value] of [180, 40, 240, 100].entries()) assert.ok(Math.abs(box[index] - value) < 1.5, box.join())
  await page.keyboard.press('Delete')
  await page.waitForFunction(() => !app.prompts.of(2, 3).box)
})

test('exports: JSON lines, PNG files, a video, a cut-out with alpha', async () => {
  const lines = readFileSync(await exported(/JSON/), 'utf8').trim().split('\n').map((line) => JSON.parse(line))
  assert.equal(lines.filter((line) => 'frame' in line && 'objects' in line).length, frameCount)

  const masks = await exported(/PNG/)
  execFileSync('python3', ['-c', 'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; z.extract("00000.png", sys.argv[2])', masks, work])
  assert.equal(probe(join(work, '00000.png')).pix_fmt, 'pal8')

  const overlay = probe(await exported(/Video with masks/))
  assert.deepEqual([overlay.width, overlay.height, Number(overlay.nb_read_frames)], [320, 240, frameCount])
  const cutOut = probe(await exported(/Cut-out/))
  assert.equal(cutOut.codec_name, 'vp9')
  assert.equal(Object.entries(cutOut.tags ?? {}).find(([key]) => key.toLowerCase() === 'alpha_mode')?.[1], '1')
})

function probe(file) {
  const flags = ['-v', 'error', '-count_frames', '-select_streams', 'v:0', '-show_streams', '-of', 'json', file]
  return JSON.parse(execFileSync('ffprobe', flags, { encoding: 'utf8' })).streams[0]
}

test('the keyboard alone: open, point, track', async () => {
  await openFile(page, video('keys.mp4', h264, 6))
  await page.locator('#picture').focus()
  for (const key of ['ArrowLeft', 'Shift+ArrowLeft', 'ArrowUp', 'Enter']) await page.keyboard.press(key)
  await page.waitForFunction(() => app.prompts.of(1, 0).points.length === 1 && app.results.frames().length === 1)
  await page.keyboard.press('Shift+Tab')
  await page.keyboard.press('t')
  await tracked(page, 6)
  await idle(page)
  await page.keyboard.press('Home')
  await page.keyboard.press('.')
  await says('.where', /^2 \/ 6/)
})

test('a broken file is refused in words, and the clip before stays', async () => {
  const file = join(work, 'broken.mp4')
  writeFileSync(file, Buffer.concat([readFileSync(video('keys.mp4', h264, 6)).subarray(0, 64), Buffer.alloc(3000, 7)]))
  await page.setInputFiles('#file', file)
  await page.waitForSelector('.notice.error')
  const words = await text('.notice.error')
  assert.match(words, /“broken.mp4” could not be opened/)
  assert.ok(words.length > 60, words)
  await says('#clip-name', /keys.mp4/)
  await page.getByRole('button', { name: 'Dismiss' }).click()
})

test('a checkpoint that is none is refused, and nano is back with the marks', async () => {
  const file = join(work, 'wrong.pt')
  writeFileSync(file, 'this is no checkpoint')
  await page.setInputFiles('#file', file)
  await page.waitForSelector('.notice.error')
  await says('.notice.error', /wrong.pt could not be loaded/)
  await page.waitForFunction(() => app.engine.status.value.kind === 'ready' && app.results.frames().length === 1, null, { timeout: 60_000 })
  assert.equal(await page.evaluate(() => app.prompts.all.value.length), 1)
  await page.getByRole('button', { name: 'Dismiss' }).click()
})

test('the camera: live, marked, followed, stopped, marked again; and a recording', async () => {
  await page.context().grantPermissions(['camera'])
  await page.getByRole('button', { name: 'Camera' }).click()
  await page.getByRole('button', { name: 'Live' }).click()
  await page.waitForFunction(() => app.clip.open.value?.live && app.pictures.latest === 0, null, { timeout: 30_000 })
  const { width, height } = await page.evaluate(() => app.clip.open.value)
  await mark(page, width / 2, height / 2)
  await page.getByRole('button', { name: 'Follow' }).click()
  await page.waitForFunction(() => app.jobs.current.value?.done >= 3, null, { timeout: 60_000 })
  await page.keyboard.press('Escape')
  await page.waitForFunction(() => !app.jobs.running && app.pictures.latest === 0)
  assert.ok((await page.evaluate(() => app.clip.liveFrame)) >= 2)
  await mark(page, width / 3, height / 2)
  assert.deepEqual(await page.locator('.notice.error').allInnerTexts(), [])

  await page.getByRole('button', { name: 'Camera' }).click()
  await page.getByRole('button', { name: 'Record' }).click()
  await page.waitForTimeout(3000)
  await page.getByRole('button', { name: 'Stop and open' }).click()
  await page.waitForFunction(() => app.clip.open.value.name === 'Recording', null, { timeout: 30_000 })
  assert.ok((await page.evaluate(() => app.clip.open.value.frameCount)) >= 2)
})

test('on a phone: a tap marks, nothing is wider than the screen', async () => {
  const phone = await openDemo(browser, served.url, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, serviceWorkers: 'block' })
  const hint = await phone.evaluate(() => app.clip.open.value.hint)
  await phone.touchscreen.tap(...(await toWindow(phone, ...hint)))
  await phone.waitForFunction(() => app.results.frames().length === 1)
  assert.ok((await phone.evaluate(() => document.documentElement.scrollWidth)) <= 390)
  await phone.context().close()
})

test('a host without headers: the service worker supplies them, and the page opens without a network', async () => {
  const plain = await servePage({ isolated: false })
  const visitor = await openDemo(browser, plain.url)
  await visitor.waitForFunction(() => globalThis.crossOriginIsolated && globalThis.app?.clip.open.value, null, { timeout: 60_000 })
  assert.ok((await visitor.evaluate(() => app.engine.status.value.runtime.threads)) > 1)
  plain.server.closeAllConnections()
  await new Promise((done) => plain.server.close(done))
  await visitor.reload()
  await ready(visitor)
  assert.equal(await visitor.evaluate(() => crossOriginIsolated), true)
  await visitor.context().close()
})
