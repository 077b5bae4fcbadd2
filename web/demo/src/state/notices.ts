import { MaskletError } from 'masklet'
import { Cell } from '../base/cell'

export interface Notice {
  id: number
  /** 'ask': it stays until it is answered. */
  kind: 'error' | 'info' | 'ask'
  title: string
  text: string
  /** What a person can do, as a button. */
  action?: { label: string; run: () => void }
  /** A person put it away. */
  onDismiss?: () => void
}

/** What the page has to say: mostly what failed, and what to do about it. */
export class Notices {
  readonly list = new Cell<readonly Notice[]>([])
  private lastId = 0

  add(notice: Omit<Notice, 'id'>): number {
    const rest = this.list.value.filter(({ title, text }) => title !== notice.title || text !== notice.text)
    const id = ++this.lastId
    const asks = rest.filter(({ kind }) => kind === 'ask')
    const news = rest.filter(({ kind }) => kind !== 'ask')
    this.list.set([...asks, ...news.slice(-2), { ...notice, id }])
    return id
  }

  dismiss(id: number): void {
    this.list.set(this.list.value.filter((notice) => notice.id !== id))
  }

  /** `title` says what was not possible. A cancellation is no news. */
  fail(title: string, thrown: unknown, action?: Notice['action']): void {
    if (thrown instanceof MaskletError && thrown.code === 'cancelled') return
    if (thrown instanceof DOMException && thrown.name === 'AbortError') return
    if (!(thrown instanceof MaskletError)) console.warn(thrown)
    this.add({ kind: 'error', title, text: inWords(thrown), action })
  }
}

/** What to do, where the message does not say it. */
const remedies: Partial<Record<string, string>> = {
  out_of_memory: 'Choose a smaller input size, fewer bits or a higher memory limit under “Model”, or close other tabs.',
  unsafe_pickle: 'Only open checkpoints from a source you trust, such as Meta’s own list.',
  corrupt_file: 'The file seems to be damaged or cut short. Get a fresh copy and open it again.',
  unknown_architecture: 'Choose its model.json together with it.',
  io_failed: 'Check that the network is there, or that the file still is, and try again.',
  runtime_failed: 'Load the model again under “Model”; another place for it to run may help.',
  broken_clip: 'Convert the video anew, for example to MP4 with H.264, to have all of it.',
}

function inWords(thrown: unknown): string {
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  const sentence = message.charAt(0).toUpperCase() + message.slice(1)
  const ended = /[.!?]$/.test(sentence) ? sentence : `${sentence}.`
  const remedy = thrown instanceof MaskletError ? remedies[thrown.code] : undefined
  return remedy ? `${ended} ${remedy}` : ended
}
