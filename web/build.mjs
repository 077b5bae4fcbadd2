// Builds dist/: the page's module, the worker with everything in it, core as wasm, the embedded model, and types.
// Core must be there: cmake --preset wasm && cmake --build --preset wasm --target masklet_wasm
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const here = dirname(fileURLToPath(import.meta.url))
const repository = resolve(here, '..')
const core = join(process.env.MASKLET_WASM_BUILD ?? join(repository, 'build/wasm'), 'wasm')
const dist = join(here, 'dist')

if (!existsSync(join(core, 'masklet_wasm.wasm'))) {
  console.error(`${core}/masklet_wasm.wasm is missing. Build it first:
  cmake --preset wasm && cmake --build --preset wasm --target masklet_wasm`)
  process.exit(1)
}

/** core/base/error_codes.inc as TypeScript. */
function generateErrorCodes() {
  const text = readFileSync(join(repository, 'core/base/error_codes.inc'), 'utf8')
  const codes = [...text.matchAll(/^MASKLET_ERROR\((\w+),\s*((?:"[^"]*"\s*)+)\)/gm)].map(([, name, meaning]) => [
    name,
    [...meaning.matchAll(/"([^"]*)"/g)].map(([, part]) => part).join(''),
  ])
  mkdirSync(join(here, 'src/generated'), { recursive: true })
  const lines = codes.map(([name, meaning]) => `  ${name}: ${JSON.stringify(meaning)},`)
  writeFileSync(
    join(here, 'src/generated/error_codes.ts'),
    `// Made by build.mjs from core/base/error_codes.inc.\n\n/** Every code an error may have, and what it stands for. */\n` +
      `export const errorMeanings = {\n${lines.join('\n')}\n} as const\n\nexport type ErrorCode = keyof typeof errorMeanings\n`,
  )
}

async function bundle(input, file) {
  const build = await rolldown({
    input: join(here, input),
    platform: 'browser',
    resolve: {
      alias: { '#core': join(core, 'masklet_wasm.mjs') },
      // The runtime's JavaScript is in the worker; its wasm files stay files, whose addresses the page gives.
      conditionNames: ['onnxruntime-web-use-extern-wasm', 'import', 'browser', 'default'],
    },
    logLevel: 'warn',
  })
  await build.write({ file: join(dist, file), format: 'esm', minify: true, sourcemap: true, codeSplitting: false })
  await build.close()
}

rmSync(dist, { recursive: true, force: true })
generateErrorCodes()
const require = createRequire(import.meta.url)
execFileSync(process.execPath, [require.resolve('typescript/bin/tsc'), '-p', here], { stdio: 'inherit' })
await bundle('src/index.ts', 'index.js')
await bundle('src/worker/main.ts', 'worker.js')
cpSync(join(core, 'masklet_wasm.wasm'), join(dist, 'masklet_wasm.wasm'))
for (const file of ['model.json', 'model.safetensors', 'CARD.md'])
  cpSync(join(repository, 'models/nano', file), join(dist, 'nano', file))
