import type { Picture } from '../core/module.js'

/** Frames of a clip for the worker: as pictures for core, as bitmaps for the page. */
export interface ClipSource {
  readonly name: string
  /** Of the upright picture. */
  readonly width: number
  readonly height: number
  /** The frames' own size, where they are scaled down to the one above. */
  readonly scaledFrom?: { width: number; height: number }
  /** 0: frames arrive one after the other, their number is not known. */
  readonly frameCount: number
  /** Seconds, a frame; empty for streams. */
  readonly times: readonly number[]
  readonly rotation: number
  /** The file that it is, where it is one. */
  readonly file?: Blob

  /** undefined where the clip has ended before that frame. */
  picture(frame: number, signal: AbortSignal): Promise<Picture | undefined>
  /** The upright frame as the page may draw it. */
  bitmap(frame: number, signal: AbortSignal): Promise<ImageBitmap>
  /** Streams: the time of a frame, and frames dropped before it. */
  arrival?(frame: number): { time: number; dropped: number }
  /** Bytes held. */
  readonly bytes: number
  /** Of a decoded picture, a pixel of its own size. */
  readonly pictureBytes: number
  /** Pictures that are on their way at once, and the most that are kept for going backward. */
  readonly picturesUnderWay: number
  readonly keptPictures: number
  /** Keeps no more pictures than these. */
  hold?(pictures: number): void
  close(): void
}
