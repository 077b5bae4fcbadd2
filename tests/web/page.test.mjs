// The demo page as a person uses it: mouse, keyboard, touch, downloads, a host without headers, no network.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { launch } from './browser.mjs'
import { h264, video, work } from './clips.mjs'
import { busyness, idle, mark, openDemo, openFile, polling, ready, scrub, servePage, timeout, toWindow, tracked } from './page.mjs'

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
const says = (selector, words) => page.locator(selector).filter({ hasText: words }).waitFor({ timeout })
const dismiss = (selector) => page.locator(selector).getByRole('button', { name: 'Dismiss' }).click()
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

test('while it tracks, the page itself never works for long at a time', async () => {
  const { longest, longestOther } = await busyness(page, async () => {
    await page.keyboard.press('t')
    await page.waitForFunction(() => app.jobs.running)
    assert.equal(await page.evaluate(() => app.tracking.range.value.last), frameCount - 1)
    await idle(page)
  })
  console.log(`  longest task of the page while tracking: ${longest.toFixed(1)} ms of processor time; of a worker: ${longestOther.toFixed(0)} ms`)
  assert.ok(longest < 50, `${longest} ms`)
  assert.ok(longestOther > longest, 'the work is measured at all')
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
  await page.waitForFunction((last) => app.results.hasTracked(2, last) && !app.jobs.running, frameCount - 1, { timeout: 120_000, polling })
  await says('.split', /Track again/)
  await page.keyboard.press('Home')
  await mark(page, 215, 75, { button: 'right' })
  assert.equal(await page.evaluate(() => app.prompts.of(2, 0).points.length), 2)
  await page.keyboard.press('Control+z')
  await page.waitForFunction(() => app.prompts.of(2, 0).points.length === 1)
})

