// Results of a session beyond what stays in memory: they lie in a file, and are found there again by another worker.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const bundle = await rolldown({ input: fileURLToPath(new URL('../../web/src/worker/results.ts', import.meta.url)) })
const { output } = await bundle.generate({ format: 'esm' })
const { Results } = await import(`data:text/javascript,${encodeURIComponent(output[0].code)}`)

/** A ScratchFile in memory. */
class File {
  bytes = new Uint8Array(1 << 24)
  write(bytes, at) {
    this.bytes.set(bytes, at)
  }
  read(bytes, at) {
    bytes.set(this.bytes.subarray(at, at + bytes.length))
  }
}

const frames = 600
const result = (frame, version = 0) => ({
  frame,
  objects: [1, 2].map((id) => ({ id, score: frame + version / 8, iou: 0.5, area: 7, box: [0, 1, 2, 3], counts: `${id}`.repeat(4000) })),
})
const list = (results) => [...results.all()]

/** A long clip, of which some frames are tracked again and one object is removed, which then comes back. */
function story(results) {
  for (let frame = 0; frame < frames; ++frame) results.set(result(frame))
  for (const frame of [3, 599, 4]) results.set(result(frame, 1))
  results.removeObject(2)
  for (const frame of [5, 598]) results.set(result(frame, 2))
  for (let frame = 100; frame < 500; ++frame) results.set(result(frame, 3))
}

test('with a file it is as if all were in memory, and what is there does not grow', () => {
  const all = new Results(undefined)
  const filed = new Results(new File())
  let most = 0
  const watched = { set: (value) => (filed.set(value), (most = Math.max(most, filed.bytes))), removeObject: (id) => filed.removeObject(id) }
  story(all)
  story(watched)
  assert.deepEqual(list(filed), list(all))
  assert.deepEqual(filed.numbers(), all.numbers())
  assert.deepEqual(filed.get(3), all.get(3))
  assert.equal(filed.get(frames), undefined)
  assert.equal(filed.isInMemory, false)
  assert.ok(all.bytes > 10 * most && most <= 2 ** 18, `${most} and ${all.bytes} bytes`)
})

test('another worker finds them, and nothing that was written later', () => {
  const file = new File()
  const first = new Results(file)
  story(first)
  const kept = first.kept
  const unfiled = [...first.unfiled()]
  const before = list(first)
  for (let frame = 0; frame < frames; ++frame) first.set(result(frame, 9))
  first.removeObject(1)

  const next = new Results(file)
  next.find(kept)
  for (const one of unfiled) next.set(one)
  const byFrame = (a, b) => a.frame - b.frame
  assert.deepEqual(list(next).sort(byFrame), before.sort(byFrame))
  next.clear()
  assert.deepEqual([next.size, next.bytes, next.isInMemory], [0, 0, true])
})

test('a stream keeps its last results', () => {
  const results = new Results(undefined, true)
  for (let frame = 0; frame < frames; ++frame) results.set(result(frame))
  assert.ok(results.bytes <= 2 * 2 ** 20)
  assert.deepEqual(results.get(frames - 1), result(frames - 1))
  assert.equal(results.get(0), undefined)
})
