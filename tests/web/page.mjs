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

export const timeout = 120_000

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
  await page.waitForFunction(() => globalThis.app?.clip.open.value && app.pictures.latest !== undefined, null, { timeout })
}

/** Opens a file by the page's own chooser. */
export async function openFile(page, file) {
  const name = file.split('/').pop()
  await page.setInputFiles('#file', file)
  await page.waitForFunction((name) => app.clip.open.value?.name === name && app.pictures.latest === 0, name, { timeout })
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
  await page.waitForFunction((before) => app.results.version.value > before, before, { timeout })
}

export async function tracked(page, frames) {
  await page.waitForFunction((frames) => app.results.trackedCount >= frames, frames, { timeout })
}

export async function idle(page) {
  await page.waitForFunction(() => !app.jobs.running, null, { timeout })
}

/** Clicks the timeline at a frame. */
export async function scrub(page, frame) {
  const box = await page.locator('.track').boundingBox()
  const count = await page.evaluate(() => app.clip.open.value.frameCount)
  await page.mouse.click(box.x + ((frame + 0.5) / count) * box.width, box.y + 8)
  await page.waitForFunction((frame) => app.pictures.latest === frame || app.pictures.peek(frame), frame, { timeout })
}
