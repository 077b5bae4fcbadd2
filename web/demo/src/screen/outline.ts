// Outlines of masks for the screen. Masks that leave the page are core's own; these are smoothed to look well at any
// size, and are drawn as paths, which are sharp on every display and take a thousandth of a picture's memory.

/** A closed line of corners, [x, y, x, y, ...], in pixels of the video. */
export type Loop = Float32Array

/** COCO's compressed counts: lengths of runs down the columns, first outside the mask. */
export function runLengths(counts: string): number[] {
  const runs: number[] = []
  for (let at = 0; at < counts.length; ) {
    let value = 0
    let shift = 0
    for (let more = true; more; shift += 5) {
      const code = counts.charCodeAt(at++) - 48
      value |= (code & 31) << shift
      more = (code & 32) !== 0
      if (!more && code & 16) value |= -1 << (shift + 5)
    }
    // From the third on, a run is told by how it differs from the one two before.
    runs.push(runs.length > 2 ? value + (runs[runs.length - 2] as number) : value)
  }
  return runs
}

/** Steps along pixel edges with the mask on the right: right, down, left, up. */
const steps = [[1, 0], [0, 1], [-1, 0], [0, -1]] as const
/** From a corner, the pixels ahead on the left and on the right of each step. */
const ahead = [
  [[0, -1], [0, 0]],
  [[0, 0], [-1, 0]],
  [[-1, 0], [-1, -1]],
  [[-1, -1], [0, -1]],
] as const

/**
 * The outlines along pixel edges, of holes as well: filled by the even-odd rule they are the mask again. A corner for
 * every pixel edge, so that smoothing has even steps.
 */
export function traceOutlines(counts: string, width: number, height: number): Loop[] {
  const inside = new Uint8Array(width * height)
  /** Upper ends of the mask's columns: each has an edge to the right, and every outline has such edges. */
  const tops: number[] = []
  let at = 0
  runLengths(counts).forEach((length, index) => {
    if (index % 2 === 1) {
      inside.fill(1, at, at + length)
      for (let top = at; top < at + length; top = (Math.floor(top / height) + 1) * height) tops.push(top)
    }
    at += length
  })
  const isInside = (x: number, y: number) => x >= 0 && y >= 0 && x < width && y < height && inside[x * height + y] !== 0

  const seen = new Set<number>()
  const loops: Loop[] = []
  for (const top of tops) {
    if (seen.has(top)) continue
    const corners: number[] = []
    const start = [Math.floor(top / height), top % height] as const
    let [x, y] = start as readonly [number, number]
    let direction = 0
    do {
      if (direction === 0) seen.add(x * height + y)
      corners.push(x, y)
      const [dx, dy] = steps[direction] as readonly [number, number]
      x += dx
      y += dy
      const [left, right] = ahead[direction] as (typeof ahead)[number]
      if (isInside(x + left[0], y + left[1])) direction = (direction + 3) % 4
      else if (!isInside(x + right[0], y + right[1])) direction = (direction + 1) % 4
    } while (x !== start[0] || y !== start[1] || direction !== 0)
    loops.push(Float32Array.from(corners))
  }
  return loops
}

const weights = [1, 4, 6, 4, 1].map((weight) => weight / 16)

/** The staircase of pixel edges as the line that it stands for: each corner becomes the mean of those around it, twice. */
export function smooth(loop: Loop): Loop {
  const length = loop.length / 2
  if (length < 8) return loop
  let from = loop
  for (let round = 0; round < 2; round += 1) {
    const to = new Float32Array(from.length)
    for (let corner = 0; corner < length; corner += 1) {
      weights.forEach((weight, tap) => {
        const other = 2 * ((corner + tap - 2 + length) % length)
        to[2 * corner] = (to[2 * corner] as number) + weight * (from[other] as number)
        to[2 * corner + 1] = (to[2 * corner + 1] as number) + weight * (from[other + 1] as number)
      })
    }
    from = to
  }
  return from
}

/** The outlines as one path, in pixels of the video, to be filled by the even-odd rule. */
export function outlinePath(counts: string, width: number, height: number): Path2D {
  const path = new Path2D()
  for (const loop of traceOutlines(counts, width, height)) {
    const line = smooth(loop)
    // Every other corner is enough: curves go from middle to middle between them.
    const stride = line.length >= 32 ? 4 : 2
    const corners: (readonly [number, number])[] = []
    for (let i = 0; i + 1 < line.length; i += stride) corners.push([line[i] as number, line[i + 1] as number])
    corners.forEach(([x, y], index) => {
      const [beforeX, beforeY] = corners.at(index - 1) as readonly [number, number]
      const [nextX, nextY] = corners[(index + 1) % corners.length] as readonly [number, number]
      if (index === 0) path.moveTo((beforeX + x) / 2, (beforeY + y) / 2)
      path.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2)
    })
    path.closePath()
  }
  return path
}
