// Reads masklets.jsonl and compares two of them, on run lengths.

/** Lengths of alternating runs from COCO's compressed string. */
export function runs(counts) {
  const list = []
  for (let i = 0; i < counts.length; ) {
    let value = 0
    let shift = 0
    for (let more = true; more; shift += 5) {
      const bits = counts.charCodeAt(i++) - 48
      value |= (bits & 31) << shift
      more = (bits & 32) !== 0
      if (!more && bits & 16) value |= -1 << (shift + 5)
    }
    if (list.length > 2) value += list[list.length - 2]
    list.push(value)
  }
  return list
}

/** Pixels in either mask alone, and in both. */
export function difference(a, b) {
  const edges = (counts) => {
    let at = 0
    return runs(counts).map((length) => (at += length))
  }
  const first = edges(a)
  const second = edges(b)
  let i = 0
  let j = 0
  let at = 0
  let one = 0
  let both = 0
  while (i < first.length && j < second.length) {
    const next = Math.min(first[i], second[j])
    const inFirst = i % 2
    const inSecond = j % 2
    if (inFirst && inSecond) both += next - at
    else if (inFirst || inSecond) one += next - at
    at = next
    while (first[i] === at) i += 1
    while (second[j] === at) j += 1
  }
  return { one, both }
}

export function parse(text) {
  const lines = text.trim().split('\n').map((line) => JSON.parse(line))
  return { header: lines[0], frames: lines.slice(1, -1), end: lines.at(-1).end }
}

/** How far two results are apart. `same`: on every frame the same objects, present or not, and each mask has an IoU of
    at least 0.999 or differs in at most 2 pixels. */
export function compare(given, reference) {
  const report = { frames: 0, masks: 0, identical: 0, worstPixels: 0, worstIou: 1, problems: [] }
  if (given.frames.length !== reference.frames.length)
    report.problems.push(`${given.frames.length} frames against ${reference.frames.length}`)
  for (const [index, frame] of reference.frames.entries()) {
    const other = given.frames[index]
    if (other?.frame !== frame.frame) {
      report.problems.push(`line ${index}: frame ${other?.frame} against ${frame.frame}`)
      continue
    }
    report.frames += 1
    for (const object of frame.objects) {
      const found = other.objects.find(({ id }) => id === object.id)
      if (!found || found.score > 0 !== object.score > 0) {
        report.problems.push(`frame ${frame.frame}, object ${object.id}: presence differs`)
        continue
      }
      const { one, both } = difference(found.rle.counts, object.rle.counts)
      const iou = one + both ? both / (one + both) : 1
      report.masks += 1
      report.identical += one === 0
      report.worstPixels = Math.max(report.worstPixels, one)
      report.worstIou = Math.min(report.worstIou, iou)
      if (iou < 0.999 && one > 2)
        report.problems.push(`frame ${frame.frame}, object ${object.id}: ${one} pixels apart, IoU ${iou.toFixed(5)}`)
    }
  }
  return { ...report, same: report.problems.length === 0 }
}
