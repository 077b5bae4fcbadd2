import type { Colour } from '../state/objects'
import type { Prompt } from '../state/prompts'

// The page and the worker that draws its stage talk in these messages. Pictures move, run lengths are copied.

export interface Rect {
  x: number
  y: number
  width: number
  height: number
}

/** A mask as results carry it: COCO's compressed run lengths. */
export interface MaskRuns {
  id: number
  counts: string
}

export interface SceneObject {
  id: number
  colour: Colour
  visible: boolean
  selected: boolean
}

/** Everything that one drawing of the stage shows. Places and boxes of the video are in its pixels. */
export interface Scene {
  frame: number
  /** The canvas, in pixels of the display. */
  width: number
  height: number
  /** Pixels of the display in a CSS pixel. */
  ratio: number
  /** Where the picture lies, in CSS pixels. */
  place: Rect
  objects: readonly SceneObject[]
  prompts: readonly Prompt[]
  /** A box being dragged and the keyboard's crosshair. */
  draft: { box?: Prompt['box']; crosshair?: readonly [number, number] }
  /** Frames whose masks will be needed soon and exist: this one, and those after it while it plays. */
  masked: readonly number[]
  playing: boolean
}

/** Where pictures come from. 'pushed': the page hands them over as they are asked for. */
export type ScreenSource =
  | { kind: 'file'; file: Blob }
  | { kind: 'images'; images: readonly Blob[] }
  | { kind: 'pushed' }

export type ToScreen =
  | { kind: 'start'; canvas: OffscreenCanvas }
  | { kind: 'open'; clip: number; source: ScreenSource; times: readonly number[]; width: number; height: number }
  | { kind: 'picture'; clip: number; frame: number; bitmap: ImageBitmap }
  | { kind: 'masks'; clip: number; frame: number; masks: readonly MaskRuns[] }
  | { kind: 'forget'; clip: number; object?: number }
  | { kind: 'scene'; scene: Scene }

export type FromScreen =
  /** The frame whose picture is on the stage now. */
  | { kind: 'shown'; clip: number; frame: number }
  /** What it lacks to draw the scene. */
  | { kind: 'ask'; clip: number; picture?: number; masks: readonly number[] }
  /** The file gave no pictures; the page is asked for them from now on. */
  | { kind: 'unreadable'; clip: number; message: string }
