// Parts of the demo page that need no page: outlines of masks, doubts, the header of saved sessions.
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { join } from 'node:path'
import { rolldown } from 'rolldown'
import { repository } from './server.mjs'

async function load(file) {
  const build = await rolldown({ input: join(repository, 'web/demo/src', file), logLevel: 'silent' })
  const { output } = await build.generate({ format: 'esm' })
  await build.close()
  return import(`data:text/javascript,${encodeURIComponent(output[0].code)}`)
}

let outline, doubts, savedFile
before(async () => {
  ;[outline, doubts, savedFile] = await Promise.all(['screen/outline.ts', 'state/doubts.ts', 'base/saved_file.ts'].map(load))
})

/** COCO's compressed run lengths of rows of '#' and '.', written down from its definition. */
function counts(rows) {
  const runs = []
  let last = '.'
  let length = 0
  for (let x = 0; x < rows[0].length; x += 1)
    for (const row of rows) {
      if (row[x] !== last) {
        runs.push(length)
        length = 0
        last = row[x]
      }
      length += 1
    }
  runs.push(length)
  let text = ''
  runs.forEach((run, index) => {
    let value = index > 2 ? run - runs[index - 2] : run
    for (let more = true; more; ) {
      let code = value & 31
      value >>= 5
      more = code & 16 ? value !== -1 : value !== 0
      if (more) code |= 32
      text += String.fromCharCode(code + 48)
    }
  })
  return text
}

/** The enclosed area, holes negative. */
function area(loop) {
  let sum = 0
  for (let i = 0; i < loop.length; i += 2) {
    const next = (i + 2) % loop.length
    sum += loop[i] * loop[next + 1] - loop[next] * loop[i + 1]
  }
  return sum / 2
}

const ring = ['........', '.#####..', '.#...#..', '.#.#.#.#', '.#...#.#', '.#####..', '........']

test('outlines enclose the mask: a ring, a dot in it, a bar at the edge', () => {
  const loops = outline.traceOutlines(counts(ring), 8, 7)
  assert.deepEqual(loops.map(area).sort((a, b) => a - b), [-9, 1, 2, 25])
})

test('outlines of nothing, of everything, of a random mask', () => {
  assert.deepEqual(outline.traceOutlines(counts(['...', '...']), 3, 2), [])
  assert.deepEqual(outline.traceOutlines(counts(['###', '###']), 3, 2).map(area), [6])
  let seed = 1
  const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647
  const rows = Array.from({ length: 40 }, () => Array.from({ length: 50 }, () => (random() < 0.45 ? '#' : '.')).join(''))
  const loops = outline.traceOutlines(counts(rows), 50, 40)
  assert.equal(loops.reduce((sum, loop) => sum + area(loop), 0), rows.join('').split('#').length - 1)
})

test('smoothing keeps the place and nearly the area, and takes the stairs away', () => {
  const disc = Array.from({ length: 60 }, (_, y) => Array.from({ length: 60 }, (_, x) => (Math.hypot(x - 29.5, y - 29.5) < 20 ? '#' : '.')).join(''))
  const [loop] = outline.traceOutlines(counts(disc), 60, 60)
  const smooth = outline.smooth(loop)
  const radii = (line) => Array.from({ length: line.length / 2 }, (_, i) => Math.hypot(line[2 * i] - 30, line[2 * i + 1] - 30))
  const spread = (line) => Math.max(...radii(line)) - Math.min(...radii(line))
  assert.ok(Math.abs(area(smooth) / area(loop) - 1) < 0.01)
  assert.ok(spread(smooth) < 0.6 * spread(loop), `${spread(smooth)} of ${spread(loop)}`)
})

test('doubts: unsure, a jump in size, out of sight; neighbours of a kind are one stretch', () => {
  const sure = { present: true, area: 1000, confidence: 0.9 }
  const rows = [
    sure,
    { ...sure, confidence: 0.3 },
    { ...sure, confidence: 0.2 },
    sure,
    { ...sure, area: 2400 },
    { ...sure, area: 2300 },
    { present: false, area: 0, confidence: 0.9 },
    { present: false, area: 0, confidence: 0.9 },
    { ...sure, area: 10 },
    { ...sure, area: 40 },
  ]
  assert.deepEqual(doubts.weakStretches([...rows.keys()], (frame) => rows[frame]), [
    { first: 1, last: 2, why: 'unsure' },
    { first: 4, last: 4, why: 'jump' },
    { first: 6, last: 7, why: 'gone' },
  ])
})

/** A file as core writes saved sessions. */
function saved(texts, data = 'tensors!') {
  let header = `{"__metadata__":${JSON.stringify(texts)},"session":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}`
  header += ' '.repeat((8 - (Buffer.byteLength(header) % 8)) % 8)
  const size = Buffer.alloc(8)
  size.writeBigUInt64LE(BigInt(Buffer.byteLength(header)))
  return new Blob([size, header, data])
}

test('a saved session takes the page’s note into its header, and stays what it is', async () => {
  const file = saved({ clip_name: 'a "clip" – é.mp4', model_name: 'nano' })
  const note = { objects: [{ id: 3, name: 'Dög', colour: [1, 2, 3], visible: false }], changed: [{ frame: 4, object: 3 }], frame: 7 }
  const noted = await savedFile.withNote(await savedFile.withNote(file, { objects: [], changed: [], frame: 0 }), note)
  assert.deepEqual(await savedFile.readSaved(noted), { clipName: 'a "clip" – é.mp4', modelName: 'nano', note })
  const bytes = Buffer.from(await noted.arrayBuffer())
  const length = Number(bytes.readBigUInt64LE())
  assert.equal(length % 8, 0)
  assert.deepEqual(JSON.parse(bytes.subarray(8, 8 + length)).session.shape, [8])
  assert.equal(String(bytes.subarray(8 + length)), 'tensors!')
})

test('files that are no saved sessions are refused; a note that is none is left out', async () => {
  for (const file of [new Blob([]), new Blob(['nothing of the kind, but long']), saved({}).slice(0, 20)])
    await assert.rejects(savedFile.readSaved(file), /damaged/)
  assert.equal((await savedFile.readSaved(saved({ page: '{"objects":7}' }))).note, undefined)
})
