// What goes wrong ends in a typed error or a clean fallback; what was there before is kept.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { launch, openPage } from './browser.mjs'
import { frames, h264, video, work } from './clips.mjs'
import { repository, serve } from './server.mjs'

let server, browser, page
before(async () => {
  const weights = readFileSync(join(repository, 'models/nano/model.safetensors'))
  const cutDownload = (request, response) => {
    response.writeHead(200, { 'Content-Length': weights.length })
    response.write(weights.subarray(0, 100000), () => response.destroy())
  }
  const never = (request, response) => response.writeHead(200, { 'Content-Length': 1e6 }).write('x')
  server = await serve({
    mounts: { '/clip/': frames(), '/made/': work, '/models/': join(repository, 'models') },
    routes: { '/cut': cutDownload, '/never': never },
  })
  browser = await launch()
  page = await openPage(browser, server.url)
  await page.evaluate(async () => {
    globalThis.nano = await masklet.Masklet.create({ threads: 1, limits: { sessions: 0 } })
    globalThis.fetched = async (url) => (await fetch(url)).blob()
  })
})
after(async () => {
  await browser.close()
  await server.close()
})

test('every code of core is one of the package', async () => {
  const text = readFileSync(join(repository, 'core/base/error_codes.inc'), 'utf8')
  const wanted = [...text.matchAll(/^MASKLET_ERROR\((\w+)/gm)].map(([, name]) => name)
  assert.ok(wanted.length > 10)
  assert.deepEqual(await page.evaluate(() => Object.keys(masklet.errorMeanings)), wanted)
})

test('checkpoints: none, cut, of another model, of unknown shape, empty, with code in them', async () => {
  const found = await page.evaluate(async () => {
    const create = (model) => failure(() => masklet.Masklet.create({ model, threads: 1 }))
    const weights = await fetched('/models/nano/model.safetensors')
    return {
      text: await create(new File(['this is no checkpoint, but it is long enough to be looked at'], 'notes.txt')),
      cut: await create({ weights: weights.slice(0, 3000000), architecture: '/models/nano/model.json' }),
      shape: await create(weights),
      empty: await create(new Blob([])),
      calls: await create(await fetched('/tests/fixtures/weights/calls_system.pt')),
      json: await create({ weights, architecture: '{"image_size": 192' }),
    }
  })
  const codes = Object.fromEntries(Object.entries(found).map(([name, { code }]) => [name, code]))
  assert.deepEqual(codes, {
    text: 'unsupported_file', cut: 'corrupt_file', shape: 'unknown_architecture', empty: 'corrupt_file',
    calls: 'unsafe_pickle', json: 'invalid_argument',
  })
  for (const { isOurs, message } of Object.values(found)) assert.ok(isOurs && message.length > 20, message)
})

test('downloads: missing, broken off, another hash', async () => {
  const found = await page.evaluate(async () => {
    const create = (weights, more) =>
      failure(() => masklet.Masklet.create({ model: { weights, architecture: '/models/nano/model.json', ...more }, threads: 1 }))
    return [
      await create('/not/there.pt'),
      await create('/cut', { name: 'cut' }),
      await create('/models/nano/model.safetensors', { sha256: '00'.repeat(32) }),
      await masklet.Masklet.listModels(),
    ]
  })
  assert.match(found[0].message, /404/)
  assert.deepEqual(found.slice(0, 3).map(({ code }) => code), ['io_failed', 'io_failed', 'corrupt_file'])
  assert.deepEqual(found[3], [], 'no half model stays')
})

test('downloaded models are kept, listed with their hash, used without the network, and deleted', async () => {
  const weights = readFileSync(join(repository, 'models/nano/model.safetensors'))
  const hash = createHash('sha256').update(weights).digest('hex')
  const found = await page.evaluate(async (sha256) => {
    const model = { weights: '/models/nano/model.safetensors', architecture: '/models/nano/model.json', name: 'kept', sha256 }
    const bytes = []
    const load = async () => {
      const loaded = await masklet.Masklet.create({
        model,
        threads: 1,
        onProgress: ({ phase, done }) => phase === 'download' && bytes.push(done),
      })
      await loaded.close()
    }
    await load()
    const downloaded = bytes.at(-1)
    const list = await masklet.Masklet.listModels()
    bytes.length = 0
    await load()
    const again = bytes.length
    await masklet.Masklet.deleteModel('kept')
    return { downloaded, list, again, left: await masklet.Masklet.listModels() }
  }, hash)
  assert.equal(found.downloaded, weights.length)
  assert.deepEqual(found.list.map(({ name, bytes, sha256 }) => ({ name, bytes, sha256 })), [
    { name: 'kept', bytes: weights.length, sha256: hash },
  ])
  assert.equal(found.again, 0)
  assert.deepEqual(found.left, [])
})

test('without a private file system, or with a full one, a model is downloaded and says that it is not kept', async () => {
  const without = 'navigator.storage.getDirectory = () => Promise.reject(new DOMException("none here", "SecurityError"));'
  const full = 'FileSystemWritableFileStream.prototype.write = () => Promise.reject(new DOMException("no room", "QuotaExceededError"));'
  const source = readFileSync(join(repository, 'web/dist/worker.js'), 'utf8')
  const found = []
  for (const sabotage of [without, full]) {
    const other = await openPage(browser, server.url)
    await other.route('**/dist/worker.js', (route) => route.fulfill({ contentType: 'text/javascript', body: sabotage + source, headers: { 'Cross-Origin-Embedder-Policy': 'require-corp' } }))
    found.push(
      await other.evaluate(async () => {
        const model = { weights: '/models/nano/model.safetensors', architecture: '/models/nano/model.json', name: 'unkept' }
        const said = new Set()
        const one = await masklet.Masklet.create({ model, threads: 1, onProgress: ({ phase, text }) => phase === 'download' && said.add(text) })
        await one.close()
        return { said: [...said].at(-1), list: await masklet.Masklet.listModels() }
      }),
    )
    await other.context().close()
  }
  assert.match(found[0].said, /not kept: the browser gives this page no private file system/)
  assert.match(found[1].said, /not kept: the private file system refused it: no room/)
  for (const { list } of found) assert.deepEqual(list, [], 'no half model stays')
})

test('videos: no video, cut, an unsupported codec by name, broken in the middle', async () => {
  const file = video('clip.mp4', h264)
  const whole = readFileSync(file)
  writeFileSync(join(work, 'cut.mp4'), whole.subarray(0, whole.length / 2))
  video('hevc.mp4', ['-c:v', 'libx265', '-pix_fmt', 'yuv420p', '-tag:v', 'hvc1', '-x265-params', 'log-level=none'], 5)
  const start = whole.indexOf('mdat') + Math.floor(whole.length / 3)
  const broken = Buffer.from(whole)
  broken.fill(0xff, start, start + 4000)
  writeFileSync(join(work, 'broken.mp4'), broken)
  const found = await page.evaluate(async () => {
    const open = (name) => failure(async () => nano.open(new File([await fetched(`/made/${name}`)], name)))
    const session = await nano.open(new File([await fetched('/made/broken.mp4')], 'broken.mp4'))
    await session.addPoints({ object: 1, frame: 0, points: [[57, 133]] })
    const broken = await failure(async () => {
      for await (const _ of session.propagate());
    })
    const kept = await session.frames()
    const end = JSON.parse((await session.exportJSON()).trim().split('\n').at(-1))
    await session.close()
    return {
      text: await failure(() => nano.open(new File(['no video at all, just words in a file'], 'notes.mp4'))),
      empty: await failure(() => nano.open(new File([], 'empty.mp4'))),
      cut: await open('cut.mp4'),
      hevc: await open('hevc.mp4'),
      image: await failure(() => nano.open(new File(['\x89PNG broken'], 'x.png'))),
      broken, kept: kept.length, end,
    }
  })
  assert.equal(found.text.code, 'unsupported_file')
  assert.equal(found.empty.code, 'corrupt_file')
  assert.equal(found.cut.code, 'unsupported_file')
  assert.equal(found.hevc.code, 'unsupported_file')
  assert.match(found.hevc.message, /hvc1|hevc/)
  assert.equal(found.image.code, 'unsupported_file')
  assert.equal(found.broken.code, 'broken_clip', JSON.stringify(found.broken))
  assert.match(found.broken.message, /frame \d+ of 'broken.mp4'/)
  assert.deepEqual([found.end.end.partial, found.end.end.frames], [true, found.kept])
  assert.ok(found.kept > 0 && found.kept < 60, `${found.kept} frames before the break are kept`)
})

test('prompts out of range name the value; the session goes on', async () => {
  const found = await page.evaluate(async () => {
    const session = await nano.open(await files('/clip', 3))
    const list = [
      await failure(() => session.addPoints({ object: 1, frame: 0, points: [[400, 10]] })),
      await failure(() => session.addPoints({ object: 1, frame: 9, points: [[10, 10]] })),
      await failure(() => session.addPoints({ object: 1, frame: 0, points: [[10, 10]], labels: [1, 0] })),
      await failure(() => session.addPoints({ object: 1, frame: 0, points: [[10, 10]], labels: [7] })),
      await failure(() => session.addBox({ object: 1, frame: 0, box: [50, 50, 10, 10] })),
      await failure(() => session.addMask({ object: 1, frame: 0, mask: new Uint8Array(7) })),
      await failure(() => session.clearPrompts({ object: 5, frame: 0 })),
      await failure(() => session.removeObject(5)),
      await failure(() => session.result(9)),
      await failure(async () => {
        for await (const _ of session.propagate());
      }),
    ]
    const works = await session.addPoints({ object: 1, frame: 0, points: [[57, 133]] })
    await session.close()
    return { list, works: works.objects.length }
  })
  assert.deepEqual(found.list.map(({ code }) => code), [
    'invalid_argument', 'frame_out_of_range', 'invalid_argument', 'invalid_argument', 'invalid_argument',
    'invalid_argument', 'unknown_object', 'unknown_object', 'frame_out_of_range', 'invalid_state',
  ])
  assert.match(found.list[0].message, /400/)
  assert.equal(found.works, 1)
})

test('abort at every stage, and what was tracked stays', async () => {
  const found = await page.evaluate(async () => {
    const after = (ms) => AbortSignal.timeout(ms)
    const aborted = AbortSignal.abort()
    const session = await nano.open(await files('/clip', 60))
    await session.addPoints({ object: 1, frame: 0, points: [[57, 133]] })
    const stop = new AbortController()
    let seen = 0
    const tracking = await failure(async () => {
      for await (const _ of session.propagate({ signal: stop.signal })) if (++seen === 3) stop.abort()
    })
    const kept = await session.frames()
    const picture = (await files('/clip', 1))[0]
    const loading = new AbortController()
    const saved = await session.save()
    const result = {
      networks: await failure(() =>
        masklet.Masklet.create({
          signal: loading.signal,
          threads: 1,
          onProgress: ({ phase, done }) => phase === 'networks' && done === 1 && loading.abort(),
        }),
      ),
      result: await failure(() => session.result(0, { signal: aborted })),
      picture: await failure(() => session.picture(0, { signal: aborted })),
      resume: await failure(async () => nano.resume(saved, await files('/clip', 60), { signal: aborted })),
      setImage: await failure(() => nano.setImage(picture, { signal: aborted })),
      encoding: await failure(() => nano.setImage(picture, { signal: after(1) })),
      predict: await failure(() => nano.predict({ points: [[57, 133]] }, { signal: aborted })),
      create: await failure(() => masklet.Masklet.create({ signal: aborted })),
      starting: await failure(() => masklet.Masklet.create({ signal: after(20), threads: 1 })),
      download: await failure(() => masklet.Masklet.create({ model: '/never', signal: after(400), threads: 1 })),
      open: await failure(async () => nano.open(await files('/clip', 1), { signal: aborted })),
      prompt: await failure(() => session.addPoints({ object: 1, frame: 1, points: [[57, 133]] }, { signal: aborted })),
      tracking, seen, kept: kept.length,
    }
    let more = 0
    for await (const _ of session.propagate({ start: kept.at(-1), length: 2 })) more += 1
    await session.close()
    return { ...result, more }
  })
  for (const stage of [
    'create', 'starting', 'download', 'networks', 'open', 'resume', 'prompt', 'tracking', 'result', 'picture', 'setImage',
    'encoding', 'predict',
  ])
    assert.equal(found[stage].code, 'cancelled', `${stage}: ${JSON.stringify(found[stage])}`)
  assert.ok(found.kept >= found.seen && found.kept < 60, `${found.kept} frames kept`)
  assert.equal(found.more, 3)
})

test('a call while tracking is refused, results are not', async () => {
  const found = await page.evaluate(async () => {
    const session = await nano.open(await files('/clip', 10))
    await session.addPoints({ object: 1, frame: 0, points: [[57, 133]] })
    let refused
    let shown
    for await (const { frame } of session.propagate()) {
      if (frame !== 4) continue
      refused = await failure(() => session.addPoints({ object: 2, frame: 0, points: [[211, 69]] }))
      shown = await session.result(2)
    }
    const frames = await session.frames()
    await session.close()
    return { refused, shown: shown.objects.length, frames: frames.length }
  })
  assert.deepEqual([found.refused.code, found.shown, found.frames], ['invalid_state', 1, 10])
})

test('closing twice, closing while tracking, and use after close', async () => {
  const found = await page.evaluate(async () => {
    const one = await masklet.Masklet.create({ threads: 1 })
    const session = await one.open(await files('/clip', 30))
    await session.addPoints({ object: 1, frame: 0, points: [[57, 133]] })
    let closing
    const tracking = await failure(async () => {
      for await (const { frame } of session.propagate()) if (frame === 2) closing = session.close()
    })
    await closing
    await session.close()
    const used = await failure(() => session.result(0))
    const other = await one.open(await files('/clip', 2))
    const works = await other.addPoints({ object: 1, frame: 0, points: [[57, 133]] })
    const pending = failure(() => other.addPoints({ object: 1, frame: 1, points: [[57, 133]] }))
    await one.close()
    await one.close()
    return {
      tracking: tracking.code, used: used.code, works: works.objects.length, pending: (await pending).code,
      lost: (await failure(() => other.frames())).code, open: (await failure(() => one.open('/x'))).code,
      memory: (await failure(() => one.memory())).code,
    }
  })
  assert.deepEqual(found, {
    tracking: 'cancelled', used: 'invalid_state', works: 1, pending: 'invalid_state', lost: 'invalid_state',
    open: 'invalid_state', memory: 'invalid_state',
  })
})

test('closing a session whose loop is not read any further', async () => {
  const found = await page.evaluate(async () => {
    const session = await nano.open(await files('/clip', 30))
    await session.addPoints({ object: 1, frame: 0, points: [[57, 133]] })
    const frames = session.propagate()
    await frames.next()
    await new Promise((done) => setTimeout(done, 500))
    const closed = Promise.race([session.close().then(() => 'closed'), new Promise((done) => setTimeout(done, 10000, 'stuck'))])
    return { closed: await closed, features: (await nano.memory()).features }
  })
  assert.deepEqual(found, { closed: 'closed', features: 0 })
})

test('memoryLimit: refused where nothing fits, by the plan where a model does not, everything within it', async () => {
  const found = await page.evaluate(async () => {
    const small = await failure(() => masklet.Masklet.create({ memoryLimit: 10 * 2 ** 20 }))
    const large = await failure(() => masklet.Masklet.create({ memoryLimit: 128 * 2 ** 20, inputSize: 1024, threads: 1 }))
    const tight = await masklet.Masklet.create({ memoryLimit: 128 * 2 ** 20, threads: 1 })
    const session = await tight.open(await files('/clip', 2))
    await session.addPoints({ object: 1, frame: 0, points: [[57, 133]] })
    const memory = await tight.memory()
    await tight.close()
    return { small, large, memory }
  })
  assert.equal(found.small.code, 'out_of_memory')
  assert.equal(found.large.code, 'out_of_memory')
  assert.match(found.large.message, /lower one of these, which changes the masks: .*input size to/)
  assert.ok(found.memory.total <= found.memory.limit, JSON.stringify(found.memory))
})

test('without cross-origin isolation one thread does it, and says so', async () => {
  const plain = await serve({ isolated: false, mounts: { '/clip/': frames() } })
  const other = await openPage(browser, plain.url)
  const found = await other.evaluate(async () => {
    const one = await masklet.Masklet.create()
    const session = await one.open(await files('/clip', 2))
    const { objects } = await session.addPoints({ object: 1, frame: 0, points: [[57, 133]] })
    const { runtime } = one
    await one.close()
    return { objects: objects.length, runtime }
  })
  await other.context().close()
  await plain.close()
  assert.equal(found.objects, 1)
  assert.equal(found.runtime.threads, 1)
  assert.match(found.runtime.reason, /cross-origin isolated/)
})

test('a worker that does not load, and a core that is not there', async () => {
  const found = await page.evaluate(async () => [
    await failure(() => masklet.Masklet.create({ urls: { worker: '/not/there.js' } })),
    await failure(() => masklet.Masklet.create({ urls: { core: '/not/there.wasm' } })),
    await failure(() => masklet.Masklet.create({ urls: { runtime: '/not/there/' } })),
  ])
  assert.deepEqual(found.map(({ code }) => code), ['runtime_failed', 'io_failed', 'runtime_failed'])
  for (const { message } of found) assert.ok(message.length > 20, message)
})
