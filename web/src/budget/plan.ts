import type { MemoryCategory, Plan, PlanScene, TrackingOptions, WeightDtype } from '../api/types.js'
import { check } from '../core/core.js'
import type { ClipSize, CoreModel, CoreModule } from '../core/module.js'

// What core's planner (core/budget/plan.h) is asked, and what it says, in JavaScript's words.

/** Bytes that core's instance takes with nothing in it, the runtime's heap without a network, and the second instance of
    core that builds networks, with JavaScript's own heap. Measured, as the other figures here, on nano with
    tools/bench/soak-web. */
export const coreProgram = 8 * 2 ** 20
const runtimeProgram = 11 * 2 ** 20
export const otherProgram = 4 * 2 ** 20
const program = coreProgram + runtimeProgram + otherProgram
/** What a worker takes with a runtime for the image encoder alone; its weights are copied once more on their way there. */
const encoderBeside = 15 * 2 ** 20
const weightsHeld = 1.1
const weightsLoading = 3.2
const weightsLoadingBeside = 4.2
/** Of a network's f16 weights, what its runs take to widen them. */
const widened = 0.45
const spare = 0.3
const mostSpare = 64 * 2 ** 20
const run = 2 ** 20

/** Of results that stay in memory where there is a file for the others, and of those that a stream keeps. */
export const keptResultBytes = 2 ** 18
export const streamResultBytes = 2 ** 21
/** Frames whose masks the page has: the one that it looks at, and one that waits (Server.emit). */
const resultsUnderWay = 2

/** Tracked frames on each side that a correction nearby finds in memory. */
const hotFrames = 32

/** The clip as far as memory depends on it. */
export interface PlannedClip extends ClipSize {
  scaledFrom?: { width: number; height: number }
  /** Bytes a pixel of a decoded picture, pictures on their way at once, and the most that are kept for reading backwards. */
  pictureBytes: number
  picturesUnderWay: number
  keptPictures: number
}

/** Before any clip is open: one of the limits' usual size. */
export const usualClip: PlannedClip = {
  width: 1920,
  height: 1080,
  frameCount: 300,
  pictureBytes: 1.5,
  picturesUnderWay: 6,
  keptPictures: 4,
}
/** The least that is worth loading a model for. */
export const leastClip: PlannedClip = { ...usualClip, width: 64, height: 64, keptPictures: 1 }

export interface PlanAsked {
  limit: number
  degrade: boolean
  weights: WeightDtype
  attentionChunk: number
  encoderBeside: boolean
  clip: PlannedClip
  scene: PlanScene
  tracking: TrackingOptions
}

/** The plan. Errors: out_of_memory where none fits, with the breakdown and the nearest settings that do. */
export function planFor(core: CoreModule, model: CoreModel, asked: PlanAsked): Plan {
  const { clip, scene, tracking } = asked
  const isStream = clip.frameCount === 0
  const backwards = !isStream && (scene.direction ?? 'forward') !== 'forward'
  const json = check(
    core.planSession(model, {
      limit: asked.limit,
      degrade: asked.degrade,
      weights: asked.weights,
      host: {
        program,
        weightsHeld,
        weightsLoading: asked.encoderBeside ? weightsLoadingBeside : weightsLoading,
        widened: asked.weights === 'f16' ? widened : 0,
        spare,
        mostSpare,
        run,
        encoderBeside: asked.encoderBeside ? encoderBeside : 0,
        pictureBytes: clip.pictureBytes,
        decoderPictures: clip.picturesUnderWay,
        keptResults: isStream ? streamResultBytes : keptResultBytes,
        resultsUnderWay,
      },
      clip,
      read: clip.scaledFrom ?? { width: 0, height: 0 },
      objects: scene.objects ?? 1,
      promptedFrames: scene.promptedFrames ?? 1,
      keepsTrack: !isStream,
      bothWays: scene.direction === 'both',
      labels: scene.labels ?? false,
      tracking,
      asked: {
        attentionChunk: asked.attentionChunk,
        heldFrames: backwards ? clip.keptPictures : Math.min(recentPictures, clip.keptPictures),
        hotFrames: isStream ? 0 : hotFrames,
      },
    }),
  )
  return inCamelCase(JSON.parse(json)) as Plan
}

/** Pictures kept on the way forward: the page shows them while the next ones are tracked. */
export const recentPictures = 4

export const categories: Record<MemoryCategory, string> = {
  program: 'program',
  weights: 'weights',
  activations: 'activations',
  features: 'features',
  steps: 'steps',
  trackStore: 'track store',
  frames: 'frames',
  results: 'results',
}

function inCamelCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inCamelCase)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key.replace(/[_ ](\w)/g, (_, letter: string) => letter.toUpperCase()), inCamelCase(inner)]),
  )
}
