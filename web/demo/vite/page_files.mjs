// What the page has beside its bundle: the package as published, ONNX Runtime's files, the sample clip and the
// service worker with the list of what it keeps. Served while developing, copied when built.
import { createHash } from 'node:crypto'
import { createReadStream, existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeSample } from './sample.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const dist = join(here, '../../dist')
const runtime = dirname(createRequire(import.meta.url).resolve('onnxruntime-web'))
const serviceWorker = join(here, '../src/service_worker.js')

const types = {
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
  '.json': 'application/json',
  '.mp4': 'video/mp4',
}

// The second is WebGPU's: fetched where it is asked for, not kept for offline use beforehand.
const runtimeFiles = [
  'ort-wasm-simd-threaded.mjs',
  'ort-wasm-simd-threaded.wasm',
  'ort-wasm-simd-threaded.asyncify.mjs',
  'ort-wasm-simd-threaded.asyncify.wasm',
]
const isKept = (name) => !name.includes('asyncify') && !name.endsWith('.map')

/** Files by their name in the page's folder. */
function besides() {
  const files = new Map()
  for (const name of ['index.js', 'worker.js', 'masklet_wasm.wasm', 'nano/model.json', 'nano/model.safetensors'])
    files.set(`masklet/${name}`, join(dist, name))
  for (const name of runtimeFiles) files.set(`masklet/onnxruntime-web/${name}`, join(runtime, name))
  const sample = makeSample()
  if (sample) for (const name of readdirSync(sample)) files.set(`sample/${name}`, join(sample, name))
  return files
}

export function pageFiles() {
  return {
    name: 'masklet-page-files',

    configureServer(server) {
      const files = besides()
      server.middlewares.use((request, response, next) => {
        const name = decodeURIComponent(new URL(request.url, 'http://page').pathname).slice(1)
        const file = files.get(name)
        if (!file || !existsSync(file)) return next()
        for (const [header, value] of Object.entries(server.config.server.headers)) response.setHeader(header, value)
        response.setHeader('Content-Type', types[extname(file)] ?? 'application/octet-stream')
        response.setHeader('Content-Length', statSync(file).size)
        createReadStream(file).pipe(response)
      })
    },

    // After the bundler's own, which adds the page's workers.
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        const hash = createHash('sha256')
        const kept = ['./', 'manifest.webmanifest', 'icon.svg']
        for (const [name, file] of besides()) {
          const source = readFileSync(file)
          this.emitFile({ type: 'asset', fileName: name, source })
          if (!isKept(name)) continue
          kept.push(name)
          hash.update(name).update(source)
        }
        for (const [name, { code, source }] of Object.entries(bundle)) {
          if (!isKept(name)) continue
          if (name !== 'index.html') kept.push(name)
          hash.update(name).update(code ?? source)
        }
        const text = readFileSync(serviceWorker, 'utf8')
          .replace("'__VERSION__'", JSON.stringify(hash.digest('hex').slice(0, 16)))
          .replace('[/* __KEPT__ */]', JSON.stringify([...new Set(kept)]))
        this.emitFile({ type: 'asset', fileName: 'service_worker.js', source: text })
      },
    },
  }
}
