// Two things that a static host cannot do: it adds the headers that WebAssembly threads need, and it keeps the page's
// own files, so that the page opens without a network. Videos and models never pass through here: they are not fetched.
const version = '__VERSION__'
const kept = [/* __KEPT__ */]
const cacheName = `masklet-page-${version}`

self.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(cacheName)
      .then((cache) => cache.addAll(kept.map((name) => new Request(name, { cache: 'no-cache' }))))
      .then(() => self.skipWaiting()),
  )
})

self.addEventListener('activate', (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => names.filter((name) => name.startsWith('masklet-page-') && name !== cacheName))
      .then((old) => Promise.all(old.map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  )
})

self.addEventListener('fetch', (event) => {
  const { request } = event
  if (request.method !== 'GET' || !request.url.startsWith(self.registration.scope)) return
  event.respondWith(answer(request))
})

/** The page itself from the network first, so that a new version shows; everything else from the cache first. */
async function answer(request) {
  const cache = await caches.open(cacheName)
  const fromCache = () => cache.match(request, { ignoreSearch: true })
  if (request.mode === 'navigate') {
    const page = await fetch(request).catch(async () => (await fromCache()) ?? cache.match('./'))
    return isolated(page ?? Response.error())
  }
  return isolated((await fromCache()) ?? (await fetch(request)))
}

function isolated(response) {
  if (response.status === 0) return response
  const headers = new Headers(response.headers)
  headers.set('Cross-Origin-Opener-Policy', 'same-origin')
  headers.set('Cross-Origin-Embedder-Policy', 'require-corp')
  headers.set('Cross-Origin-Resource-Policy', 'same-origin')
  const { status, statusText } = response
  return new Response(response.body, { status, statusText, headers })
}
