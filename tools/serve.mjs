#!/usr/bin/env node
// Serves a folder of files over HTTP with the two headers that WebAssembly threads need.
//
//   tools/serve.mjs [FOLDER] [--port N] [--host ADDRESS] [--no-isolation]
//
// FOLDER is build/page where absent. Without --port it takes 8080, or the next free one. --host 0.0.0.0 lets other
// machines in. --no-isolation leaves the headers out, as plain static hosts do.
import { createReadStream, existsSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { dirname, extname, join, normalize, resolve, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const types = {
  '.css': 'text/css',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.mjs': 'text/javascript',
  '.mp4': 'video/mp4',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
}

const isolation = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }

/** Port 0 takes any; absent: 8080 or the next free one. */
export async function serveFolder(folder, { port, host = '127.0.0.1', isolated = true } = {}) {
  const root = resolve(folder)
  const server = createServer((request, response) => {
    const file = fileOf(root, request.url)
    if (!file) return response.writeHead(404, { 'Content-Type': 'text/plain' }).end('not here\n')
    response.writeHead(200, {
      'Content-Type': types[extname(file)] ?? 'application/octet-stream',
      'Content-Length': statSync(file).size,
      'Cache-Control': 'no-cache',
      ...(isolated && isolation),
    })
    createReadStream(file).pipe(response)
  })
  await listen(server, port ?? 8080, host, port === undefined ? 20 : 0)
  return { server, url: `http://${host === '127.0.0.1' ? 'localhost' : host}:${server.address().port}/` }
}

/** The file that an address means, if it is one inside the folder. */
function fileOf(root, url) {
  let path
  try {
    path = normalize(decodeURIComponent(new URL(url, 'http://here').pathname))
  } catch {
    return undefined
  }
  const named = join(root, path)
  if (named !== root && !named.startsWith(root.endsWith(sep) ? root : root + sep)) return undefined
  const file = existsSync(named) && statSync(named).isDirectory() ? join(named, 'index.html') : named
  return existsSync(file) ? file : undefined
}

function listen(server, port, host, retries) {
  return new Promise((done, fail) => {
    server.once('error', (error) => {
      if (error.code !== 'EADDRINUSE' || retries === 0) return fail(error)
      listen(server, port + 1, host, retries - 1).then(done, fail)
    })
    server.listen(port, host, done)
  })
}

async function main() {
  const given = process.argv.slice(2)
  const value = (flag) => {
    const at = given.indexOf(flag)
    return at < 0 ? undefined : given.splice(at, 2)[1]
  }
  const port = value('--port')
  const host = value('--host')
  const open = given.indexOf('--no-isolation')
  if (open >= 0) given.splice(open, 1)
  if (given.includes('--help') || given.length > 1) {
    console.error('usage: tools/serve.mjs [FOLDER] [--port N] [--host ADDRESS] [--no-isolation]')
    process.exit(given.length > 1 ? 2 : 0)
  }
  if (port !== undefined && !(Number(port) >= 0 && Number(port) < 65536)) throw new Error(`--port ${port} is no port; give a number up to 65535`)
  const folder = given[0] ?? join(dirname(fileURLToPath(import.meta.url)), '../build/page')
  if (!existsSync(join(folder, 'index.html'))) {
    console.error(`tools/serve.mjs: ${folder} has no index.html; tools/demo builds the page`)
    process.exit(1)
  }
  const { url } = await serveFolder(folder, { port: port === undefined ? undefined : Number(port), host, isolated: open < 0 })
  console.log(`serving ${folder} at ${url}`)
  console.log('Ctrl+C ends it')
}

if (process.argv[1] && import.meta.url === pathToFileURL(resolve(process.argv[1])).href) {
  try {
    await main()
  } catch (error) {
    const taken = error.code === 'EADDRINUSE' ? '; another program has that port, give another one with --port' : ''
    console.error(`tools/serve.mjs: ${error.message}${taken}`)
    process.exit(1)
  }
}
