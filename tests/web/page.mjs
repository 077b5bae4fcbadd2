// The demo page in Chromium, for its tests and its screenshots.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { serveFolder } from '../../tools/serve.mjs'
import { repository } from './server.mjs'

export const pageFolder = join(repository, 'build/page')

/** Serves the built page; `isolated` sends the headers that threads need. */
export function servePage({ isolated = true } = {}) {
  if (!existsSync(join(pageFolder, 'index.html')))
    throw new Error('build/page is missing: npm run build -w masklet && npm run build -w masklet-demo')
  return serveFolder(pageFolder, { port: 0, isolated })
}

export const timeout = 60_000
/** Milliseconds between looks. Not the display's frames: on a busy machine these may be long in coming. */
export const polling = 50

/** The page, ready for its first click. */
export async function openDemo(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options })
  const page = await context.newPage()
  page.on('pageerror', (error) => console.log(`page error: ${error.stack}`))
  await page.goto(url)
  await ready(page)
  return page
}

export async function ready(page) {
  await page.waitForFunction(() => globalThis.app?.clip.open.value && app.screen.shown.value !== undefined, null, { timeout, polling })
}

/** Opens a file by the page's own chooser. */
export async function openFile(page, file) {
  const name = file.split('/').pop()
  await page.setInputFiles('#file', file)
  await page.waitForFunction((name) => app.clip.open.value?.name === name && app.screen.shown.value === 0, name, { timeout, polling })
}

/** Where pixels of the video lie in the window. */
export function toWindow(page, x, y) {
  return page.evaluate(
    ([x, y]) => {
      const canvas = document.querySelector('#picture')
      const { left, top, width, height } = canvas.getBoundingClientRect()
      const clip = app.clip.open.value
      const scale = Math.min(width / clip.width, height / clip.height)
      return [left + (width - clip.width * scale) / 2 + x * scale, top + (height - clip.height * scale) / 2 + y * scale]
    },
    [x, y],
  )
}

/** Clicks at pixels of the video and waits for what the model says. */
export async function mark(page, x, y, options = {}) {
  const place = await toWindow(page, x, y)
  const before = await page.evaluate(() => app.results.version.value)
  if (options.alt) await page.keyboard.down('Alt')
  await page.mouse.click(...place, { button: options.button ?? 'left' })
  if (options.alt) await page.keyboard.up('Alt')
  await page.waitForFunction((before) => app.results.version.value > before, before, { timeout, polling }).catch(async (thrown) => {
    throw new Error(`a click at ${place} gave nothing: ${JSON.stringify(await page.evaluate(state, place))}`, { cause: thrown })
  })
}

/** What may explain why a click at a place of the window did nothing. */
function state([x, y]) {
  return {
    hit: document.elementFromPoint(x, y)?.outerHTML.slice(0, 120),
    notices: [...document.querySelectorAll('.notice')].map(({ innerText }) => innerText),
    prompts: app.prompts.all.value,
    clip: app.clip.open.value?.name,
    frame: app.playhead.frame.value,
    job: app.jobs.current.value,
    tool: app.tool.name.value,
  }
}

export async function tracked(page, frames) {
  await page.waitForFunction((frames) => app.results.trackedCount >= frames, frames, { timeout, polling })
}

export async function idle(page) {
  await page.waitForFunction(() => !app.jobs.running, null, { timeout, polling })
}

/** Clicks the timeline at a frame. */
export async function scrub(page, frame) {
  const box = await page.locator('.track').boundingBox()
  const count = await page.evaluate(() => app.clip.open.value.frameCount)
  await page.mouse.click(box.x + ((frame + 0.5) / count) * box.width, box.y + 8)
  await page.waitForFunction((frame) => app.screen.shown.value === frame, frame, { timeout, polling })
}

/**
 * The longest task of the page's own thread while `work` runs, and of any other thread of its process, in milliseconds of
 * processor time: unlike the clock's, they are the same on a busy machine.
 */
export async function busyness(page, work) {
  const session = await page.context().newCDPSession(page)
  const events = []
  session.on('Tracing.dataCollected', ({ value }) => events.push(...value))
  await session.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig: { includedCategories: ['toplevel', 'devtools.timeline'] } })
  await work()
  const ended = new Promise((done) => session.once('Tracing.tracingComplete', done))
  await session.send('Tracing.end')
  await ended
  await session.detach()
  const isMain = ({ pid, tid }) => events.some((event) => event.name === 'thread_name' && event.pid === pid && event.tid === tid && event.args.name === 'CrRendererMain')
  const frames = events.find(({ name, pid, tid }) => name === 'FireAnimationFrame' && isMain({ pid, tid }))
  const longest = (of) => events.filter((event) => event.pid === frames.pid && of(event)).reduce((most, { tdur = 0 }) => Math.max(most, tdur / 1000), 0)
  return { longest: longest(({ tid }) => tid === frames.tid), longestOther: longest(({ tid }) => tid !== frames.tid) }
}
