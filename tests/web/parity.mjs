// The same script on the native twin and in Chromium: the image encoder's input bytes, every decoder call, every mask.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { launch, openPage } from './browser.mjs'
import { frames, h264, masklet, segment, video } from './clips.mjs'
import { compare, parse } from './masklets.mjs'
import { repository, serve } from './server.mjs'

const usage = `Runs the same script natively and in Chromium and compares the image encoder's input bytes (equal), every
decoder call (logits within 3e-3; against the reference implementation's own 1e-3) and every mask (IoU at least 0.999, or at most 2 pixels apart).

  tools/parity                           the cases that can be run here
  tools/parity CASE...                   some of them: nano golden golden-2.0 nano-b nano-b-fill nano-b-long nano-b-stride
  tools/parity --list                    their names
  tools/parity VIDEO X,Y [FRAMES]        a video of one's own: one click on its first frame, with models/nano

Built before: the native twin (cmake --preset native), core for the browser (--target masklet_wasm of preset wasm) and
the package (npm run build -w masklet). PROVIDER=webgpu takes that provider instead of wasm.`

const output = join(repository, 'build/parity/web')
const shared = process.env.MASKLET_FIXTURES ?? resolve(repository, '../shared/fixtures')
const golden = join(repository, 'tests/fixtures')
const provider = process.env.PROVIDER ?? 'wasm'

/** nano's logits reach about 20, and over a clip each frame's build on those before; `masks` judges its pixels. */
const nanoTolerances = ['--tolerance', 'sam_low_res_masks=2e-2', '--tolerance', 'sam_low_res_multimasks=2e-2']

/** Two objects, one hidden for a moment, a correction, in an H.264 file. */
function nanoCase() {
  const script = join(output, 'nano.json')
  const calls = [
    { op: 'points', tag: 'click1', object: 1, frame: 0, points: [[57, 133]], labels: [1] },
    { op: 'points', tag: 'click2', object: 2, frame: 0, points: [[211, 69]], labels: [1] },
    { op: 'propagate', tag: 'prop' },
    { op: 'points', tag: 'corr', object: 1, frame: 30, points: [[160, 120]], labels: [0] },
    { op: 'propagate', tag: 'reprop', start: 30 },
  ]
  writeFileSync(script, JSON.stringify({ frames: video('clip.mp4', h264), options: {}, calls }))
  return { script, model: join(repository, 'models/nano'), tolerances: nanoTolerances }
}

/** A video of the user: a click on its first frame, then on. */
function videoCase(file, click, count) {
  const script = join(output, 'own.json')
  const calls = [
    { op: 'points', tag: 'click', object: 1, frame: 0, points: [click.split(',').map(Number)], labels: [1] },
    { op: 'propagate', tag: 'prop', ...(count && { length: count - 1 }) },
  ]
  writeFileSync(script, JSON.stringify({ frames: resolve(file), options: {}, calls }))
  return { script, model: join(repository, 'models/nano'), tolerances: nanoTolerances }
}

const cases = {
  nano: nanoCase,
  golden: () => ({ script: join(golden, 'golden/script.json'), weights: join(golden, 'golden/mini.safetensors'), architecture: join(golden, 'golden/model.json') }),
  'golden-2.0': () => ({ script: join(golden, 'golden-2.0/script.json'), weights: join(golden, 'golden-2.0/mini.safetensors'), architecture: join(golden, 'golden-2.0/model.json') }),
}
if (existsSync(shared)) {
  for (const name of ['nano-b', 'nano-b-fill', 'nano-b-long', 'nano-b-stride'])
    cases[name] = () => ({
      script: join(shared, name, 'script.json'),
      weights: join(shared, 'nano-b/nano_b_random.pt'),
      architecture: join(shared, 'nano-b/architecture.json'),
      reference: join(shared, name, 'reference.safetensors'),
    })
}

/** A u8 tensor of a .safetensors file. */
function readTensor(file, name) {
  const bytes = readFileSync(file)
  const length = Number(bytes.readBigUInt64LE(0))
  const { shape, data_offsets: [begin, end] } = JSON.parse(bytes.subarray(8, 8 + length).toString())[name]
  return { shape, data: [...bytes.subarray(8 + length + begin, 8 + length + end)] }
}

