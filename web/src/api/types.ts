// The public types of the package. Coordinates are pixels of the upright video, frames count from 0.

/** Where weights come from: the embedded model, an address, a file as Meta publishes it (.pt) or as safetensors. */
export type ModelSource = 'nano' | string | URL | Blob | ModelFiles;

/** A checkpoint with more said about it. A model of no published size needs its model.json. */
export interface ModelFiles {
  weights: string | URL | Blob | Uint8Array;
  /** model.json: its text, its address or a file. */
  architecture?: string | URL | Blob;
  /** A name to show and to store a downloaded model under; else the last part of the address or the file's name. */
  name?: string;
  /** SHA-256 of the weights in hexadecimal: a download that differs is refused. */
  sha256?: string;
}

export type WeightDtype = 'f32' | 'f16' | 'q8';

export interface CreateOptions {
  /** 'nano' where absent. */
  model?: ModelSource;
  /** Side of the network's square input; absent: the model's own. A multiple of 32. Smaller is faster and coarser. */
  inputSize?: number;
  /** What weights are kept as in memory; f32 where absent. f16 takes half of it; q8 (int8) a third, with masks that
      differ a little, and runs on WebAssembly. Any of them from any checkpoint. */
  dtype?: WeightDtype;
  /**
   * Most bytes of everything: core's and the runtime's WebAssembly memories, features, pictures and results. What cannot
   * fit is refused before the networks load. Absent: 2 GiB.
   */
  memoryLimit?: number;
  /**
   * What happens where that is not enough: 'fail' (where absent) gives a typed error; 'degrade' takes fewer memories and a
   * smaller input, which changes the masks. Each step is told: as progress, and in memory().steps.
   */
  onPressure?: 'fail' | 'degrade';
  limits?: Limits;
  /** 'auto' takes WebGPU where it computes what it should, else WebAssembly. */
  provider?: 'auto' | 'webgpu' | 'wasm';
  /** Threads of the WebAssembly runtime; 0 or absent: all cores, at most 8, where the page is cross-origin isolated, else 1. */
  threads?: number;
  /** Runs the image encoder in a worker of its own, on WebAssembly: the next frame is encoded while one is tracked. Absent:
      where that is faster (there are two cores; the encoder is small, or there are no threads) and a quarter of the memory
      limit stays free. Masks are the same. */
  encoderBeside?: boolean;
  /** Keeps models downloaded from an address in the origin's private file system; true where absent. */
  store?: boolean;
  /** Addresses of the package's files, where a page serves them from elsewhere. */
  urls?: Partial<AssetUrls>;
  signal?: AbortSignal;
  /** Hears of the start, and of every later one where another worker takes over. */
  onProgress?: (progress: Progress) => void;
}

/** The defaults are those of services that run SAM 2. 0: no limit. */
export interface Limits {
  /** Sessions open at once; 2 where absent. */
  sessions?: number;
  /** Seconds without a call after which a session is closed; 300 where absent. Its save() still gives the last state. */
  idleSeconds?: number;
  /** Seconds between looks for idle sessions; 60 where absent, 0: none is looked for. */
  sweepSeconds?: number;
  /** Frames of a clip of which any frame can be asked for; 300 where absent. Streams have no such limit. */
  maxVideoFrames?: number;
  /** The longer side of such a clip's frames in pixels; 1920 where absent. */
  maxFrameDimension?: number;
  /** Frames whose longer side has more pixels, streams' as well, are scaled down to it as they are read. Everything is of
      that size then: session.width and height, prompts, masks, pictures, exports. 0 or absent: none are. */
  downscaleMax?: number;
}

/** Those that are about one clip. */
export type ClipLimits = Pick<Limits, 'maxVideoFrames' | 'maxFrameDimension' | 'downscaleMax'>;

export interface AssetUrls {
  worker: string | URL;
  /** masklet_wasm.wasm */
  core: string | URL;
  /** Folder with ONNX Runtime Web's ort-wasm-simd-threaded*.mjs and .wasm. */
  runtime: string | URL;
  /** Folder of the embedded model. */
  nano: string | URL;
}

export interface Progress {
  phase: 'start' | 'plan' | 'download' | 'networks' | 'open' | 'track';
  done: number;
  /** Absent where it is not known. */
  total?: number;
  unit: 'bytes' | 'networks' | 'frames';
  /** What is being done, in words. */
  text: string;
  /** While tracking: bytes in use, and the most that ever were. */
  memory?: { current: number; peak: number };
}

/** What runs the networks, and why. */
export interface RuntimeInfo {
  provider: 'webgpu' | 'wasm';
  threads: number;
  /** In words: why this one, and why not the ones before it. */
  reason: string;
  crossOriginIsolated: boolean;
}

