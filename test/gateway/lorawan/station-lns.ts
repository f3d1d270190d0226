import type { Network, TCP } from '../../../hal/api/sockets.ts'
import { hostCrypto } from '../../../hal/host/crypto.ts'
import { decodeUtf8, encodeUtf8 } from '../../../src/lib/utf8.ts'
import { WebSocketConnection } from '../../../src/protocols/websocket/connection.ts'
import { answerHandshake } from '../../../src/protocols/websocket/handshake.ts'

/** A network server with the LNS protocol that does what the test says. */
export class TestLns {
  readonly messages: Record<string, unknown>[] = []
  connections = 0
  port = 0
  #socket: WebSocketConnection | undefined
  #close: () => void = () => {}
  readonly #config: string

  constructor(network: Network, config: string, onReady: () => void) {
    this.#config = config
    const listener = new network.Listener({
      port: 0,
      address: '127.0.0.1',
      onReady: (port) => {
        this.port = port
        onReady()
      },
      onReadable: () => {
        for (let from = listener.read(); from !== undefined; from = listener.read()) this.#serve(network, from)
      },
    })
  }

  send(message: object): void {
    this.#socket?.sendText(JSON.stringify(message))
  }

  /** Cuts the connection. */
  cut(): void {
    this.#close()
  }

  #serve(network: Network, from: NonNullable<ConstructorParameters<Network['TCP']>[0]['from']>): void {
    let head = ''
    let socket: WebSocketConnection | undefined
    let closed = false
    const close = (): void => {
      closed = true
      tcp.close()
    }
    const tcp: TCP = new network.TCP({
      from,
      onReadable: () => {
        for (let bytes = tcp.read(); bytes !== undefined; bytes = closed ? undefined : tcp.read()) {
          if (socket !== undefined) socket.receive(bytes)
          else {
            head += decodeUtf8(bytes)
            if (head.endsWith('\r\n\r\n')) socket = this.#upgrade(tcp, head, close)
          }
        }
      },
      onError: close,
    })
  }

  #upgrade(tcp: TCP, head: string, close: () => void): WebSocketConnection {
    const [first, ...lines] = head.trimEnd().split('\r\n')
    const [method, path] = first.split(' ')
    const headers = new Map(lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]))
    const answer = answerHandshake({ method, headers }, hostCrypto)
    const fields = answer.headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
    tcp.write(encodeUtf8(`HTTP/1.1 ${answer.status} x\r\n${fields}\r\n`))
    const socket: WebSocketConnection = new WebSocketConnection({
      send: (bytes) => tcp.write(bytes),
      close,
      onText: (text) => {
        const message = JSON.parse(text)
        if (path === '/router-info')
          socket.sendText(JSON.stringify({ router: message.router, muxs: '::0', uri: `ws://127.0.0.1:${this.port}/lns` }))
        else this.#take(message, socket, close)
      },
    })
    return socket
  }

  #take(message: Record<string, unknown>, socket: WebSocketConnection, close: () => void): void {
    if (message.msgtype === 'version') {
      this.connections++
      this.#socket = socket
      this.#close = close
      socket.sendText(this.#config)
    } else if (message.msgtype === 'timesync') {
      socket.sendText(
        JSON.stringify({ msgtype: 'timesync', txtime: message.txtime, gpstime: 1_000_000_000_000_000 + Number(message.txtime) }),
      )
    } else this.messages.push(message)
  }
}
