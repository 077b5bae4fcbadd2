import type { FrameResult } from 'masklet'
import { Cell } from '../base/cell'
import type { Clip, OpenClip } from '../state/clip'
import type { FromScreen, Scene, ScreenSource, ToScreen } from './messages'

/** Owns the worker that draws the stage. What is to be seen goes there as a scene; pixels never pass through the page. */
export class Screen {
  /** The frame whose picture is on the stage. */
  readonly shown = new Cell<number | undefined>(undefined)
  private readonly worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'screen' })
  /** Counts clips, so that what belongs to an earlier one is told apart. */
  private number = 0

  constructor(private readonly clip: Clip) {
    this.worker.onmessage = ({ data }: MessageEvent<FromScreen>) => this.receive(data)
    clip.open.onChange((open) => open && this.open(open))
  }

  /** The canvas is the worker's from then on. */
  start(canvas: HTMLCanvasElement): void {
    const offscreen = canvas.transferControlToOffscreen()
    this.post({ kind: 'start', canvas: offscreen }, [offscreen])
  }

  draw(scene: Scene): void {
    this.post({ kind: 'scene', scene })
  }

  /** The masks of a frame, as the page numbers it. */
  take({ frame, objects }: Pick<FrameResult, 'frame'> & { objects: readonly Pick<FrameResult['objects'][number], 'id' | 'rle'>[] }): void {
    const masks = objects.map(({ id, rle }) => ({ id, counts: rle.counts }))
    this.post({ kind: 'masks', clip: this.number, frame, masks })
  }

  /** A picture that came another way. */
  push(frame: number, bitmap: ImageBitmap): void {
    this.post({ kind: 'picture', clip: this.number, frame, bitmap }, [bitmap])
  }

  /** Forgets the masks of an object, or all masks. */
  forget(object?: number): void {
    this.post({ kind: 'forget', clip: this.number, object })
  }

  private open({ times, width, height }: OpenClip): void {
    this.number += 1
    this.shown.set(undefined)
    this.post({ kind: 'open', clip: this.number, source: sourceOf(this.clip.request?.source), times, width, height })
  }

  private receive(message: FromScreen): void {
    if (message.clip !== this.number) return
    if (message.kind === 'shown') this.shown.set(message.frame)
    else if (message.kind === 'unreadable') console.warn(`the stage asks the engine for its pictures: ${message.message}`)
    else void this.answer(message).catch((thrown) => console.warn('a frame could not be shown', thrown))
  }

  private async answer({ picture, masks }: Extract<FromScreen, { kind: 'ask' }>): Promise<void> {
    const open = this.clip.open.value
    if (!open) return
    if (picture !== undefined) {
      const bitmap = await open.session.picture(this.clip.toSession(picture))
      if (open === this.clip.open.value) this.push(picture, bitmap)
      else bitmap.close()
    }
    for (const frame of masks) {
      const result = this.clip.toPage(await open.session.result(this.clip.toSession(frame)))
      if (open === this.clip.open.value) this.take(result)
    }
  }

  private post(message: ToScreen, moved: Transferable[] = []): void {
    this.worker.postMessage(message, moved)
  }
}

/** Where the pictures of a clip's source come from. */
export function sourceOf(source: unknown): ScreenSource {
  if (source instanceof Blob) return { kind: 'file', file: source }
  if (Array.isArray(source)) return { kind: 'images', images: source as Blob[] }
  return { kind: 'pushed' }
}
