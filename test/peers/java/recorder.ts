import { type AddressInfo, createServer, type Server } from 'node:net'
import { toHex } from '../../../src/lib/hex.ts'
import { DlmsServer } from '../../../src/protocols/dlms/server.ts'
import type { DlmsSource } from '../../../src/protocols/dlms/source.ts'

export interface Exchange {
  readonly request: string
  readonly response: string
}

/** A DLMS server on a free port of this computer that keeps both directions of every connection, in hexadecimal. */
export class RecordingServer {
  /** One list of exchanges per TCP connection, in the order in which they were opened. */
  sessions: Exchange[][] = []
  readonly #server: Server

  constructor(source: DlmsSource) {
    const dlms = new DlmsServer(source)
    this.#server = createServer((socket) => {
      const exchanges: Exchange[] = []
      this.sessions.push(exchanges)
      let response = ''
      const connection = dlms.connect(
        (bytes) => {
          response += toHex(bytes)
          return true
        },
        () => socket.destroy(),
      )
      socket.on('data', (bytes) => {
        response = ''
        connection.receive(bytes)
        exchanges.push({ request: bytes.toString('hex'), response })
        socket.write(Buffer.from(response, 'hex'))
      })
      socket.on('close', () => connection.closed())
      socket.on('error', () => socket.destroy())
    })
  }

  /** Gives the port. */
  async open(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return (this.#server.address() as AddressInfo).port
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }
}
