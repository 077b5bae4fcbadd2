import { Cell } from '../base/cell'

export interface TrackedObject {
  /** 1 .. 255 */
  id: number
  name: string
  colour: Colour
  visible: boolean
}

export type Colour = readonly [red: number, green: number, blue: number]

/** Told apart on dark and on video, also with the common kinds of colour blindness where they are neighbours. */
export const palette: readonly Colour[] = [
  [64, 224, 208],
  [255, 148, 112],
  [129, 161, 255],
  [250, 210, 92],
  [240, 138, 214],
  [150, 222, 110],
  [186, 150, 255],
  [120, 205, 255],
]

export const css = ([red, green, blue]: Colour, opacity = 1) => `rgb(${red} ${green} ${blue} / ${opacity})`
export const hex = (colour: Colour) => `#${colour.map((part) => part.toString(16).padStart(2, '0')).join('')}`

function newObject(id: number): TrackedObject {
  return { id, name: `Object ${id}`, colour: palette[(id - 1) % palette.length] as Colour, visible: true }
}

/** Owns the list of objects and which one is being pointed at. */
export class Objects {
  readonly list = new Cell<readonly TrackedObject[]>([])
  readonly selected = new Cell(0)

  add(): TrackedObject {
    const taken = new Set(this.list.value.map(({ id }) => id))
    let id = 1
    while (taken.has(id)) id += 1
    if (id > 255) throw new Error('255 objects are the most that one clip can have; remove one first')
    const object = newObject(id)
    this.list.set([...this.list.value, object])
    this.selected.set(id)
    return object
  }

  /** The objects of a saved session; what is not told of one is as it is for a new one. */
  restore(saved: readonly ({ id: number } & Partial<TrackedObject>)[]): void {
    this.list.set(saved.map((object) => ({ ...newObject(object.id), ...object })))
    this.selected.set(saved[0]?.id ?? 0)
  }

  /** The selected one; a first one where there is none. */
  current(): TrackedObject {
    return this.get(this.selected.value) ?? this.list.value[0] ?? this.add()
  }

  get(id: number): TrackedObject | undefined {
    return this.list.value.find((object) => object.id === id)
  }

  select(id: number): void {
    if (this.get(id)) this.selected.set(id)
  }

  change(id: number, change: Partial<Omit<TrackedObject, 'id'>>): void {
    this.list.set(this.list.value.map((object) => (object.id === id ? { ...object, ...change } : object)))
  }

  remove(id: number): void {
    this.list.set(this.list.value.filter((object) => object.id !== id))
    if (this.selected.value === id) this.selected.set(this.list.value[0]?.id ?? 0)
  }

  clear(): void {
    this.list.set([])
    this.selected.set(0)
  }
}
