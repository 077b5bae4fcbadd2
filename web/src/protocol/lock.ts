/** Holds a lock as long as this page or worker lives. false where locks are forbidden, as in sandboxed frames. */
export function holdLock(name: string): Promise<boolean> {
  return new Promise((held) => {
    if (!('locks' in navigator)) return held(false)
    navigator.locks.request(name, () => new Promise(() => held(true))).catch(() => held(false))
  })
}
