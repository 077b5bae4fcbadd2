import { MaskletError, type ObjectMask, type ObjectState, type VideoSession } from 'masklet'
import type { App } from '../app'
import { byId, download } from '../base/dom'
import { stem } from '../base/files'
import { type PageNote, type SavedFile, readSaved, savedEnding, withNote } from '../base/saved_file'
import { turns } from '../base/turns'
import type { ClipRequest, OpenClip } from '../state/clip'
import { defaultChoice } from '../state/engine'
import type { Box, Prompt } from '../state/prompts'
import type { Known } from '../state/results'
import { sampleName } from './opening'

/** A saved session that cannot go on yet. */
interface Waiting {
  file: File
  saved: SavedFile
  /** Absent: it waits for its video; else for its model. */
  request?: ClipRequest
  notice: number
}

/** A line of masklets.jsonl with a frame. */
interface ResultLine {
  frame: number
  objects: (Known['objects'][number] & Pick<ObjectMask, 'rle'>)[]
}

/** Saves the session to a file, and goes on with one. */
export class Saving {
  private waiting: Waiting | undefined

  constructor(private readonly app: App) {}

  /** Whether there is something to save. */
  get possible(): boolean {
    const { clip, prompts } = this.app
    return Boolean(clip.open.value) && !clip.open.value?.live && prompts.all.value.length > 0
  }

  /** Also while tracking runs: as it is after the frame under way. */
  async save(): Promise<void> {
    const { clip, objects, results, playhead, notices } = this.app
    const open = clip.open.value
    if (!open || !this.possible) return
    const changed = results.changedFrames().flatMap((frame) => results.changedObjects(frame).map((object) => ({ frame, object })))
    const note: PageNote = {
      objects: objects.list.value.map(({ id, name, colour, visible }) => ({ id, name, colour: [...colour], visible })),
      changed,
      frame: playhead.frame.value,
    }
    try {
      const name = stem(open.name) + savedEnding
      download(await withNote(await open.session.save(), note), name)
      notices.add({ kind: 'info', title: 'Session saved', text: `Open ${name} together with ${open.name} to go on from here.` })
    } catch (thrown) {
      notices.fail('The session could not be saved', thrown)
    }
  }

  /** Goes on with a saved session: on the video that came with it, else on the one that is open, if it is that. */
  async open(file: File, given?: ClipRequest): Promise<void> {
    const { clip, notices, opening } = this.app
    this.forget()
    let saved: SavedFile
    try {
      saved = await readSaved(file)
    } catch (thrown) {
      return notices.fail(`“${file.name}” could not be opened`, thrown)
    }
    const isOpen = clip.request?.name === saved.clipName
    const request = given ?? (isOpen ? clip.request : saved.clipName === sampleName ? await opening.sampleRequest() : undefined)
    if (request) return this.resume(file, saved, request)
    this.waitForVideo(file, saved, `“${file.name}” needs its video`, `It was saved with “${saved.clipName}”. Open that video, and it goes on.`)
  }

  /** A session that waits goes on with this video. Whether one waited. */
  async takesVideo(request: ClipRequest): Promise<boolean> {
    const { waiting } = this
    if (!waiting || waiting.request) return false
    await this.resume(waiting.file, waiting.saved, request)
    return true
  }

  /** A session that waits for its model goes on with the one just loaded. Whether one waited. */
  async takesModel(): Promise<boolean> {
    const { waiting } = this
    if (!waiting?.request) return false
    await this.resume(waiting.file, waiting.saved, waiting.request)
    return true
  }

  private async resume(file: File, saved: SavedFile, request: ClipRequest): Promise<void> {
    const { clip, jobs, notices, opening } = this.app
    await jobs.stop()
    this.forget()
    try {
      const open = await clip.calls.run(() => clip.load(request, file))
      opening.forget()
      await this.restore(open, saved.note)
      notices.add({ kind: 'info', title: 'The session goes on', text: 'Marks, objects and masks are as they were saved.' })
    } catch (thrown) {
      const code = thrown instanceof MaskletError ? thrown.code : undefined
      if (code === 'weights_mismatch') this.waitForModel(file, saved, request)
      else if (code === 'invalid_argument')
        this.waitForVideo(file, saved, `“${request.name}” is not the video of this session`, `It was saved with “${saved.clipName}”. Open that very file, and it goes on.`)
      else notices.fail(`“${file.name}” could not be opened`, thrown)
    }
  }

