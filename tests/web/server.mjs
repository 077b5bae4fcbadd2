// A static server for the tests: the built package with the runtime beside it, and folders of the caller's choice.
import { createReadStream, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join, normalize, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const repository = resolve(fileURLToPath(new URL('../..', import.meta.url)))

const types = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
  '.json': 'application/json',
  '.png': 'image/png',
  '.mp4': 'video/mp4',
  '.webm': 'video/webm',
}

const page = '<!doctype html><meta charset="utf-8"><title>masklet tests</title><link rel="icon" href="data:,"><body></body>'

/**
 * Serves `/`, an empty page; `/dist/`, the package; and `mounts`, folders by prefix. `isolated` sends the headers that
 * threads need. `routes` are functions by path that answer themselves.
 */
export async function serve({ isolated = true, mounts = {}, routes = {}, port = 0 } = {}) {
  const folders = {
    '/dist/onnxruntime-web/': join(repository, 'node_modules/onnxruntime-web/dist'),
    '/dist/': join(repository, 'web/dist'),
    '/tests/': join(repository, 'tests'),
    ...mounts,
  }
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url, 'http://localhost').pathname)
    if (isolated) {
      response.setHeader('Cross-Origin-Opener-Policy', 'same-origin')
      response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp')
    }
    if (routes[path]) return routes[path](request, response)
    if (path === '/') return response.setHeader('Content-Type', 'text/html').end(page)
    const prefix = Object.keys(folders)
      .filter((start) => path.startsWith(start))
      .sort((a, b) => b.length - a.length)[0]
    const file = prefix && join(folders[prefix], normalize('/' + path.slice(prefix.length)))
    try {
      const { size } = statSync(file)
      response.setHeader('Content-Type', types[extname(file)] ?? 'application/octet-stream')
      response.setHeader('Content-Length', size)
      createReadStream(file).pipe(response)
    } catch {
      response.writeHead(404).end(`${path} is not here`)
    }
  })
  await new Promise((done) => server.listen(port, '127.0.0.1', done))
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close: () => {
      server.closeAllConnections()
      return new Promise((done) => server.close(done))
    },
  }
}
