import { Cell } from '../base/cell'

export type ToolName = 'add' | 'remove' | 'box'

/** Owns what a click or tap on the picture means. */
export class Tool {
  readonly name = new Cell<ToolName>('add')

  choose(name: ToolName): void {
    this.name.set(name)
  }
}
