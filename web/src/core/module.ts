import type { PlainError } from '../errors/error.js'

// Core as wasm/bindings.cpp shows it. Every call returns its value or an error; nothing throws.

export type Outcome<T = undefined> = { value: T; error?: undefined } | { error: PlainError; value?: undefined }

/** Embind's handle: memory in core that delete() frees. */
export interface Handle {
  delete(): void
}

export interface TensorData {
  type: 'float32' | 'uint8' | 'int64'
  dims: number[]
  data: Uint8Array
}

export type NetworkName = 'image_encoder' | 'memory_attention' | 'mask_decoder' | 'memory_encoder'

export interface RunStep {
  kind: 'run'
  network: NetworkName
  inputs: ({ name: string } & ({ handle: number } | TensorData))[]
  outputs: { name: string; dims: number[]; keepAs: number }[]
  release: number[]
}

export type Step =
  | { kind: 'done'; error?: PlainError }
  | { kind: 'frame'; frame: number }
  | RunStep
  | { kind: 'ready'; frame: number }

/** A decoded picture as the decoder lays it out; `data` holds the planes. */
export interface Picture {
  format: string
  width: number
  height: number
  planes: { offset: number; stride: number }[]
  matrix?: 'bt601' | 'bt709' | 'bt2020' | undefined
  fullRange: boolean
  quarterTurns: number
  data: Uint8Array
}

export interface CoreForms {
  bitmap?: boolean
  image?: boolean
  matte?: boolean
  labels?: boolean
  overlay?: number[][]
}

export interface CoreObject {
  id: number
  score: number
  iou: number
  area: number
  box: [number, number, number, number]
  counts: string
  bitmap?: Uint8Array
  image?: Uint8Array
  matte?: Uint8Array
}

export interface CoreFrame {
  frame: number
  objects: CoreObject[]
  labels?: Uint8Array
  overlay?: Uint8Array
}

export interface CoreImageMask {
  iou: number
  area: number
  box: [number, number, number, number]
  counts: string
  refinement: Float32Array
  bitmap?: Uint8Array
  image?: Uint8Array
  matte?: Uint8Array
}

export interface ClipSize {
  width: number
  height: number
  frameCount: number
}

export interface Loop extends Handle {
  step(): Outcome<Step>
  answerFrame(picture: Omit<Picture, 'data'>, data: Uint8Array): Outcome
  endOfClip(): Outcome
  answerOutputs(outputs: TensorData[]): Outcome
  answerReady(): Outcome
  fail(code: string, message: string): Outcome
  cancel(): Outcome
}

export interface CorePrompt {
  object: number
  frame: number
  points: Float32Array
  labels: Float32Array
  box?: Float32Array | undefined
  keepOld?: boolean | undefined
}

export interface SessionDescription extends ClipSize {
  objects: { id: number; prompts: { frame: number; points: number[]; labels: number[]; isMask: boolean; maskName: string }[] }[]
  propagation?: { next: number; last: number; reverse: boolean }
}

/** What a saved session says beside the state; anything may be empty. */
export interface SavedDetails {
  clipName: string
  clipFingerprint: string
  modelName: string
  modelFingerprint: string
  /** As tracking was asked for; '' where a session does not say. */
  direction: string
  /** Of frames' lines of masklets.jsonl, in the order of tracking, which are the end of the file. */
  resultsBytes: number
}

/** Where tracked frames' records lie: calls return undefined, or say why they cannot. The view is good during the call. */
export interface RecordStore {
  write(object: number, frame: number, record: Uint8Array): string | undefined
  read(object: number, frame: number, record: Uint8Array): string | undefined
  forget(object: number): void
}

/** What a session is given beside answers to its steps; without a store all records stay in core's memory. */
export interface SessionHost {
  store?: RecordStore | undefined
  hotFrames?: number
  maxPromptedFrames?: number
  /** The next frame is asked for before a frame is tracked: for an encoder that runs beside. */
  encodesAhead?: boolean
  /** Pictures whose longer side is larger are scaled down to it; 0 or absent: none are. */
  downscaleMax?: number
}

interface Held {
  current: number
  peak: number
}

/** Bytes by category (core/budget/memory_account.h), under one limit. */
export interface CoreAccount extends Handle {
  hold(category: string, what: string, bytes: number): Outcome
  set(category: string, what: string, bytes: number): Outcome
  reserve(bytes: number): void
  touch(category: string, bytes: number): Outcome
  report(): Held & { limit: number; categories: Record<string, Held> }
}

