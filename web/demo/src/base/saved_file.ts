/** Saved sessions as core writes them are .safetensors files, whose header begins with texts about the file. */
export const savedEnding = '.masklet'

export const isSavedFile = ({ name }: File) => name.toLowerCase().endsWith(savedEnding)

/** What the page knows of a session beyond core: it travels in the file's header, which other readers skip. */
export interface PageNote {
  objects: { id: number; name: string; colour: [number, number, number]; visible: boolean }[]
  /** Corrections that were not tracked yet. */
  changed: { frame: number; object: number }[]
  /** The frame that was shown. */
  frame: number
}

export interface SavedFile {
  clipName: string
  modelName: string
  note: PageNote | undefined
}

const noteKey = 'page'
/** The texts are short and come first; what follows in the header can be long. */
const textsWithin = 2 ** 20
const textsAt = /^\{"__metadata__":(\{(?:"(?:[^"\\]|\\.)*"[:,]?)*\})/

/** Throws where the file is no saved session. */
export async function readSaved(file: Blob): Promise<SavedFile> {
  const { texts } = await readHeader(file)
  return { clipName: texts.clip_name ?? '', modelName: texts.model_name ?? '', note: readNote(texts[noteKey]) }
}

/** The file with a note in its header. */
export async function withNote(file: Blob, note: PageNote): Promise<Blob> {
  const { texts, length, textBytes } = await readHeader(file)
  const head = new TextEncoder().encode(`{"__metadata__":${JSON.stringify({ ...texts, [noteKey]: JSON.stringify(note) })}`)
  const rest = file.slice(8 + textBytes, 8 + length)
  // Tensors start at a multiple of 8 bytes; the header is filled up with spaces.
  const filling = ' '.repeat((8 - ((head.length + rest.size) % 8)) % 8)
  const size = new DataView(new ArrayBuffer(8))
  size.setBigUint64(0, BigInt(head.length + rest.size + filling.length), true)
  return new Blob([size.buffer, head, rest, filling, file.slice(8 + length)], { type: 'application/octet-stream' })
}

async function readHeader(file: Blob): Promise<{ texts: Record<string, string>; length: number; textBytes: number }> {
  const size = file.size < 8 ? 0n : new DataView(await file.slice(0, 8).arrayBuffer()).getBigUint64(0, true)
  const length = Number(size)
  const found = length > 0 && length <= file.size - 8 ? textsAt.exec(await file.slice(8, 8 + Math.min(length, textsWithin)).text()) : null
  if (!found) throw new Error('It is not a session that this page saved, or it is damaged. Choose another copy of it.')
  return { texts: JSON.parse(found[1] as string), length, textBytes: new TextEncoder().encode(found[0]).length }
}

/** A file may come from anywhere: what is not as it should be is left out. */
function readNote(text: string | undefined): PageNote | undefined {
  if (!text) return undefined
  try {
    const { objects, changed, frame } = JSON.parse(text) as PageNote
    return {
      objects: objects.map(({ id, name, colour: [red, green, blue], visible }) => ({
        id: Number(id),
        name: String(name).slice(0, 40),
        colour: [Number(red), Number(green), Number(blue)],
        visible: visible !== false,
      })),
      changed: changed.map((each) => ({ frame: Number(each.frame), object: Number(each.object) })),
      frame: Number(frame) || 0,
    }
  } catch {
    return undefined
  }
}
