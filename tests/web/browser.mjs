// Chromium for the tests, without a display and without talking to anyone.
import { chromium } from 'playwright-core'

export async function launch(more = []) {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      // Drawing more pictures than that starves the page on a busy machine.
      '--use-fake-device-for-media-stream=fps=10',
      '--use-fake-ui-for-media-stream',
      ...more,
    ],
  })
}

/** A page of a server, with the package as `masklet` and its errors on our own output. */
export async function openPage(browser, url) {
  const context = await browser.newContext()
  const page = await context.newPage()
  page.on('console', (message) => {
    if (message.type() === 'error' || process.env.VERBOSE) console.log(`page ${message.type()}: ${message.text()}`)
  })
  page.on('pageerror', (error) => console.log(`page error: ${error.message}`))
  await page.goto(url)
  await page.evaluate(async () => {
    globalThis.masklet = await import('/dist/index.js')
    // What a call threw, as the tests compare it.
    globalThis.failure = async (work) => {
      try {
        await work()
        return { code: 'none' }
      } catch (error) {
        return { code: error.code ?? error.name, message: error.message, isOurs: error instanceof masklet.MaskletError }
      }
    }
    globalThis.files = async (base, count) =>
      Promise.all(
        Array.from({ length: count }, async (_, i) => {
          const name = `${String(i).padStart(5, '0')}.png`
          return new File([await (await fetch(`${base}/${name}`)).blob()], name, { type: 'image/png' })
        }),
      )
  })
  return page
}
