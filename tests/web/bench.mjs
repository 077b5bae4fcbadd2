// Milliseconds a component in Chromium, for 1 and 2 threads, and what a frame costs beside the networks.
import { createReadStream, existsSync } from 'node:fs'
import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import { launch, openPage } from './browser.mjs'
import { h264, video, work } from './clips.mjs'
import { randomCheckpoint } from './random_model.mjs'
import { serve } from './server.mjs'

const usage = `Milliseconds a component in Chromium, for 1 and 2 threads, on a 720p H.264 clip with one object.

  tools/bench/web                models/nano
  tools/bench/web MODEL          another checkpoint (.pt, .safetensors)
  tools/bench/web --tiny         SAM 2.1 tiny with random weights, input size 512, 60 frames
  --size N                       input size
  --dtype D                      f16 or q8 instead of f32
  --frames N                     frames to track; 40 where nothing else is said
  --threads N                    only this number of threads
  --alone                        all networks in one worker, the image encoder too
  --show                         the page also draws every frame with its masks, as a player would`

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: 'boolean', short: 'h' },
    tiny: { type: 'boolean' },
    size: { type: 'string' },
    dtype: { type: 'string', default: 'f32' },
    frames: { type: 'string' },
    threads: { type: 'string' },
    alone: { type: 'boolean', default: false },
    show: { type: 'boolean', default: false },
  },
})
if (options.help) {
  console.log(usage)
  process.exit(0)
}

const first = options.tiny ? randomCheckpoint('tiny') : positionals[0]
const size = options.size ?? (options.tiny ? '512' : '0')
if (first && !existsSync(first)) {
  console.error(`tools/bench/web: '${first}' does not exist`)
  process.exit(2)
}
const frames = Number(options.frames ?? (options.tiny ? 60 : 40))
const file = video(`bench-720p-${frames}.mp4`, h264, frames, '1280x720')
const routes = first ? { '/weights': (_, response) => createReadStream(first).pipe(response) } : {}
const server = await serve({ mounts: { '/made/': work }, routes })
const browser = await launch()
const columns = []
try {
  for (const threads of options.threads ? [Number(options.threads)] : [1, 2]) {
    const page = await openPage(browser, server.url)
    const cold = Date.now()
    const found = await page.evaluate(
      async ({ file, own, name, inputSize, frames, threads, encoderBeside, dtype, show }) => {
        const clock = () => performance.now()
        const start = clock()
        const model = own ? { weights: '/weights', name } : 'nano'
        const twin = await masklet.Masklet.create({ model, inputSize, dtype, threads, encoderBeside, provider: 'wasm' })
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
        const canvas = Object.assign(document.createElement('canvas'), { width: session.width, height: session.height })
        const context = show && document.body.appendChild(canvas).getContext('2d')
        if (show) masks.overlay.as = 'ImageBitmap'
        for await (const { frame, overlay } of session.propagate({ length: frames - 1, masks })) {
          tracked += 1
          if (!show) continue
          const picture = await session.picture(frame)
          context.drawImage(picture, 0, 0)
          context.drawImage(overlay, 0, 0)
          picture.close()
          overlay.close()
        }
        const ms = clock() - begin
        clearInterval(watch)
        const spent = (await twin.timings()).map(({ network, ms, runs, best }) => {
          const earlier = warm.find((entry) => entry.network === network) ?? { ms: 0, runs: 0 }
          return { network, ms: ms - earlier.ms, runs: runs - earlier.runs, best }
        })
        const memory = await twin.memory()
        const isBeside = twin.model.encoderBeside
        await twin.close()
        return { loaded, click, tracked, ms, spent, memory, longest, isBeside }
      },
      { file: `/made/${basename(file)}`, own: Boolean(first), name: first && basename(first), inputSize: Number(size), frames, threads, encoderBeside: options.alone ? false : undefined, dtype: options.dtype, show: options.show },
    )
    columns.push({ threads, ...found, page: Date.now() - cold })
    await page.context().close()
  }
} finally {
  await browser.close()
  await server.close()
}

const networkNames = ['image_encoder', 'memory_attention', 'mask_decoder', 'memory_encoder']
const parts = {
  image_encoder: 'image encoder',
  memory_attention: 'memory attention',
  mask_decoder: 'mask decoder',
  memory_encoder: 'memory encoder',
  picture: 'wait for the decoded picture',
  'convert and resize': 'convert and resize',
  core: 'core between networks',
  masks: 'masks at 720p, RLE, overlay',
}
const besides = Object.keys(parts).filter((name) => !networkNames.includes(name))
const entry = (c, name) => c.spent.find(({ network }) => network === name) ?? { ms: 0, runs: 0, best: 0 }
const mean = (c, name) => entry(c, name).ms / c.tracked
// Several short pieces a frame: their best says nothing.
const best = (c, name) => (name === 'core' ? mean(c, name) : entry(c, name).best)
const sum = (names, of) => (c) => names.reduce((total, name) => total + of(c, name), 0)
const line = (name, cells) => console.log(`${name.padEnd(34)}${cells.map((cell) => cell.padStart(11)).join('')}`)
const row = (name, ...of) => line(name, columns.flatMap((c) => of.map((value) => value(c).toFixed(1))))
const whole = (name, of, digits = 1) => line(name, columns.flatMap((c) => ['', of(c).toFixed(digits)]))

console.log(`${first ? basename(first) : 'models/nano'}${size === '0' ? '' : `, input ${size}`}, 1280x720, ${columns[0].tracked} frames, one object, ${options.dtype}, wasm provider${options.show ? ', drawn by the page' : ''}`)
line('', columns.flatMap(({ threads }) => [`${threads} thread${threads > 1 ? 's' : ''}`, '']))
line('', columns.flatMap(({ isBeside }) => [isBeside ? 'beside' : 'alone', '']))
line('ms a frame', columns.flatMap(() => ['best', 'mean']))
for (const [name, title] of Object.entries(parts)) row(title, (c) => best(c, name), (c) => mean(c, name))
row('beside the networks, of these', sum(besides, best), sum(besides, mean))
row('all of these', sum(Object.keys(parts), best), sum(Object.keys(parts), mean))
whole('whole frame', (c) => c.ms / c.tracked)
whole('frames a second', (c) => (1000 * c.tracked) / c.ms)
whole('load, ms', (c) => c.loaded, 0)
whole('first mask after the click, ms', (c) => c.click, 0)
whole('page blocked at most, ms', (c) => c.longest, 0)
whole('core memory, MiB', (c) => c.memory.core / 2 ** 20)
whole('runtime memory, MiB', (c) => c.memory.runtime / 2 ** 20)