export interface ModelInfo {
  /** "SAM 2.1 tiny", or "SAM 2 of its own shape". */
  architecture: string;
  /** The file's or folder's name. */
  name: string;
  inputSize: number;
  /** Whether the image encoder runs in a worker of its own. */
  encoderBeside: boolean;
}

export interface MemoryInfo {
  limit: number;
  /** Bytes of core's and the runtime's WebAssembly memories; they never shrink before close(). */
  core: number;
  runtime: number;
  /** Bytes of frame features kept between runs, by all sessions. */
  features: number;
  /** Bytes of decoded pictures held in JavaScript. */
  frames: number;
  /** Those and the results. */
  results: number;
  /** Bytes of what the page keeps of sessions, for another worker where theirs dies. */
  snapshots: number;
  total: number;
  /** The most that `total` ever was, without snapshots. */
  peak: number;
  /** What core, the runtime and JavaScript hold, by what it is for. */
  categories: Record<MemoryCategory, { current: number; peak: number }>;
  /** Of frames' features: how often they were there already, and how often a frame had to be encoded. */
  cache: { hits: number; misses: number };
  /** Where sessions' tracked frames lie: a file of the origin's, or memory where this browser has none. */
  records: 'file' | 'memory';
  /** What was given up for memoryLimit, in the order in which it was. */
  steps: string[];
}

export type MemoryCategory =
  | 'program'
  | 'weights'
  | 'activations'
  | 'features'
  | 'steps'
  | 'trackStore'
  | 'frames'
  | 'results';

/** What is to be planned, beside the clip. */
export interface PlanScene {
  /** 1 where absent. */
  objects?: number;
  /** Of each object; 1 where absent. */
  promptedFrames?: number;
  /** 'forward' where absent. */
  direction?: 'forward' | 'backward' | 'both';
  /** Label maps are asked for. */
  labels?: boolean;
}

export interface PlanSettings {
  /** Frames whose features stay. */
  cachedFrames: number;
  /** Decoded pictures kept. */
  heldFrames: number;
  /** Queries that attend at once. */
  attentionChunk: number;
  /** Always 1 here; 0 where the command line's runtime takes weights as they come. */
  packedWeights: number;
  /** Tracked frames in memory on each side of the one at work. */
  hotFrames: number;
  memories: number;
  inputSize: number;
}

/** What tracking will take, as `masklet plan --json` has it natively. */
export interface Plan {
  limitBytes: number;
  totalBytes: number;
  /** The smallest limit under which the same masks can be had. */
  leastBytes: number;
  /** Prompted frames of each object that there is room for; one more is refused. 0: no limit. */
  mostPromptedFrames: number;
  settings: PlanSettings;
  bytes: Record<MemoryCategory, number>;
  /** What was given up against what was asked for. */
  steps: string[];
  alternatives: { what: string; totalBytes: number; fits: boolean; sameMasks: boolean; settings: PlanSettings }[];
  /** The limit is near. */
  warning?: string;
}

/**
 * What can be opened: a video file (File, Blob, address), images in order as a clip (Blob[]), one image, a video
 * element, a camera's stream, or frames that arrive one by one.
 */
export type VideoSource =
  | Blob
  | string
  | URL
  | readonly Blob[]
  | HTMLVideoElement
  | HTMLImageElement
  | ImageBitmap
  | MediaStream
  | AsyncIterable<VideoFrame | ImageBitmap>;

export interface OpenOptions {
  /** Name of the clip for exports; else the file's own. */
  name?: string;
  tracking?: TrackingOptions;
  /** Other limits than create()'s, for this clip. */
  limits?: ClipLimits;
  /** What memory is planned for; one object, both ways, where absent. */
  scene?: PlanScene;
  signal?: AbortSignal;
  onProgress?: (progress: Progress) => void;
}

/** How a session tracks; the defaults are the reference's. core/tracking/options.h says more. */
export interface TrackingOptions {
  /** Spatial memories that attention sees, 1 .. 7; fewer is faster. */
  memories?: number;
  /** Every r-th frame is remembered. */
  memoryStride?: number;
  /** Which tracked frames are remembered; only 'recent' is the reference's. core/tracking/options.h says more. */
  memoryPolicy?: 'recent' | 'confident' | 'anchored';
  /** For 'confident', 0 .. 1. */
  minMemoryIou?: number;
  maxObjectPointers?: number;
  maxConditioningFrames?: number;
  keepCorrections?: boolean;
  fillHoleArea?: number;
  clearMemoryAroundPrompts?: boolean;
  nonOverlappingMasks?: boolean;
  /** Frames back from the current one whose own masks are kept for corrections; -1 keeps all. */
  historyFrames?: number;
  /** Frames whose features are kept for the next prompt. */
  cachedFrames?: number;
}

