import { BACKLOG, Message, readFrames, writeCredit, writeFrame, writeText } from '../../hal/portable/messages.ts'
import type { MessageNetwork } from '../../hal/portable/sockets.ts'
import { ByteWriter } from '../../src/lib/bytes.ts'
import type { SeededRandom } from '../../src/lib/random.ts'
import { wrap } from '../protocols/dlms/bytes.ts'
import { aarq, getNormal } from '../protocols/dlms/client.ts'

const READING_SAP = 17
const SECRET = '12345678'
/** Active energy import, in Wh. */
const REGISTER = '1.0.1.8.0.255'
/** Clients that may hang around at a meter. */
const CONNECTIONS_MAX = 12

/** What a client is about: reading in good order, stopping in the middle of a request, nonsense, or leaving without a word. */
type Manner = 'read' | 'half' | 'nonsense' | 'vanish'
const MANNERS: readonly Manner[] = ['read', 'read', 'half', 'nonsense', 'vanish']

interface Client {
  readonly manner: Manner
  /** Bytes that the meter takes now. */
  room: number
  received: number[]
  associated: boolean
}

interface Listener {
  readonly port: number
  room: number
}

/** The other side of a meter's network, without any socket: the host of the messages, and the clients that it lets in. */
export class Peers {
  readonly network: MessageNetwork
  readonly #random: SeededRandom
  readonly #onRead: (value_Wh: number) => void
  readonly #listeners = new Map<number, Listener>()
  readonly #clients = new Map<number, Client>()
  #out = new ByteWriter(1024, 1 << 20)
  #last = 1

  /** `onRead` gets each value that a client has read. */
  constructor(network: MessageNetwork, random: SeededRandom, onRead: (value_Wh: number) => void) {
    this.network = network
    this.#random = random
    this.#onRead = onRead
  }

  /** A client comes, if the meter listens. */
  connect(): boolean {
    const listener = [...this.#listeners].find(([, { room }]) => room > 0)
    if (listener === undefined || this.#clients.size >= CONNECTIONS_MAX) return false
    this.#last += 2
    listener[1].room--
    const frame = new ByteWriter(64, 1024)
    frame.uint32(this.#last)
    frame.uint16(50_000)
    writeText(frame, '192.0.2.1')
    writeFrame(this.#out, Message.accepted, listener[0], frame.copy())
    const manner = MANNERS[this.#random.below(MANNERS.length)]
    this.#clients.set(this.#last, { manner, room: 0, received: [], associated: false })
    return true
  }

  /** Messages go to and fro until nobody has anything to say. `run` is how the meter's processor is given work: it may die in it. */
  exchange(run: (work: () => void) => void): void {
    for (let round = 0; round < 50; round++) {
      const batch = this.network.take()
      if (batch !== undefined) readFrames(batch, (kind, endpoint, body) => this.#handle(kind, endpoint, body.take(body.remaining)))
      if (this.#out.length === 0) return
      const frames = this.#out.copy()
      this.#out = new ByteWriter(1024, 1 << 20)
      run(() => this.network.deliver(frames))
    }
  }

  /** All clients are gone, in the middle of what they did. */
  hangUp(): void {
    for (const number of [...this.#clients.keys()]) this.#leave(number)
  }

  #handle(kind: number, endpoint: number, body: Uint8Array): void {
    const client = this.#clients.get(endpoint)
    if (kind === Message.listen) this.#listen(endpoint, body)
    else if (kind === Message.close) {
      this.#listeners.delete(endpoint)
      this.#clients.delete(endpoint)
    } else if (kind === Message.credit) {
      const count = new DataView(body.buffer, body.byteOffset).getUint32(0)
      const listener = this.#listeners.get(endpoint)
      if (listener !== undefined) listener.room += count
      else if (client !== undefined) this.#credit(endpoint, client, count)
    } else if (kind === Message.data && client !== undefined) {
      writeCredit(this.#out, endpoint, body.length)
      this.#received(endpoint, client, body)
    }
  }

  #listen(endpoint: number, body: Uint8Array): void {
    const asked = (body[0] << 8) | body[1]
    const port = asked === 0 ? 40_000 + endpoint : asked
    this.#listeners.set(endpoint, { port, room: BACKLOG })
    const frame = new ByteWriter(2, 2)
    frame.uint16(port)
    writeFrame(this.#out, Message.ready, endpoint, frame.copy())
  }

  /** The first credit is the sign that the meter has taken the connection. */
  #credit(number: number, client: Client, count: number): void {
    const first = client.room === 0
    client.room += count
    if (!first) return
    const request = wrap(aarq({ secret: SECRET }), READING_SAP)
    if (client.manner === 'vanish') this.#leave(number)
    else if (client.manner === 'half') this.#send(number, client, request.subarray(0, this.#random.below(request.length)))
    else if (client.manner === 'nonsense') {
      const bytes = new Uint8Array(1 + this.#random.below(300))
      this.#random.fill(bytes)
      this.#send(number, client, bytes)
    } else this.#send(number, client, request)
  }

  #received(number: number, client: Client, bytes: Uint8Array): void {
    if (client.manner !== 'read') return
    client.received.push(...bytes)
    const length = client.received.length < 8 ? Number.POSITIVE_INFINITY : 8 + client.received[6] * 256 + client.received[7]
    if (client.received.length < length) return
    const apdu = client.received.slice(8, length)
    client.received = client.received.slice(length)
    if (!client.associated) {
      client.associated = true
      this.#send(number, client, wrap(getNormal(3, REGISTER, 2), READING_SAP))
      return
    }
    // Get-response-normal with data: double-long-unsigned (IEC 62056-5-3).
    if (apdu[0] === 0xc4 && apdu[3] === 0 && apdu[4] === 6) this.#onRead(((apdu[5] * 256 + apdu[6]) * 256 + apdu[7]) * 256 + apdu[8])
    this.#leave(number)
  }

  #send(number: number, client: Client, bytes: Uint8Array): void {
    if (bytes.length === 0 || bytes.length > client.room) return
    client.room -= bytes.length
    writeFrame(this.#out, Message.data, number, bytes)
  }

  #leave(number: number): void {
    this.#clients.delete(number)
    const reason = new ByteWriter(16, 16)
    writeText(reason, 'reset')
    writeFrame(this.#out, Message.error, number, reason.copy())
  }
}
