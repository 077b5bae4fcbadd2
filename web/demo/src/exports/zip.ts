import { crc32 } from './crc32'

// 1980-01-01: the same files give the same archive.
const date = (1 << 5) | 1

/** An archive of files as they are, uncompressed: PNG files would not shrink. */
export function zip(files: readonly { name: string; bytes: Uint8Array }[]): Blob {
  const parts: Uint8Array[] = []
  const directory: Uint8Array[] = []
  let offset = 0
  for (const { name, bytes } of files) {
    const text = new TextEncoder().encode(name)
    const common = record(26, (view) => {
      view.setUint16(0, 20, true) // version needed
      view.setUint16(2, 0x0800, true) // names are UTF-8
      view.setUint16(8, date, true)
      view.setUint32(10, crc32(bytes), true)
      view.setUint32(14, bytes.length, true)
      view.setUint32(18, bytes.length, true)
      view.setUint16(22, text.length, true)
    })
    parts.push(signature(0x04034b50), common, text, bytes)
    const place = record(14, (view) => view.setUint32(10, offset, true))
    directory.push(signature(0x02014b50), record(2, (view) => view.setUint16(0, 20, true)), common, place, text)
    offset += 4 + 26 + text.length + bytes.length
  }
  const size = directory.reduce((sum, { length }) => sum + length, 0)
  const end = record(18, (view) => {
    view.setUint16(4, files.length, true)
    view.setUint16(6, files.length, true)
    view.setUint32(8, size, true)
    view.setUint32(12, offset, true)
  })
  return new Blob([...parts, ...directory, signature(0x06054b50), end] as Uint8Array<ArrayBuffer>[], { type: 'application/zip' })
}

function record(length: number, fill: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(length)
  fill(new DataView(bytes.buffer))
  return bytes
}

const signature = (value: number) => record(4, (view) => view.setUint32(0, value, true))