  /** What the page shows of a session, from the session itself. */
  private async restore({ session, live }: OpenClip, note: PageNote | undefined): Promise<void> {
    const { jobs, objects, prompts, results, screen, playhead, clip } = this.app
    const said = await session.objects()
    objects.restore(said.map(({ id }) => ({ id, ...note?.objects.find((object) => object.id === id) })))
    prompts.restore(said.flatMap(promptsOf))
    await jobs.run('Reading the session', 0, (step, signal) =>
      clip.calls.run(async () => {
        const pause = turns()
        for (const line of lines(await session.exportJSON())) {
          if (signal.aborted) return
          const result = resultOf(line)
          if (!result) continue
          results.take(result)
          screen.take(result)
          step()
          await pause()
        }
        await this.showMarked(session, live)
      }),
    )
    for (const { frame, object } of note?.changed ?? []) if (objects.get(object)) results.change(frame, object)
    playhead.go(note?.frame ?? 0)
  }

  /** Masks of marks that were not tracked are not in the file: they are found again. */
  private async showMarked(session: VideoSession, live: boolean): Promise<void> {
    const { prompts, results, screen } = this.app
    for (const { frame, object } of live ? [] : prompts.all.value) {
      if (results.get(frame, object)) continue
      const result = await session.result(frame)
      results.preview(result, object)
      screen.take(result)
    }
  }

  private waitForVideo(file: File, saved: SavedFile, title: string, text: string): void {
    const notice = this.app.notices.add({
      kind: 'ask',
      title,
      text,
      action: { label: 'Choose the video', run: () => byId('file').click() },
      onDismiss: () => this.forget(),
    })
    this.waiting = { file, saved, notice }
  }

  private waitForModel(file: File, saved: SavedFile, request: ClipRequest): void {
    const { engine, notices, opening } = this.app
    const status = engine.status.value
    const now = status.kind === 'ready' ? `${status.model.name} is loaded now` : 'no model is loaded now'
    const isNano = saved.modelName === 'nano'
    const notice = notices.add({
      kind: 'ask',
      title: `“${file.name}” needs the model ${saved.modelName}`,
      text: `It was saved with ${saved.modelName}, and ${now}. Load ${isNano ? 'it' : 'that checkpoint'}, and the session goes on.`,
      action: isNano
        ? { label: 'Load nano', run: () => void opening.model(defaultChoice) }
        : { label: 'Choose the checkpoint', run: () => byId('file').click() },
      onDismiss: () => this.forget(),
    })
    this.waiting = { file, saved, request, notice }
  }

  private forget(): void {
    if (this.waiting) this.app.notices.dismiss(this.waiting.notice)
    this.waiting = undefined
  }
}

/** In core a box is two points with the labels 2 and 3. */
function promptsOf({ id, prompts }: ObjectState): Prompt[] {
  return prompts
    .filter(({ isMask }) => !isMask)
    .map(({ frame, points, labels }) => {
      const corners = points.filter((_, index) => (labels[index] ?? 0) >= 2).flat()
      return {
        object: id,
        frame,
        points: points.flatMap(([x, y], index) => ((labels[index] ?? 0) < 2 ? [{ x, y, add: labels[index] === 1 }] : [])),
        ...(corners.length === 4 && { box: corners as unknown as Box }),
      }
    })
}

function* lines(text: string): Generator<string> {
  for (let at = 0, end = 0; at < text.length; at = end + 1) {
    end = text.indexOf('\n', at)
    if (end < 0) end = text.length
    yield text.slice(at, end)
  }
}

/** Undefined for the first and the last line, which are about the file. */
function resultOf(line: string): ResultLine | undefined {
  const found = line ? (JSON.parse(line) as Partial<ResultLine>) : {}
  if (found.frame === undefined || !Array.isArray(found.objects)) return undefined
  return { frame: found.frame, objects: found.objects.map((object) => ({ ...object, present: object.score > 0 })) }
}
