/** Milliseconds that long work may hold the page at a time. */
const longest = 8

/** Awaited in a long loop, it lets the page react whenever enough time has passed. */
export function turns(): () => Promise<void> | undefined {
  let start = performance.now()
  return () => {
    if (performance.now() - start < longest) return undefined
    return new Promise((go) => setTimeout(() => ((start = performance.now()), go())))
  }
}