export interface CoreSession extends Loop {
  addPoints(prompt: CorePrompt): Outcome
  addMask(prompt: { object: number; frame: number; width: number; height: number; opacity?: boolean }, bitmap: Uint8Array): Outcome
  clearPrompts(object: number, frame: number): Outcome
  removeObject(object: number): Outcome
  reset(): Outcome
  propagate(request: { start?: number | undefined; length?: number | undefined; reverse?: boolean }): Outcome
  continuePropagation(): Outcome
  show(frame: number): Outcome
  result(forms: CoreForms | undefined): Outcome<CoreFrame>
  describe(): Outcome<SessionDescription>
  memory(): Held & { hits: number; misses: number }
  /** `take` gets the file's bytes but for its results one after the other; `leavesStored`: without the records that lie in the store. */
  save(details: SavedDetails, leavesStored: boolean, take: (bytes: Uint8Array) => void): Outcome
  trace(tag: string): void
  takeTrace(): Outcome<Uint8Array>
}

export interface CoreImagePredictor extends Loop {
  setImage(width: number, height: number): Outcome
  predict(prompt: {
    points: Float32Array
    labels: Float32Array
    box?: Float32Array | undefined
    maskInput?: Float32Array | undefined
    multimask?: boolean | undefined
  }): Outcome
  masks(forms: CoreForms | undefined): Outcome<CoreImageMask[]>
}

export interface CoreModel extends Handle {
  describe(): { name: string; imageSize: number; lowResSize: number; encoderFlop: number; modelJson: string }
}

/** Bytes that core reads by ranges: read() fills the view and returns undefined, or says why it cannot. */
export interface ByteSource {
  readonly size: number
  read(offset: number, view: Uint8Array): string | undefined
}

/** Views of core's memory: good until delete(), while nothing else is called on this instance of core. */
export interface CoreNetwork extends Handle {
  onnx(): Uint8Array
  weights(): Uint8Array
}

export interface CoreCheckpoint extends Handle {
  recognise(modelJson: string, imageSize: number): Outcome<CoreModel>
  network(
    model: CoreModel,
    name: NetworkName,
    options: { floatImage?: boolean; attentionChunk?: number; dtype?: string },
  ): Outcome<CoreNetwork>
}

export interface MaskletsHeader {
  input: string
  model: string
  inputSize: number
  direction: string
  clip: ClipSize
  scaledFrom?: { width: number; height: number } | undefined
  prompts: (Omit<CorePrompt, 'keepOld'> & { mask?: string })[]
}

export interface CoreModule {
  errorCodes(): string[]
  openCheckpoint(source: ByteSource): Outcome<CoreCheckpoint>
  createSession(model: CoreModel, account: CoreAccount, clip: ClipSize, options: object, host: SessionHost): Outcome<CoreSession>
  restoreSession(
    model: CoreModel,
    account: CoreAccount,
    saved: ByteSource,
    settings: { cachedFrames?: number; memories?: number },
    host: SessionHost,
  ): Outcome<CoreSession>
  sessionDetails(saved: ByteSource): Outcome<SavedDetails>
  /** The file that save() gives where it leaves nothing, of one that left records in the store. */
  completeSession(saved: ByteSource, store: RecordStore, resultsBytes: number, take: (bytes: Uint8Array) => void): Outcome
  fingerprint(source: ByteSource): Outcome<string>
  /** plan_json of core/budget/plan.h; wasm/plan_value.h lists the request. */
  planSession(model: CoreModel, request: object): Outcome<string>
  checkClip(clip: ClipSize, limits: { maxVideoFrames: number; maxFrameDimension: number }): Outcome
  /** The size of frames whose longer side is to be at most so many pixels; 0: theirs. */
  downscaledSize(clip: ClipSize, longest: number): { width: number; height: number }
  Account: new (limitBytes: number) => CoreAccount
  Sha256: new () => Handle & { update(bytes: Uint8Array): void; hex(): string }
  createImagePredictor(model: CoreModel): CoreImagePredictor
  frameFromRle(frame: CoreFrame, clip: ClipSize, forms: CoreForms | undefined): Outcome<CoreFrame>
  headerLine(header: MaskletsHeader): Outcome<string>
  frameLine(frame: CoreFrame, time: number, clip: ClipSize): Outcome<string>
  endLine(frames: number, reason: string): string
  iou(clip: ClipSize, a: string, b: string): Outcome<number>
  synthFrame(clip: { width?: number; height?: number; objects?: number; seed?: number }, frame: number): Outcome<Uint8Array>
}

export const networkNames: readonly NetworkName[] = ['image_encoder', 'memory_attention', 'mask_decoder', 'memory_encoder']
