/** The thread that has the line to the bridge, while the main thread waits for an answer inside a synchronous method. */
import { parentPort, workerData } from 'node:worker_threads'
import { FerrarisError } from '../lib/errors.ts'
import { BridgeClient, BridgeError } from './client.ts'
import { ProcessSerial } from './process-serial.ts'
import { type Call, Outcome, SHARED_DATA, SHARED_LENGTH, SHARED_OUTCOME, SHARED_STATE, type WorkerInit } from './sync-protocol.ts'

const { shared, device, baud } = workerData as WorkerInit
const head = new Int32Array(shared, 0, SHARED_DATA / 4)
const data = new Uint8Array(shared, SHARED_DATA)

function reply(outcome: number, bytes: Uint8Array): void {
  const length = Math.min(bytes.length, data.length)
  data.set(bytes.subarray(0, length))
  head[SHARED_OUTCOME] = outcome
  head[SHARED_LENGTH] = length
  Atomics.store(head, SHARED_STATE, 1)
  Atomics.notify(head, SHARED_STATE)
}

function refuse(error: unknown): void {
  const text = error instanceof Error ? error.message : String(error)
  if (error instanceof BridgeError) reply(Outcome.refused, Uint8Array.of(error.status, ...new TextEncoder().encode(text)))
  else reply(Outcome.failed, new TextEncoder().encode(`${error instanceof FerrarisError ? error.code : 'BRIDGE_LINE'} ${text}`))
}

const client = new BridgeClient({
  line: { io: ProcessSerial, device, baud },
  onEvent: (event) => parentPort?.postMessage(event),
})

parentPort?.on('message', (call: Call) => {
  if (call === 'close') {
    client.close()
    parentPort?.close()
    return
  }
  const answer =
    call.command === 'hello'
      ? client.hello().then((identity) => new TextEncoder().encode(JSON.stringify(identity)))
      : client.request(call.command, call.body)
  answer.then((body) => reply(Outcome.done, body), refuse)
})
