// tools/screenshots: pictures of the page at work, to be looked at.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { launch } from './browser.mjs'
import { idle, mark, openDemo, openFile, scrub, servePage, toWindow, tracked } from './page.mjs'
import { repository } from './server.mjs'

const [folder, givenClip, givenClick] = process.argv.slice(2)
const dog = join(repository, '../shared/clips/01_dog.mp4')
const clip = givenClip ? resolve(givenClip) : existsSync(dog) ? dog : undefined
const click = givenClick?.split(',').map(Number)
mkdirSync(folder, { recursive: true })

const served = await servePage()
const browser = await launch()
let number = 0

/** Takes the page as it is once its pictures are there. */
async function take(page, name) {
  await page.mouse.move(2, 2)
  await page.waitForTimeout(700)
  const file = join(folder, `${String(++number).padStart(2, '0')}-${name}.png`)
  await page.screenshot({ path: file })
  console.log(file)
}

async function sample() {
  const page = await openDemo(browser, served.url, { serviceWorkers: 'block' })
  await take(page, 'opened')
  const [x, y] = await page.evaluate(() => app.clip.open.value.hint)
  await mark(page, x, y)
  await take(page, 'one-click')
  await page.keyboard.press('t')
  await tracked(page, 30)
  await take(page, 'half-way')
  await idle(page)
  await scrub(page, 40)
  // There the object is behind what hid it; where it was, it is no more.
  await mark(page, 521, 217)
  await mark(page, x, y, { button: 'right' })
  await take(page, 'correction')
  await page.keyboard.press('t')
  await tracked(page, 60)
  await page.waitForFunction(() => app.results.changedFrames().length === 0, null, { timeout: 300_000 })
  await idle(page)
  await page.keyboard.press('Home')
  const others = await page.evaluate(() => app.clip.open.value.hints.slice(1))
  for (const [x, y] of others) {
    await page.keyboard.press('n')
    await mark(page, x, y)
  }
  await page.keyboard.press('t')
  await page.waitForFunction((last) => app.results.hasTracked(last, 59), others.length + 1, { timeout: 300_000 })
  await idle(page)
  await scrub(page, 12)
  await take(page, 'two-objects')
  await page.keyboard.press('w')
  await take(page, 'place-to-look-at')
  await page.getByRole('button', { name: 'Export' }).click()
  await take(page, 'export')
  await page.keyboard.press('Escape')
  await page.locator('#model').click()
  await page.locator('dialog summary').click()
  await take(page, 'model')
  await page.keyboard.press('Escape')
  const broken = join(folder, 'broken.mp4')
  writeFileSync(broken, 'this is no video')
  await page.setInputFiles('#file', broken)
  await page.waitForSelector('.notice.error')
  await take(page, 'error')
  await page.emulateMedia({ colorScheme: 'light' })
  await take(page, 'light')
  await page.context().close()
}

async function phone() {
  const page = await openDemo(browser, served.url, { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true, serviceWorkers: 'block' })
  const [x, y] = await page.evaluate(() => app.clip.open.value.hint)
  await page.touchscreen.tap(...(await toWindow(page, x, y)))
  await page.waitForFunction(() => app.results.frames().length === 1)
  await page.locator('.split button').first().tap()
  await tracked(page, 12)
  await page.getByRole('button', { name: 'Stop' }).tap()
  await idle(page)
  await take(page, 'phone')
  await page.context().close()
}

async function ownClip() {
  const page = await openDemo(browser, served.url, { serviceWorkers: 'block' })
  await openFile(page, clip)
  const { width, height } = await page.evaluate(() => app.clip.open.value)
  await mark(page, ...(click ?? (clip === dog ? [600, 430] : [width / 2, height / 2])))
  await take(page, 'clip-one-click')
  await page.keyboard.press('t')
  await tracked(page, 12)
  await take(page, 'clip-tracking')
  await page.keyboard.press('Escape')
  await idle(page)
  await take(page, 'clip-stopped')
  await page.context().close()
}

await sample()
await phone()
if (clip) await ownClip()
await browser.close()
served.server.closeAllConnections()
served.server.close()