export interface PointsPrompt {
  object: number;
  frame: number;
  points: readonly (readonly [number, number])[];
  /** 1: the object, 0: not the object; one a point. All 1 where absent. */
  labels?: readonly number[];
  /** [x0, y0, x1, y1]. */
  box?: readonly [number, number, number, number];
  /** Keep the points given before for this object and frame. */
  keepOld?: boolean;
}

export interface BoxPrompt {
  object: number;
  frame: number;
  box: readonly [number, number, number, number];
}

export interface MaskPrompt {
  object: number;
  frame: number;
  /** A byte a pixel, or a picture whose opaque pixels are the object. */
  mask: Uint8Array | ImageData;
  /** Needed with a Uint8Array. */
  width?: number;
  height?: number;
}

/** [red, green, blue, opacity], each 0 .. 255. */
export type Rgba = readonly [number, number, number, number];

/** What is wanted of a frame's masks besides RLE, box and area. Every form costs a copy. */
export interface MaskForms {
  /** Uint8Array a object, 0 and 1. */
  bitmap?: boolean;
  /** White on transparent, for use as a stencil. */
  image?: 'ImageData' | 'ImageBitmap';
  /** Uint8Array an object: how much of each pixel it is, 0 .. 255. */
  matte?: boolean;
  /** Uint8Array a frame: the object in front at each pixel. Ids must be 1 .. 255. */
  labels?: boolean;
  /** A picture to lay over the frame: every object in its colour. Ids must be 1 .. 255. */
  overlay?: { colours: Readonly<Record<number, Rgba>>; as?: 'ImageData' | 'ImageBitmap' };
}

/** COCO's compressed run lengths. */
export interface Rle {
  size: [height: number, width: number];
  counts: string;
}

export interface ObjectMask {
  id: number;
  /** Whether the object is on the frame: score > 0. */
  present: boolean;
  score: number;
  /** The model's own estimate of the mask's quality, 0 .. 1. */
  iou: number;
  area: number;
  box: [x: number, y: number, width: number, height: number];
  rle: Rle;
  bitmap?: Uint8Array;
  image?: ImageData | ImageBitmap;
  matte?: Uint8Array;
}

export interface FrameResult {
  frame: number;
  /** Seconds from the start of the video. */
  time: number;
  width: number;
  height: number;
  objects: ObjectMask[];
  labels?: Uint8Array;
  overlay?: ImageData | ImageBitmap;
  /** Live sources: frames dropped since the result before, because tracking was behind. */
  dropped?: number;
}

export interface CallOptions {
  /** Forms of the result's masks. */
  masks?: MaskForms;
  signal?: AbortSignal;
}

export interface PropagateOptions extends CallOptions {
  /** 'forward' where absent. 'both': forward from the start, then backward from it. */
  direction?: 'forward' | 'backward' | 'both';
  /** The first frame; absent: the earliest prompted one, or the latest for backward. */
  start?: number;
  /** Frames to go on from the start, which is not counted; absent: to the end of the clip. */
  length?: number;
  /**
   * Go on where tracking was interrupted, here or before the session was saved. Of the other settings of the way only
   * direction 'both' counts: after the way forward it goes backward from the start.
   */
  continue?: boolean;
  /** Told of each frame, with the memory in use, and of each step down for memoryLimit. */
  onProgress?: (progress: Progress) => void;
}

/** What was said of an object so far. */
export interface ObjectState {
  id: number;
  prompts: { frame: number; points: [number, number][]; labels: number[]; isMask: boolean }[];
}

export interface ImagePrompt {
  points?: readonly (readonly [number, number])[];
  labels?: readonly number[];
  box?: readonly [number, number, number, number];
  /** `refinement` of an earlier answer, to be refined. */
  maskInput?: Float32Array;
  /** Three candidates, for prompts that may mean several things; true where absent. */
  multimask?: boolean;
}

export interface ImageMask {
  iou: number;
  area: number;
  box: [x: number, y: number, width: number, height: number];
  rle: Rle;
  /** Logits, to be given back as maskInput. */
  refinement: Float32Array;
  bitmap?: Uint8Array;
  image?: ImageData | ImageBitmap;
  matte?: Uint8Array;
}

/** A model kept in the origin's private file system. */
export interface StoredModel {
  name: string;
  bytes: number;
  sha256: string;
  /** The address it came from. */
  url: string;
}
