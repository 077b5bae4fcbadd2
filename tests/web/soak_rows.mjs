// tools/bench/soak-web: a long clip in Chromium under a cap, held against cap and plan.
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { launch } from './browser.mjs'
import { randomCheckpoint, randomModels } from './random_model.mjs'
import { serve } from './server.mjs'
import { refusal, routesFor, soak } from './soak.mjs'

const usage = `tools/bench/soak-web [MODEL] [--limit 192MiB] [--frames 10000] [--size S] [--objects 2] [--corrections 100,5000,9000]
                     [--seconds S] [--every 50] [--threads 1] [--dtype f32] [--alone] [--compare]
Tracks a 1080p clip in Chromium under a cap on everything, and reads from outside what it holds: at every so many pictures,
when one has just been taken in. The clip is a stream that the page draws; with --corrections it is a video file. Then it
says what holds: the peak against the cap and against the plan, what memory grew from frame 50 on, the time a frame at the
end against that at the start. A plan one step too low must be refused. --compare runs once more without a cap and with
every record in memory, and compares the masks. --alone keeps all networks in one worker. Exit code 1 where something does
not hold. MODEL is nano (default), tiny, small, base_plus or large (random weights), or a checkpoint.`

const mebibyte = 2 ** 20
const started = 50 // frames after which nothing may grow
const mostGrowth = 4 * mebibyte // what allocators may still gather then

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    limit: { type: 'string', default: '192MiB' },
    frames: { type: 'string', default: '10000' },
    size: { type: 'string', default: '0' },
    objects: { type: 'string', default: '2' },
    corrections: { type: 'string', default: '' },
    seconds: { type: 'string', default: 'Infinity' },
    every: { type: 'string' },
    threads: { type: 'string', default: '1' },
    dtype: { type: 'string', default: 'f32' },
    alone: { type: 'boolean', default: false },
    compare: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h' },
  },
})
if (values.help) {
  console.log(usage)
  process.exit(0)
}

function fail(message) {
  console.error(`tools/bench/soak-web: ${message}`)
  process.exit(2)
}

function bytesOf(text) {
  const [, number, unit] = /^([\d.]+)(MiB|GiB)$/.exec(text) ?? fail(`--limit is '${text}'; it must be a number with MiB or GiB`)
  return Number(number) * (unit === 'GiB' ? 1024 : 1) * mebibyte
}

const [name = 'nano'] = positionals
const model = name === 'nano' ? undefined : randomModels.includes(name) ? randomCheckpoint(name) : name
if (model && !existsSync(model)) fail(`'${model}' does not exist`)
const frames = Number(values.frames)
const options = {
  model,
  size: Number(values.size),
  frames,
  objects: Number(values.objects),
  corrections: values.corrections ? values.corrections.split(',').map(Number) : [],
  seconds: Number(values.seconds),
  every: Number(values.every ?? Math.max(1, Math.min(started, frames >> 2))),
  threads: Number(values.threads),
  dtype: values.dtype,
  alone: values.alone,
}
const show = (bytes) => (bytes / mebibyte).toFixed(1)
let failures = 0
const check = (holds, text) => {
  console.log(`${holds ? 'holds   ' : 'FAILS   '} ${text}`)
  failures += holds ? 0 : 1
}
const median = (samples) => samples.map(({ ms }) => ms).sort((a, b) => a - b)[samples.length >> 1]
const held = ({ bytes, open }) => bytes + open

const server = await serve({ routes: routesFor(model) })
const browser = await launch()
try {
  const limit = bytesOf(values.limit)
  const { plan, samples, program, tracked, masks, encoderBeside } = await soak(browser, server.url, {
    ...options,
    limit,
    onSample: ({ picture, bytes, open, ms }) =>
      picture && console.log(`picture ${String(picture).padStart(6)}: ${show(bytes).padStart(7)} MiB, open frames ${show(open).padStart(5)}; ${ms.toFixed(0)} ms a frame`),
  })
  const loading = Math.max(...samples.filter(({ picture }) => !picture).map(held))
  const running = samples.filter(({ picture }) => picture)
  // Memories of WebAssembly may be large for moments between two samples, while networks load: the program knows.
  const peak = Math.max(...samples.map(held), program.peak)
  console.log(`${tracked} frames, image encoder ${encoderBeside ? 'in a worker of its own' : 'beside the other networks'}; plan ${show(plan.totalBytes)} MiB (${Object.entries(plan.bytes).map(([what, bytes]) => `${what} ${show(bytes)}`).join(', ')})`)
  console.log(`peak ${show(peak)} MiB: from outside ${show(loading)} while loading, ${show(Math.max(...running.map(held)))} while running; by the program's account ${show(program.peak)} (core ${show(program.core)}, runtime ${show(program.runtime)}, features ${show(program.features)}, results ${show(program.results)}); features used again ${program.cache.hits} times, encoded ${program.cache.misses}`)
  check(peak <= limit, 'the peak is within the cap')
  check(peak <= plan.totalBytes && plan.totalBytes <= 1.25 * peak, `the plan is between the peak and 1.25 of it (${(plan.totalBytes / peak).toFixed(2)})`)
  const later = running.filter(({ picture }) => picture >= started)
  if (later.length > 1) {
    const grown = Math.max(...later.map(held)) - held(later[0])
    check(grown <= mostGrowth, `flat after frame ${started}: ${show(grown)} MiB more`)
  }
  const forward = running.filter(({ picture }) => picture <= frames)
  if (forward.length >= 8) {
    const quarter = forward.length >> 2
    const [first, last] = [median(forward.slice(0, quarter)), median(forward.slice(-quarter))]
    check(last <= 1.1 * first, `no slower at the end: ${first.toFixed(0)} -> ${last.toFixed(0)} ms a frame`)
  }
  const refused = await refusal(browser, server.url, options, plan)
  check(refused.code === 'out_of_memory', `one byte less than the least, ${show(plan.leastBytes)} MiB, is refused by ${refused.by}: ${refused.message}`)
  if (values.compare) {
    const unbounded = await soak(browser, server.url, { ...options, limit: 2 ** 33, unbounded: true })
    check(unbounded.masks === masks, `the masks are those of a run without a cap, which took ${show(Math.max(...unbounded.samples.map(held)))} MiB`)
  }
} finally {
  await browser.close()
  await server.close()
}
process.exitCode = failures ? 1 : 0
