import { connect, type Socket } from 'node:net'
import { ByteReader } from '../../src/lib/bytes.ts'
import { decodeAare } from '../../src/protocols/dlms/acse.ts'
import { type DataValue, readLength } from '../../src/protocols/dlms/axdr.ts'
import { readData } from '../../src/protocols/dlms/axdr-decode.ts'
import { wrap } from '../protocols/dlms/bytes.ts'
import { aarq, getNext, getNormal } from '../protocols/dlms/client.ts'

const TIMEOUT_MS = 10_000
const LIMITS = { depth: 12, elements: 100_000 }

/** A small reading client over TCP: one request at a time. */
export class DlmsTcpClient {
  readonly socket: Socket
  readonly #sap: number
  #received = Buffer.alloc(0)
  #wake: () => void = () => {}
  closed = false

  private constructor(socket: Socket, sap: number) {
    this.socket = socket
    this.#sap = sap
    socket.on('data', (bytes) => {
      this.#received = Buffer.concat([this.#received, bytes])
      this.#wake()
    })
    socket.on('error', () => {})
    socket.on('close', () => this.#ended())
    socket.on('end', () => this.#ended())
  }

  /** Connects; rejects when nobody listens. */
  static connect(port: number, sap = 17): Promise<DlmsTcpClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port })
      socket.once('error', reject)
      socket.once('connect', () => resolve(new DlmsTcpClient(socket, sap)))
    })
  }

  /** Connects and opens an association; throws when it is refused. */
  static async open(port: number, secret: string): Promise<DlmsTcpClient> {
    const client = await DlmsTcpClient.connect(port)
    if (await client.associate(secret)) return client
    client.close()
    throw new Error('the association was refused')
  }

  /** True when the meter accepts the secret. */
  async associate(secret: string): Promise<boolean> {
    return decodeAare(await this.exchange(aarq({ secret }))).result === 0
  }

  /** Sends an APDU and gives the one that comes back. */
  async exchange(apdu: Uint8Array): Promise<Uint8Array> {
    this.socket.write(wrap(apdu, this.#sap))
    const end_ms = performance.now() + TIMEOUT_MS
    for (;;) {
      const length = this.#received.length < 8 ? undefined : 8 + this.#received.readUInt16BE(6)
      if (length !== undefined && this.#received.length >= length) {
        const answer = Uint8Array.from(this.#received.subarray(8, length))
        this.#received = this.#received.subarray(length)
        return answer
      }
      if (this.closed || performance.now() > end_ms) throw new Error(this.closed ? 'closed by the meter' : 'no answer')
      await new Promise<void>((resolve) => {
        const timeout = setTimeout(resolve, 100)
        this.#wake = () => {
          clearTimeout(timeout)
          resolve()
        }
      })
    }
  }

  /** Reads an attribute, in blocks where it is long. */
  async get(classId: number, name: string, attribute: number): Promise<DataValue> {
    let response = await this.exchange(getNormal(classId, name, attribute))
    const parts: Uint8Array[] = []
    for (let last = false; !last; ) {
      if (response[0] !== 0xc4 || response[3] > 1 || (response[1] === 1 && response[3] === 1)) throw new Error(`result ${response[4]}`)
      if (response[1] === 1) {
        parts.push(response.subarray(4))
        break
      }
      const reader = new ByteReader(response, 3)
      last = reader.uint8() === 1
      const block = reader.uint32()
      if (reader.uint8() !== 0) throw new Error(`block result ${reader.uint8()}`)
      parts.push(reader.take(readLength(reader)))
      if (!last) response = await this.exchange(getNext(block))
    }
    return readData(new ByteReader(Uint8Array.from(Buffer.concat(parts))), LIMITS)
  }

  async number(classId: number, name: string, attribute = 2): Promise<number> {
    return Number((await this.get(classId, name, attribute)).value)
  }

  close(): void {
    this.socket.destroy()
  }

  #ended(): void {
    this.closed = true
    this.#wake()
  }
}
