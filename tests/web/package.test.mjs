// The package as others get it: its size, packed, installed in an empty folder, built with Vite, used in Chromium.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { launch } from './browser.mjs'
import { frames, work } from './clips.mjs'
import { repository, serve } from './server.mjs'

const run = (program, args, cwd) =>
  execFileSync(program, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

test('core as wasm with its JavaScript is at most 900 KB', () => {
  const build = join(process.env.MASKLET_WASM_BUILD ?? join(repository, 'build/wasm'), 'wasm')
  const files = ['masklet_wasm.wasm', 'masklet_wasm.mjs'].map((name) => readFileSync(join(build, name)))
  const bytes = files.reduce((sum, file) => sum + file.length, 0)
  const packed = files.reduce((sum, file) => sum + gzipSync(file).length, 0)
  console.log(`  ${Math.round(bytes / 1000)} KB, ${Math.round(packed / 1000)} KB with gzip`)
  assert.ok(bytes <= 900_000, `${bytes} bytes`)
})

test('publint has nothing to say', () => {
  const said = run(process.execPath, [join(repository, 'node_modules/publint/src/cli.js'), '--strict', join(repository, 'web')], repository)
  assert.match(said, /All good/)
})

test('packed, installed in an empty folder, type-checked and built with Vite, it tracks', async () => {
  const folder = join(work, 'consumer')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(join(folder, 'src'), { recursive: true })
  run('npm', ['pack', '--pack-destination', folder, '--ignore-scripts'], join(repository, 'web'))
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'))
  console.log(`  ${tarball}: ${Math.round(statSync(join(folder, tarball)).size / 1000)} KB, most of it the embedded model`)
  writeFileSync(join(folder, 'package.json'), '{"name": "consumer", "private": true, "type": "module"}')
  run('npm', ['install', `./${tarball}`, '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'], folder)
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>consumer</title><script type="module" src="/src/main.ts"></script>')
  writeFileSync(
    join(folder, 'src/main.ts'),
    `import { Masklet, MaskletError, type FrameResult } from 'masklet'
const seen: FrameResult[] = []
async function track(images: Blob[]): Promise<number[]> {
  const masklet = await Masklet.create()
  try {
    const session = await masklet.open(images)
    await session.addPoints({ object: 1, frame: 0, points: [[57, 133]] })
    for await (const frame of session.propagate()) seen.push(frame)
    return seen.map(({ objects }) => objects[0]?.area ?? 0)
  } catch (error) {
    if (error instanceof MaskletError) console.error(error.code)
    throw error
  } finally {
    await masklet.close()
  }
}
Object.assign(globalThis, { track })
`,
  )
  const compilerOptions = {
    noEmit: true,
    strict: true,
    target: 'es2022',
    module: 'esnext',
    moduleResolution: 'bundler',
    lib: ['es2022', 'dom', 'dom.asynciterable', 'esnext.disposable'],
    types: [],
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['src'] }))
  run(process.execPath, [join(repository, 'node_modules/typescript/bin/tsc'), '-p', '.'], folder)
  run(process.execPath, [join(repository, 'node_modules/vite/bin/vite.js'), 'build', '--logLevel', 'error'], folder)
  const server = await serve({ mounts: { '/built/': join(folder, 'dist'), '/assets/': join(folder, 'dist/assets'), '/clip/': frames() } })
  const browser = await launch()
  try {
    const page = await browser.newPage()
    const asked = []
    page.on('request', (request) => asked.push(request.url()))
    page.on('pageerror', (error) => console.log(`page error: ${error.message}`))
    await page.goto(`${server.url}/built/index.html`)
    const areas = await page.evaluate(async () => {
      const images = await Promise.all(['00000', '00001'].map(async (n) => (await fetch(`/clip/${n}.png`)).blob()))
      return globalThis.track(images)
    })
    assert.equal(areas.length, 2)
    assert.ok(areas.every((area) => area > 500), String(areas))
    assert.ok(asked.every((url) => url.startsWith(server.url) || /^(data|blob):/.test(url)), 'everything comes from the page itself')
  } finally {
    await browser.close()
    await server.close()
  }
})
