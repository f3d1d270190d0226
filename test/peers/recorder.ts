import { writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { toHex } from '../../src/lib/hex.ts'
import { DlmsServer } from '../../src/protocols/dlms/server.ts'
import type { DlmsSource } from '../../src/protocols/dlms/source.ts'

interface Exchange {
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

  /**
   * With FERRARIS_RECORD=1 in the environment, writes the sessions to test/vectors/dlms/transcript-`name`.json as a golden transcript of
   * `client` (its name, version and registry) with the meter of `source`, a file of test/protocols/dlms, that the test file `test` recorded.
   */
  writeTranscript(name: string, client: string, test: string, source = 'memory-source.ts'): void {
    if (process.env.FERRARIS_RECORD !== '1') return
    const transcript = {
      source: `sessions of ${client} with test/protocols/dlms/${source}, recorded by test/peers/${test}`,
      license: 'MIT (recorded by this project)',
      sessions: this.sessions,
    }
    const file = join(import.meta.dirname, '..', 'vectors', 'dlms', `transcript-${name}.json`)
    writeFileSync(file, `${JSON.stringify(transcript, undefined, 1)}\n`)
  }
}
