/** A value that can be watched. Each piece of the page's state is a cell with one owner, which alone sets it. */
export class Cell<T> {
  private readonly watchers = new Set<(value: T) => void>()

  constructor(private current: T) {}

  get value(): T {
    return this.current
  }

  set(value: T): void {
    if (Object.is(value, this.current)) return
    this.current = value
    for (const watcher of [...this.watchers]) watcher(value)
  }

  /** Calls now and at every change. */
  watch(watcher: (value: T) => void): void {
    this.watchers.add(watcher)
    watcher(this.current)
  }

  onChange(watcher: (value: T) => void): void {
    this.watchers.add(watcher)
  }
}

/**
 * Calls once a frame of the display at most, after any of the cells changed; and once now. `apart`: milliseconds that
 * two calls are apart at least.
 */
export function redraw(cells: readonly Cell<any>[], draw: () => void, apart = 0): () => void {
  let waiting = false
  let last = -Infinity
  const go = () => {
    waiting = false
    last = performance.now()
    draw()
  }
  const ask = () => {
    if (waiting) return
    waiting = true
    const wait = last + apart - performance.now()
    if (wait > 0) setTimeout(() => requestAnimationFrame(go), wait)
    else requestAnimationFrame(go)
  }
  for (const cell of cells) cell.onChange(ask)
  ask()
  return ask
}
