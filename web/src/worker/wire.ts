import type { MaskForms, ObjectMask, FrameResult, ImageMask } from '../api/types.js'
import type { CoreForms, CoreFrame, CoreImageMask } from '../core/module.js'
import { Moved } from '../protocol/serve.js'

// Results on their way to the page: buffers and bitmaps move, pixels become ImageData there.

export type WirePixels = Uint8Array | ImageBitmap
export type WireObject = Omit<ObjectMask, 'image'> & { image?: WirePixels }
export type WireFrame = Omit<FrameResult, 'objects' | 'overlay'> & { objects: WireObject[]; overlay?: WirePixels }
export type WireImageMask = Omit<ImageMask, 'image'> & { image?: WirePixels }

export function coreForms(forms: MaskForms | undefined): CoreForms | undefined {
  if (!forms) return undefined
  return {
    bitmap: forms.bitmap ?? false,
    image: forms.image !== undefined,
    matte: forms.matte ?? false,
    labels: forms.labels ?? false,
    ...(forms.overlay && {
      overlay: Object.entries(forms.overlay.colours).map(([id, colour]) => [Number(id), ...colour]),
    }),
  }
}

interface Size {
  width: number
  height: number
}

async function pixels(
  rgba: Uint8Array | undefined,
  as: 'ImageData' | 'ImageBitmap' | undefined,
  { width, height }: Size,
): Promise<WirePixels | undefined> {
  if (!rgba || as !== 'ImageBitmap') return rgba
  return createImageBitmap(new ImageData(new Uint8ClampedArray(rgba.buffer as ArrayBuffer), width, height))
}

export async function wireFrame(
  frame: CoreFrame,
  size: Size,
  more: { time: number; dropped?: number },
  forms: MaskForms | undefined,
): Promise<Moved<WireFrame>> {
  const transfer: Transferable[] = []
  const objects: WireObject[] = []
  for (const object of frame.objects) {
    objects.push({
      id: object.id,
      present: object.score > 0,
      score: object.score,
      iou: object.iou,
      ...(await maskFields(object, size, forms, transfer)),
    })
  }
  const overlay = move(await pixels(frame.overlay, forms?.overlay?.as, size), transfer)
  const labels = move(frame.labels, transfer)
  const value: WireFrame = {
    frame: frame.frame,
    ...more,
    width: size.width,
    height: size.height,
    objects,
    ...(labels && { labels }),
    ...(overlay && { overlay }),
  }
  return new Moved(value, transfer)
}

export async function wireImageMasks(
  masks: CoreImageMask[],
  size: Size,
  forms: MaskForms | undefined,
): Promise<Moved<WireImageMask[]>> {
  const transfer: Transferable[] = []
  const value: WireImageMask[] = []
  for (const mask of masks)
    value.push({ iou: mask.iou, refinement: mask.refinement, ...(await maskFields(mask, size, forms, transfer)) })
  return new Moved(value, transfer)
}

async function maskFields(
  mask: Pick<CoreImageMask, 'area' | 'box' | 'counts' | 'bitmap' | 'image' | 'matte'>,
  size: Size,
  forms: MaskForms | undefined,
  transfer: Transferable[],
) {
  const bitmap = move(mask.bitmap, transfer)
  const image = move(await pixels(mask.image, forms?.image, size), transfer)
  const matte = move(mask.matte, transfer)
  return {
    area: mask.area,
    box: mask.box,
    rle: { size: [size.height, size.width] as [number, number], counts: mask.counts },
    ...(bitmap && { bitmap }),
    ...(image && { image }),
    ...(matte && { matte }),
  }
}

function move<T extends WirePixels>(value: T | undefined, transfer: Transferable[]): T | undefined {
  if (value) transfer.push(value instanceof Uint8Array ? value.buffer : (value as ImageBitmap))
  return value
}
