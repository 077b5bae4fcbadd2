import { paceDecoders } from '../media/paced_decoder.js'
import type { ToWorker } from '../protocol/messages.js'
import { Server } from '../protocol/serve.js'
import { Encoder } from './encoder.js'
import { Engine } from './engine.js'

const scope = self as unknown as {
  postMessage(message: unknown, transfer: Transferable[]): void
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null
}

paceDecoders()
const engine = new Engine()
// A worker is one or the other; an engine may have an encoder beside it.
const server = new Server(scope, { ...engine.handlers, ...new Encoder().handlers })
engine.server = server
scope.onmessage = (event) => server.receive(event.data)