/** A script's options by the names that the package has for them. */
const camel = ({ max_cond_frames, ...options } = {}) => ({
  ...Object.fromEntries(Object.entries(options).map(([key, value]) => [key.replace(/_(\w)/g, (_, c) => c.toUpperCase()), value])),
  maxConditioningFrames: max_cond_frames,
})

/** Runs a script in the page; leaves the trace in a file. */
async function trace(page, spec, file) {
  const script = JSON.parse(readFileSync(spec.script, 'utf8'))
  const source = resolve(dirname(spec.script), script.frames)
  const folder = statSync(source).isDirectory()
  const names = folder ? readdirSync(source).sort() : []
  const list = folder
    ? (script.order ?? names.map((_, i) => i)).slice(0, script.frame_count).map((i) => `/frames/${names[i]}`)
    : `/frames/${basename(source)}`
  const calls = script.calls.map((call) =>
    call.op === 'mask' ? { ...call, ...readTensor(join(dirname(spec.script), 'reference.safetensors'), call.tensor) } : call,
  )
  const base64 = await page.evaluate(
    async ({ list, options, calls, model, provider }) => {
      const fetched = async (url) => new File([await (await fetch(url)).blob()], url.split('/').pop())
      const twin = await masklet.Masklet.create({ model, provider, threads: 2 })
      const clip = typeof list === 'string' ? await fetched(list) : await Promise.all(list.map(fetched))
      const session = await twin.open(clip, { tracking: options })
      for (const call of calls) {
        await session.trace(call.tag ?? 'untagged')
        const { object, frame } = call
        if (call.op === 'points' || call.op === 'box')
          await session.addPoints({ object, frame, points: call.points ?? [], labels: call.labels, box: call.box, keepOld: call.clear_old_points === false })
        else if (call.op === 'mask')
          await session.addMask({ object, frame, mask: Uint8Array.from(call.data), width: call.shape[1], height: call.shape[0] })
        else if (call.op === 'clear') await session.clearPrompts({ object, frame })
        else if (call.op === 'remove') await session.removeObject(object)
        else if (call.op === 'reset') await session.reset()
        else if (call.op === 'propagate') {
          // As core defaults: from the earliest prompt, whatever the direction.
          const prompted = (await session.objects()).flatMap(({ prompts }) => prompts.map(({ frame }) => frame))
          const start = call.start ?? Math.min(...prompted)
          for await (const _ of session.propagate({ start, length: call.length, direction: call.reverse ? 'backward' : 'forward' }));
        } else throw new Error(`a script's call '${call.op}' is not one of a session`)
      }
      const bytes = await session.takeTrace()
      await twin.close()
      return new Promise((done) => {
        const reader = new FileReader()
        reader.onload = () => done(reader.result.split(',')[1])
        reader.readAsDataURL(new Blob([bytes]))
      })
    },
    {
      list,
      options: camel(script.options),
      calls,
      provider,
      model: { weights: '/weights', architecture: '/architecture', name: 'model' },
    },
  )
  writeFileSync(file, Buffer.from(base64, 'base64'))
}

/** The native twin and the browser's differ by the order of sums. */
function compareTraces(given, reference, more = []) {
  const { status, stdout, stderr } = spawnSync(masklet, ['compare', given, reference, '--tolerance', '1e-3', '--tolerance', 'sam_low_res_masks=3e-3', '--tolerance', 'sam_low_res_multimasks=3e-3', '--tolerance', 'sam_obj_ptr=1e-3', '--tolerance', 'sam_object_score=5e-2', ...more], { encoding: 'utf8' })
  console.log((stdout + stderr).trimEnd().replace(/^/gm, '  '))
  return status === 0
}

