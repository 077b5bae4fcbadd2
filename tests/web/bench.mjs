// Milliseconds a component in Chromium, for 1 and 2 threads, and what a frame costs beside the networks.
import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { launch, openPage } from './browser.mjs'
import { h264, video } from './clips.mjs'
import { repository, serve } from './server.mjs'

const usage = `Milliseconds a component in Chromium, for 1 and 2 threads, on a 720p H.264 clip with one object.

  tools/bench/web                        models/nano, 40 frames
  tools/bench/web MODEL [SIZE [FRAMES]]  another checkpoint (.pt, .safetensors), input size and number of frames`

const [first, size = '0', count = '40'] = process.argv.slice(2)
if (first === '-h' || first === '--help') {
  console.log(usage)
  process.exit(0)
}
if (first && !existsSync(first)) {
  console.error(`tools/bench/web: '${first}' does not exist`)
  process.exit(2)
}
const frames = Number(count)
const file = video('bench-720p.mp4', h264, Math.max(40, frames), '1280x720')
const routes = first ? { '/weights': (_, response) => response.end(readFileSync(first)) } : {}
const server = await serve({ mounts: { '/made/': join(repository, 'build/web-tests') }, routes })
const browser = await launch()
const columns = []
try {
  for (const threads of [1, 2]) {
    const page = await openPage(browser, server.url)
    const cold = Date.now()
    const found = await page.evaluate(
      async ({ file, own, name, inputSize, frames, threads }) => {
        const clock = () => performance.now()
        const start = clock()
        const model = own ? { weights: '/weights', name } : 'nano'
        const twin = await masklet.Masklet.create({ model, inputSize, threads, provider: 'wasm' })
        const loaded = clock() - start
        const session = await twin.open(new File([await (await fetch(file)).blob()], 'clip.mp4'))
        const before = clock()
        await session.addPoints({ object: 1, frame: 0, points: [[session.width * 0.18, session.height * 0.55]] })
        const click = clock() - before
        // How long the page's own thread was ever kept from its work.
        let longest = 0
        let last = clock()
        const watch = setInterval(() => {
          longest = Math.max(longest, clock() - last - 5)
          last = clock()
        }, 5)
        const warm = await twin.timings()
        const begin = clock()
        let tracked = 0
        const masks = { overlay: { colours: { 1: [255, 80, 0, 140] } } }
        for await (const _ of session.propagate({ length: frames - 1, masks })) tracked += 1
        const ms = clock() - begin
        clearInterval(watch)
        const spent = (await twin.timings()).map(({ network, ms, runs, best }) => {
          const earlier = warm.find((entry) => entry.network === network) ?? { ms: 0, runs: 0 }
          return { network, ms: ms - earlier.ms, runs: runs - earlier.runs, best }
        })
        const memory = await twin.memory()
        await twin.close()
        return { loaded, click, tracked, ms, spent, memory, longest }
      },
      { file: `/made/${basename(file)}`, own: Boolean(first), name: first && basename(first), inputSize: Number(size), frames, threads },
    )
    columns.push({ threads, ...found, page: Date.now() - cold })
    await page.context().close()
  }
} finally {
  await browser.close()
  await server.close()
}

const row = (name, of, digits = 1) => console.log(`${name.padEnd(34)}${columns.map((c) => of(c).toFixed(digits).padStart(12)).join('')}`)
const networkNames = ['image_encoder', 'memory_attention', 'mask_decoder', 'memory_encoder']
const besides = ['picture', 'convert and resize', 'core', 'masks']
const entry = (c, name) => c.spent.find(({ network }) => network === name) ?? { ms: 0, runs: 0, best: 0 }
const best = (name) => (c) => (name === 'core' ? entry(c, name).ms / c.tracked : entry(c, name).best)
const sum = (names, of) => (c) => names.reduce((total, name) => total + of(name)(c), 0)
console.log(`${first ?? 'models/nano'}${size === '0' ? '' : `, input ${size}`}, 1280x720, ${columns[0].tracked} frames, one object, f32, wasm provider`)
console.log(`${''.padEnd(34)}${columns.map((c) => `${c.threads} thread${c.threads > 1 ? 's' : ''}`.padStart(12)).join('')}`)
for (const name of networkNames) row(`${name}, best ms a run`, best(name))
row('wait for the decoded picture, best', best('picture'))
row('convert and resize, best', best('convert and resize'))
row('core between networks, mean', best('core'))
row('masks at 720p, RLE, overlay, best', best('masks'))
row('beside the networks, of these', sum(besides, best))
row('whole frame, of these', sum([...networkNames, ...besides], best))
row('whole frame, mean, all included', (c) => c.ms / c.tracked)
row('frames a second', (c) => (1000 * c.tracked) / c.ms)
row('load, ms', (c) => c.loaded, 0)
row('first mask after the click, ms', (c) => c.click, 0)
row('page blocked at most, ms', (c) => c.longest, 0)
row('core memory, MiB', (c) => c.memory.core / 2 ** 20)
row('runtime memory, MiB', (c) => c.memory.runtime / 2 ** 20)