test('Space plays it in its own time, faster on request; the clock and the stage follow', async () => {
  await page.keyboard.press('Home')
  await page.keyboard.press(']')
  assert.equal(await page.locator('.speed').inputValue(), '2')
  await page.keyboard.press('[')
  const start = Date.now()
  await page.keyboard.press('Space')
  await page.getByRole('button', { name: 'Pause' }).waitFor()
  await page.waitForFunction((last) => !app.playhead.playing.value && app.screen.shown.value === last, frameCount - 1)
  const seconds = (Date.now() - start) / 1000
  assert.ok(seconds > 0.6 && seconds < 6, `${seconds} s for ${frameCount} frames`)
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

/** Results, marks and objects as the page has them, to a thousandth: files hold single precision. */
const everything = () =>
  page.evaluate(() => {
    const round = (key, value) => (typeof value === 'number' ? Math.round(1000 * value) / 1000 : value)
    const rows = app.results.frames().map((frame) => app.objects.list.value.map(({ id }) => app.results.get(frame, id)))
    return [rows, app.prompts.all.value, app.objects.list.value].map((part) => JSON.stringify(part, round))
  })

test('a session is saved to a file; it waits for its video, refuses another one, and goes on as it was', async () => {
  const before = await everything()
  await page.keyboard.press('Home')
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Save the session' }).click()])
  const saved = join(work, download.suggestedFilename())
  assert.ok(saved.endsWith('page.masklet'), saved)
  await download.saveAs(saved)

  await openFile(page, video('keys.mp4', h264, 6))
  await page.setInputFiles('#file', saved)
  await says('.notice.ask', /needs its video.*“page.mp4”/s)
  await page.setInputFiles('#file', video('page-other.mp4', [...h264, '-crf', '30'], frameCount))
  await says('.notice.ask', /“page-other.mp4” is not the video of this session/)
  await says('#clip-name', /keys.mp4/)
  await page.setInputFiles('#file', video('page.mp4', h264, frameCount))
  await page.waitForFunction((count) => app.results.count === count && !app.jobs.running, frameCount, { timeout: 30_000, polling })
  await says('#clip-name', /page.mp4/)
  assert.equal(await page.locator('.notice.ask').count(), 0)
  assert.deepEqual(await everything(), before)
  // It can be tracked further.
  await mark(page, 60, 130)
  await says('.split', /Re-track/)
  await page.keyboard.press('Control+z')
  await page.waitForFunction(() => app.prompts.of(1, 0).points.length === 1)

  // A file of another model; one that is no session, dropped on the page.
  const bytes = readFileSync(saved)
  const at = bytes.indexOf('"model_fingerprint":"') + '"model_fingerprint":"'.length
  bytes[at] = bytes[at] === 0x30 ? 0x31 : 0x30
  writeFileSync(join(work, 'model.masklet'), bytes)
  await page.setInputFiles('#file', [join(work, 'model.masklet'), video('page.mp4', h264, frameCount)])
  await says('.notice.ask', /needs the model nano/)
  await dismiss('.notice.ask')
  await page.evaluate(() => {
    const dataTransfer = new DataTransfer()
    dataTransfer.items.add(new File(['nothing of the kind'], 'none.masklet'))
    for (const kind of ['dragenter', 'dragover', 'drop']) dispatchEvent(new DragEvent(kind, { dataTransfer, cancelable: true }))
  })
  assert.equal(await page.locator('#drop').isVisible(), false)
  await says('.notice.error', /“none.masklet” could not be opened.*damaged/s)
  await dismiss('.notice.error')
})

test('places that need a look: hatched by kind, found by W, said in words', async () => {
  await page.evaluate(() => {
    const sure = { id: 1, present: true, area: 900, score: 9, iou: 0.9 }
    const row = (frame) => ({ ...sure, ...(frame === 5 && { iou: 0.2 }), ...(frame === 8 && { area: 4000 }), ...(frame === 11 && { present: false, score: -9 }) })
    for (let frame = 0; frame < app.clip.open.value.frameCount; ++frame) app.results.take({ frame, objects: [row(frame), { ...sure, id: 2 }] })
    app.playhead.go(0)
  })
  await says('.weak-places', /places to look at/)
  const visited = []
  for (const words of [/unsure/, /changes its size/, /out of sight/]) {
    await page.keyboard.press('w')
    await says('.hint', words)
    visited.push(await page.evaluate(() => app.playhead.frame.value))
  }
  assert.deepEqual(visited, [5, 8, 11])
  await page.keyboard.press('Shift+W')
  assert.equal(await page.evaluate(() => app.playhead.frame.value), 8)
})

test('options say what they cost; those of tracking alone keep the model, other weights load it anew', async () => {
  const choose = async (option, label) => {
    await page.locator('#model').click()
    const details = page.locator('dialog details')
    if (!(await details.evaluate(({ open }) => open))) await details.locator('summary').click()
    await page.getByLabel(option).selectOption({ label })
    const cost = await page.locator('label', { has: page.getByText(option, { exact: true }) }).locator('small').innerText()
    assert.ok(cost.length > 10, cost)
    await page.getByRole('button', { name: 'Load', exact: true }).click()
  }
  await page.evaluate(() => Object.assign(globalThis, { masklet: app.engine.ready, marks: app.prompts.all.value }))
  const marked = () => page.waitForFunction(() => app.engine.status.value.kind === 'ready' && app.results.trackedCount === 0 && app.results.count > 0 && !app.jobs.running, null, { timeout: 60_000, polling })
  await choose('What it remembers', 'frames it was sure of')
  await marked()
  assert.deepEqual(await page.evaluate(() => [app.engine.ready === masklet, app.engine.choice.value.memoryPolicy]), [true, 'confident'])
  await choose('Weights', '8 bits')
  await page.waitForFunction(() => app.engine.ready && app.engine.ready !== masklet, null, { timeout: 60_000, polling })
  await marked()
  assert.deepEqual(await page.evaluate(() => [app.engine.choice.value.dtype, app.prompts.all.value === marks]), ['q8', true])
  await page.evaluate(() => app.opening.model({ ...app.engine.choice.value, dtype: 'f32', memoryPolicy: 'recent' }))
})

test('light or dark, text stands out; every button says what it is', async () => {
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme })
    const ratios = await page.evaluate(() => {
      const colour = (name) => {
        const probe = document.createElement('i')
        probe.style.color = `var(--${name})`
        document.body.append(probe)
        const found = getComputedStyle(probe).color.match(/[\d.]+/g).map(Number)
        probe.remove()
        return found
      }
      const light = (name) => {
        const [r, g, b] = colour(name).map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4))
        return 0.2126 * r + 0.7152 * g + 0.0722 * b
      }
      const pairs = [['text', 'panel'], ['muted', 'panel'], ['muted', 'hover'], ['soft', 'float'], ['warn-text', 'panel'], ['accent', 'panel'], ['accent-ink', 'accent']]
      return pairs.map(([a, b]) => [a, b, (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05)])
    })
    for (const [front, back, ratio] of ratios) assert.ok(ratio >= 4.5, `${colorScheme}: ${front} on ${back} ${ratio.toFixed(2)}`)
  }
  const unnamed = await page.evaluate(() => [...document.querySelectorAll('button, input:not([hidden]), select, canvas[tabindex], [role=slider]')].filter((each) => !(each.getAttribute('aria-label') || each.innerText?.trim() || each.labels?.length || each.title)).map((each) => each.outerHTML))
  assert.deepEqual(unnamed, [])
})

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
  await dismiss('.notice.error')
})