async function runCase(browser, name, spec) {
  const weights = spec.weights ?? join(spec.model, 'model.safetensors')
  const architecture = spec.architecture ?? join(spec.model, 'model.json')
  const native = join(output, `${name}-native.safetensors`)
  const web = join(output, `${name}-web.safetensors`)
  execFileSync(masklet, ['trace', spec.script, '--inputs', '--model', weights, '--architecture', architecture, '-o', native])
  const script = JSON.parse(readFileSync(spec.script, 'utf8'))
  const source = resolve(dirname(spec.script), script.frames)
  const send = (file) => (_, response) => response.end(readFileSync(file))
  const server = await serve({
    mounts: { '/frames/': statSync(source).isDirectory() ? source : dirname(source) },
    routes: { '/weights': send(weights), '/architecture': send(architecture) },
  })
  const page = await openPage(browser, server.url)
  try {
    await trace(page, spec, web)
  } finally {
    await page.context().close()
    await server.close()
  }
  console.log(`${name}: browser (${provider}) against native`)
  let same = compareTraces(web, native, spec.tolerances)
  if (spec.reference) {
    console.log(`${name}: browser (${provider}) against the reference implementation`)
    same = compareTraces(web, spec.reference, ['--tolerance', 'sam_ious=1e-4', '--tolerance', 'sam_low_res_masks=1e-3', '--tolerance', 'sam_low_res_multimasks=1e-3']) && same
  }
  return same
}

/** Masks at the size of the video, from prompts on several frames. */
async function runMasks(browser) {
  const file = video('clip.mp4', h264)
  const prompts = [
    { object: 1, frame: 0, points: [[57, 133]] },
    { object: 2, frame: 0, points: [[211, 69]] },
    { object: 1, frame: 30, points: [[120, 130]] },
  ]
  const flags = prompts.flatMap(({ object, frame, points }) => ['--click', `${points[0].join(',')},${frame},${object}`])
  const reference = segment(file, 'parity-native', flags)
  const server = await serve({ mounts: { '/clip/': dirname(file) } })
  const page = await openPage(browser, server.url)
  const text = await page.evaluate(async ({ prompts, provider }) => {
    const twin = await masklet.Masklet.create({ provider, threads: 2 })
    const session = await twin.open(new File([await (await fetch('/clip/clip.mp4')).blob()], 'clip.mp4'))
    for (const prompt of prompts) await session.addPoints(prompt)
    for await (const _ of session.propagate());
    const text = await session.exportJSON()
    await twin.close()
    return text
  }, { prompts, provider })
  await page.context().close()
  await server.close()
  const report = compare(parse(text), parse(reference))
  console.log(`masks: ${report.frames} frames, ${report.masks} masks, ${report.identical} identical, worst ` +
    `${report.worstPixels} pixels and IoU ${report.worstIou.toFixed(5)}`)
  for (const problem of report.problems) console.log(`  ${problem}`)
  return report.same
}

mkdirSync(output, { recursive: true })
const [first, ...rest] = process.argv.slice(2)
if (first === '-h' || first === '--help') console.log(usage)
else if (first === '--list') console.log([...Object.keys(cases), 'masks'].join(' '))
else {
  frames()
  const isFile = first && !cases[first] && first !== 'masks'
  if (isFile && !existsSync(first)) {
    console.error(`tools/parity: '${first}' is neither a case nor a file; --list tells the cases`)
    process.exit(2)
  }
  const own = { [basename(first ?? '')]: () => videoCase(first, rest[0] ?? '0,0', Number(rest[1] ?? 0)) }
  const chosen = isFile ? Object.entries(own) : Object.entries(cases).filter(([name]) => !first || [first, ...rest].includes(name))
  const browser = await launch(provider === 'webgpu' ? ['--enable-unsafe-webgpu'] : [])
  const failed = []
  try {
    for (const [name, make] of chosen) if (!(await runCase(browser, name, make()))) failed.push(name)
    if (!isFile && (!first || [first, ...rest].includes('masks')) && !(await runMasks(browser))) failed.push('masks')
  } finally {
    await browser.close()
  }
  console.log(failed.length ? `different: ${failed.join(', ')}` : 'all the same within the tolerances')
  process.exitCode = failed.length ? 1 : 0
}
