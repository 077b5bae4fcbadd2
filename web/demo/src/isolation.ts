const triedKey = 'masklet-isolation-tried'

/**
 * Registers the service worker, which keeps the page for offline use and adds the headers that threads need. Where the
 * host sends none, the page has to load once more to get them from it: true says that it is about to.
 */
export async function becomeIsolated(): Promise<boolean> {
  if (import.meta.env.DEV || !('serviceWorker' in navigator)) return false
  const registered = navigator.serviceWorker.register('service_worker.js').catch((thrown) => {
    console.warn('without a service worker the page does not open offline', thrown)
    return undefined
  })
  if (globalThis.crossOriginIsolated || sessionStorage.getItem(triedKey)) {
    sessionStorage.removeItem(triedKey)
    return false
  }
  sessionStorage.setItem(triedKey, 'yes')
  if (!(await registered)) return false
  // It takes the page over once it has all files; without a network at that moment the page goes on with one thread.
  const took = new Promise((resolve) => navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true }))
  const late = new Promise((resolve) => setTimeout(resolve, 20_000, 'late'))
  if (!navigator.serviceWorker.controller && (await Promise.race([took, late])) === 'late') return false
  location.reload()
  return true
}