test('a checkpoint that is none is refused, and nano is back with marks and masks', async () => {
  const file = join(work, 'wrong.pt')
  writeFileSync(file, 'this is no checkpoint')
  await page.evaluate(() => (globalThis.before = app.clip.open.value.session))
  await page.setInputFiles('#file', file)
  await page.waitForSelector('.notice.error')
  await says('.notice.error', /wrong.pt could not be loaded/)
  await page.waitForFunction(() => app.clip.open.value.session !== before && app.screen.shown.value === 0, null, { timeout: 60_000, polling })
  assert.deepEqual(await page.evaluate(async () => [app.prompts.all.value.length, app.results.trackedCount, (await app.clip.open.value.session.frames()).length]), [1, 6, 6])
  await dismiss('.notice.error')
})

test('the camera: live, marked, followed, stopped, marked again; and a recording', async () => {
  await page.context().grantPermissions(['camera'])
  await page.getByRole('button', { name: 'Camera' }).click()
  await page.getByRole('button', { name: 'Live' }).click()
  await page.waitForFunction(() => app.clip.open.value?.live && app.screen.shown.value === 0, null, { timeout: 30_000, polling })
  const { width, height } = await page.evaluate(() => app.clip.open.value)
  await mark(page, width / 2, height / 2)
  await page.getByRole('button', { name: 'Follow' }).click()
  await page.waitForFunction(() => app.jobs.current.value?.done >= 3, null, { timeout: 60_000, polling })
  await page.keyboard.press('Escape')
  await idle(page)
  // The frame that stands still is found after that.
  await page.evaluate(() => app.clip.calls.run(async () => undefined))
  assert.ok((await page.evaluate(() => app.clip.liveFrame)) >= 2)
  await mark(page, width / 3, height / 2)
  assert.deepEqual(await page.locator('.notice.error').allInnerTexts(), [])

  await page.getByRole('button', { name: 'Camera' }).click()
  await page.getByRole('button', { name: 'Record' }).click()
  await page.waitForTimeout(3000)
  await page.getByRole('button', { name: 'Stop and open' }).click()
  await page.waitForFunction(() => app.clip.open.value.name === 'Recording', null, { timeout: 30_000, polling })
  assert.ok((await page.evaluate(() => app.clip.open.value.frameCount)) >= 2)
})

test('on a phone: a tap marks, nothing is wider than the screen', async () => {
  const phone = await openDemo(browser, served.url, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, serviceWorkers: 'block' })
  const hint = await phone.evaluate(() => app.clip.open.value.hint)
  await phone.touchscreen.tap(...(await toWindow(phone, ...hint)))
  await phone.waitForFunction(() => app.results.frames().length === 1)
  assert.ok((await phone.evaluate(() => document.documentElement.scrollWidth)) <= 390)
  const bar = await phone.evaluate(() => [...document.querySelectorAll('.topbar button')].map((button) => button.getBoundingClientRect()).map(({ left, right }) => [left, right]))
  for (const [index, [left]] of bar.slice(1).entries()) assert.ok(left >= bar[index][1] - 0.5, `buttons at ${bar.join(' ')}`)
  const inside = await phone.evaluate(() => [...document.querySelectorAll('.topbar button')].every(({ scrollWidth, clientWidth }) => scrollWidth <= clientWidth))
  assert.ok(inside, 'what a button says fits into it')
  // What a job says does not move the button that stops it.
  const places = []
  for (const done of [8, 188]) {
    await phone.evaluate((done) => app.jobs.current.set({ phase: 'Tracking', done, total: 289, rate: done / 5, left: 300 - done }), done)
    await phone.locator('.running span', { hasText: `${done} of` }).waitFor()
    places.push(await phone.getByRole('button', { name: 'Stop' }).boundingBox())
  }
  assert.deepEqual(places[1], places[0])
  await phone.context().close()
})

test('a host without headers: the service worker supplies them, and the page opens without a network', async () => {
  const plain = await servePage({ isolated: false })
  const visitor = await openDemo(browser, plain.url)
  await visitor.waitForFunction(() => globalThis.crossOriginIsolated && globalThis.app?.clip.open.value, null, { timeout: 60_000, polling })
  assert.ok((await visitor.evaluate(() => app.engine.status.value.runtime.threads)) > 1)
  plain.server.closeAllConnections()
  await new Promise((done) => plain.server.close(done))
  await visitor.reload()
  await ready(visitor)
  assert.equal(await visitor.evaluate(() => crossOriginIsolated), true)
  await visitor.context().close()
})
