// nano in Chromium on a synthetic 1080p stream with two objects, under a cap on everything; what it holds is read from
// outside of the program: the browser's own account of the page's and its worker's memory, both wasm memories in it, and
// the frames that are open.
import { parseArgs } from 'node:util'
import { pathToFileURL } from 'node:url'
import { launch, openPage } from './browser.mjs'
import { serve } from './server.mjs'

const mebibyte = 2 ** 20

/** Tracks `frames` frames, at most for `seconds`, and gives a line every `every` frames: {frame, ms, bytes, open, program}.
    `bytes` is the browser's account of the page and its worker; `open`, frames not closed, in bytes. */
export async function soak(browser, url, { limit = 192 * mebibyte, frames, seconds = Infinity, every = 50, size = [1920, 1080], onLine }) {
  const page = await openPage(browser, url)
  await page.exposeFunction('tell', onLine ?? (() => undefined))
  await page.evaluate((limit) => masklet.Masklet.create({ threads: 1, provider: 'wasm', memoryLimit: limit }).then((twin) => void (globalThis.twin = twin)), limit)
  const worker = page.workers().findLast((each) => each.url().endsWith('/dist/worker.js'))
  await worker.evaluate(() => {
    globalThis.closed = 0
    const { close } = VideoFrame.prototype
    VideoFrame.prototype.close = function () {
      globalThis.closed += 1
      close.call(this)
    }
  })
  await page.exposeFunction('countClosed', () => worker.evaluate(() => globalThis.closed))
  const found = await page.evaluate(
    async ({ frames, seconds, every, size: [width, height] }) => {
      const canvas = new OffscreenCanvas(width, height)
      const context = canvas.getContext('2d')
      const places = (frame) => [0, 1].map((of) => [width * (0.3 + 0.4 * of + 0.1 * Math.sin(frame / 40 + of)), height * (0.5 + 0.2 * Math.cos(frame / 55 + of))])
      let made = 0
      const source = (async function* () {
        for (; made < frames; ) {
          context.fillStyle = '#3a4a3a'
          context.fillRect(0, 0, width, height)
          places(made).forEach(([x, y], of) => {
            context.fillStyle = of ? '#d08030' : '#4060d0'
            context.beginPath()
            context.arc(x, y, height / 8, 0, 2 * Math.PI)
            context.fill()
          })
          yield new VideoFrame(canvas, { timestamp: made++ * 41667 })
        }
      })()
      const session = await twin.open(source, { scene: { objects: 2 } })
      const plan = await session.plan({ objects: 2 })
      for (const [of, point] of places(0).entries()) await session.addPoints({ object: of + 1, frame: 0, points: [point] })
      const lines = []
      const start = performance.now()
      let last = start
      let tracked = 0
      for await (const { frame, objects } of session.propagate()) {
        tracked += 1
        if (objects.length !== 2) throw new Error(`frame ${frame} has ${objects.length} objects`)
        if (tracked % every === 0) {
          const ms = (performance.now() - last) / every
          const { bytes } = await performance.measureUserAgentSpecificMemory()
          const open = (made - (await countClosed())) * width * height * 4
          const program = await twin.memory()
          lines.push({ frame, ms, bytes, open, program })
          await tell(lines.at(-1))
          last = performance.now()
        }
        if (performance.now() - start > 1000 * seconds) break
      }
      await session.close()
      await twin.close()
      return { plan, lines, tracked }
    },
    { frames, seconds, every, size },
  )
  await page.context().close()
  return found
}

async function main() {
  const { values } = parseArgs({
    options: {
      frames: { type: 'string', default: '10000' },
      seconds: { type: 'string', default: 'Infinity' },
      limit: { type: 'string', default: '192' },
      every: { type: 'string', default: '50' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help) {
    console.log(`tools/bench/soak-web [--frames 10000] [--seconds S] [--limit MIB] [--every 50]
Tracks a synthetic 1080p stream with two objects in Chromium under a cap on everything.`)
    return
  }
  const show = (bytes) => (bytes / mebibyte).toFixed(1).padStart(7)
  const server = await serve()
  const browser = await launch(['--enable-blink-features=ForceEagerMeasureMemory'])
  try {
    const { plan, lines, tracked } = await soak(browser, server.url, {
      frames: Number(values.frames),
      seconds: Number(values.seconds),
      every: Number(values.every),
      limit: Number(values.limit) * mebibyte,
      onLine: ({ frame, ms, bytes, open, program }) =>
        console.log(`frame ${String(frame).padStart(6)}: browser ${show(bytes)} MiB, open frames ${show(open)}, core ${show(program.core)}, runtime ${show(program.runtime)}, total ${show(program.total)}, peak ${show(program.peak)}; ${ms.toFixed(0)} ms a frame`),
    })
    const peak = Math.max(...lines.map(({ bytes, open }) => bytes + open))
    const late = lines.filter(({ frame }) => frame >= 50)
    console.log(`${tracked} frames; plan ${show(plan.totalBytes)} MiB, peak from outside ${show(peak)}, by the program's account ${show(lines.at(-1).program.peak)}`)
    console.log(`grown after frame 50: ${show(Math.max(...late.map(({ bytes, open }) => bytes + open)) - (late[0].bytes + late[0].open))} MiB`)
    const quarter = Math.max(1, lines.length >> 2)
    const median = (part) => part.map(({ ms }) => ms).sort((a, b) => a - b)[part.length >> 1].toFixed(0)
    console.log(`ms a frame, first quarter ${median(lines.slice(0, quarter))}, last ${median(lines.slice(-quarter))}`)
  } finally {
    await browser.close()
    await server.close()
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await main()
