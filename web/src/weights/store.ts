import type { StoredModel } from '../api/types.js'
import { MaskletError, asMaskletError } from '../errors/error.js'
import { type ModelDownload, type OpenWeights, download, storedSource } from './source.js'

// Downloaded models in the origin's private file system: a folder a model with the weights and, written last,
// about.json.

const folderName = 'masklet-models'
const weightsName = 'weights'
const aboutName = 'about.json'

async function modelsFolder(): Promise<FileSystemDirectoryHandle | undefined> {
  try {
    const root = await navigator.storage.getDirectory()
    return await root.getDirectoryHandle(folderName, { create: true })
  } catch {
    return undefined // no private file system here: models are downloaded each time
  }
}

const keyOf = (name: string) => encodeURIComponent(name).replaceAll('.', '%2E')

/** A model of this name, downloaded where it is not there yet. undefined where it cannot be kept, which onUnkept hears. */
export async function openStored(
  name: string,
  url: string,
  sha256: string | undefined,
  settings: ModelDownload,
): Promise<OpenWeights | undefined> {
  const models = await modelsFolder()
  if (!models) {
    settings.onUnkept('the browser gives this page no private file system')
    return undefined
  }
  const found = await describe(models, keyOf(name))
  if (found && found.about.url === url && (!sha256 || sha256.toLowerCase() === found.about.sha256))
    return storedSource(name, found.file)
  const folder = await models.getDirectoryHandle(keyOf(name), { create: true })
  await folder.removeEntry(aboutName).catch(() => undefined)
  const file = await folder.getFileHandle(weightsName, { create: true })
  const hash = await write(file, url, settings)
  if (!hash) {
    await models.removeEntry(keyOf(name), { recursive: true }).catch(() => undefined)
    return undefined
  }
  if (sha256 && hash.hex !== sha256.toLowerCase()) {
    await models.removeEntry(keyOf(name), { recursive: true })
    throw wrongHash(url, hash.hex, sha256)
  }
  const about: StoredModel = { name, bytes: hash.bytes, sha256: hash.hex, url }
  await writeText(await folder.getFileHandle(aboutName, { create: true }), JSON.stringify(about))
  return storedSource(name, file)
}

export function wrongHash(url: string, found: string, wanted: string): MaskletError {
  return new MaskletError('corrupt_file', `the download of ${url} has SHA-256 ${found}, but ${wanted} is expected`)
}

export async function listStored(): Promise<StoredModel[]> {
  const models = await modelsFolder()
  if (!models) return []
  const list: StoredModel[] = []
  for await (const key of models.keys()) {
    const found = await describe(models, key)
    if (found) list.push(found.about)
  }
  return list.sort((a, b) => a.name.localeCompare(b.name))
}

export async function deleteStored(name: string): Promise<void> {
  const models = await modelsFolder()
  try {
    await models?.removeEntry(keyOf(name), { recursive: true })
  } catch (thrown) {
    throw asMaskletError(thrown, 'io_failed', `deleting the model '${name}'`)
  }
}

/** undefined where the model is not whole. */
async function describe(
  models: FileSystemDirectoryHandle,
  key: string,
): Promise<{ about: StoredModel; file: FileSystemFileHandle } | undefined> {
  try {
    const folder = await models.getDirectoryHandle(key)
    const about = JSON.parse(await (await (await folder.getFileHandle(aboutName)).getFile()).text()) as StoredModel
    const file = await folder.getFileHandle(weightsName)
    return (await file.getFile()).size === about.bytes ? { about, file } : undefined
  } catch {
    return undefined
  }
}

/** undefined where the file system takes no more; the download's own errors are thrown. */
async function write(
  file: FileSystemFileHandle,
  url: string,
  settings: ModelDownload,
): Promise<{ bytes: number; hex: string } | undefined> {
  const hash = settings.hash()
  let bytes = 0
  let writable: FileSystemWritableFileStream | undefined
  try {
    writable = await file.createWritable()
    for await (const chunk of download(url, settings)) {
      hash.update(chunk)
      bytes += chunk.byteLength
      await writable.write(chunk as Uint8Array<ArrayBuffer>)
    }
    await writable.close()
    return { bytes, hex: hash.hex() }
  } catch (thrown) {
    await writable?.abort().catch(() => undefined)
    if (thrown instanceof MaskletError) throw thrown
    settings.onUnkept(`the private file system refused it: ${thrown instanceof Error ? thrown.message : String(thrown)}`)
    return undefined
  } finally {
    hash.delete()
  }
}

async function writeText(file: FileSystemFileHandle, text: string): Promise<void> {
  const writable = await file.createWritable()
  await writable.write(text)
  await writable.close()
}
