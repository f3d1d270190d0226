import { type ChildProcess, spawn } from 'node:child_process'
import { createConnection, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { AARQ, frame, GET_ENERGY } from './dlms-requests.ts'
import type { Bench } from './harness.ts'

/** What the best known C server reaches on such a machine, from its own measurements: 15,000 GET/s, 3 ms for 1000 rows. */
const PEER_GETS = 15_000
const PEER_PROFILE_MS = 3

/** Columns 1 to 2 (clock and status) of the last 1000 entries, by entry. */
const GET_PROFILE = 'c001c1 0007 0100630100ff 02 01 02 0204 06 00000001 06 000003e8 12 0001 12 0002'

/** One request at a time over a socket. */
class Client {
  readonly #socket: Socket
  #buffer: Buffer = Buffer.alloc(0)
  #resolve: ((apdu: Buffer) => void) | undefined

  constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (data) => this.#receive(data))
  }

  request(bytes: Uint8Array): Promise<Buffer> {
    return new Promise((resolve) => {
      this.#resolve = resolve
      this.#socket.write(bytes)
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #receive(data: Buffer): void {
    this.#buffer = this.#buffer.length === 0 ? data : Buffer.concat([this.#buffer, data])
    if (this.#buffer.length < 8 || this.#buffer.length < 8 + this.#buffer.readUInt16BE(6)) return
    const apdu = this.#buffer.subarray(8)
    this.#buffer = Buffer.alloc(0)
    this.#resolve?.(apdu)
  }
}

/** A virtual meter with `history` behind it, in a process of its own. */
async function startMeter(history: string): Promise<{ process: ChildProcess; port: number }> {
  const program = fileURLToPath(new URL('../src/cli/main.js', import.meta.url))
  const child = spawn(process.execPath, [program, 'run', '--no-http', '--dlms-port', '0', '--history', history])
  for await (const line of createInterface({ input: child.stdout })) {
    const match = /^dlms:\/\/127\.0\.0\.1:(\d+)$/.exec(line)
    if (match !== null) return { process: child, port: Number(match[1]) }
  }
  throw new Error('the meter did not start')
}

async function withClient<T>(history: string, work: (client: Client) => Promise<T>): Promise<T> {
  const meter = await startMeter(history)
  const socket = createConnection(meter.port, '127.0.0.1')
  try {
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    const client = new Client(socket)
    const aare = await client.request(frame(AARQ))
    if (aare[0] !== 0x61 || !aare.includes(Buffer.from('a203020100', 'hex')))
      throw new Error(`association refused: ${aare.toString('hex')}`)
    return await work(client)
  } finally {
    socket.destroy()
    meter.process.kill()
  }
}

async function getsPerSecond(client: Client): Promise<number> {
  const request = frame(GET_ENERGY)
  const rounds: number[] = []
  for (let round = 0; round < 6; round++) {
    const began_ms = performance.now()
    for (let i = 0; i < 5000; i++) await client.request(request)
    rounds.push(5_000_000 / (performance.now() - began_ms))
  }
  return rounds.slice(1).sort((a, b) => a - b)[2]
}

async function profileTime_ms(client: Client): Promise<number> {
  const request = frame(GET_PROFILE)
  const times: number[] = []
  for (let round = 0; round < 50; round++) {
    const began_ms = performance.now()
    const answer = await client.request(request)
    times.push(performance.now() - began_ms)
    // GET-response normal, data, array of 1000.
    if (answer.subarray(0, 7).toString('hex') !== 'c401c100018203') throw new Error(`no rows: ${answer.subarray(0, 16).toString('hex')}`)
  }
  return times.slice(10).sort((a, b) => a - b)[20]
}

export const benches: readonly Bench[] = [
  {
    name: 'dlms.get',
    unit: 'GET/s',
    run: async () => ({ value: await withClient('1h', getsPerSecond), peer: PEER_GETS }),
  },
  {
    name: 'dlms.profile1000x2',
    unit: 'ms',
    run: async () => {
      const value = await withClient('11d', profileTime_ms)
      return { value, peer: PEER_PROFILE_MS, ratio: PEER_PROFILE_MS / value }
    },
  },
]
