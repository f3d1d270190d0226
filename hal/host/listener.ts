import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { checkAddress, checkCallbacks, checkPort, closedError } from '../../src/lib/check.ts'
import type { Listener, ListenerOptions, TCPHandle } from '../api/sockets.ts'
import { HostTCPHandle, type Registry, register } from './tcp.ts'

/** Accepted connections that may wait to be read; more are reset. */
const BACKLOG = 32

export class HostListener implements Listener {
  #server: Server | undefined
  #registry: Registry
  #waiting: HostTCPHandle[] = []
  #options: ListenerOptions
  #tracked: { destroy(): unknown }

  constructor(registry: Registry, address: string, options: ListenerOptions) {
    checkCallbacks(options, ['onReadable', 'onReady', 'onError'])
    const port = checkPort(options.port, 0)
    if (options.address !== undefined) checkAddress(options.address)
    this.#options = { ...options }
    this.#registry = registry
    const server = createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true })
    this.#server = server
    this.#tracked = { destroy: () => server.close() }
    registry.add(this.#tracked)
    server.on('connection', (socket) => this.#accept(socket))
    server.on('error', (error) => {
      if (this.#server !== undefined) this.#options.onError?.(error.message)
    })
    server.on('listening', () => {
      if (this.#server !== undefined) this.#options.onReady?.((server.address() as AddressInfo).port)
    })
    server.listen(port, options.address ?? address)
  }

  #accept(socket: Socket): void {
    // Without a listener an error of a connection that nobody took would end the process; whoever takes it sees its end.
    socket.on('error', () => {})
    if (this.#server === undefined || this.#waiting.length >= BACKLOG || socket.remoteAddress === undefined) {
      socket.resetAndDestroy()
      return
    }
    register(this.#registry, socket)
    this.#waiting.push(new HostTCPHandle(socket))
    this.#options.onReadable?.(this.#waiting.length)
  }

  read(): TCPHandle | undefined {
    if (this.#server === undefined) throw closedError('Listener')
    return this.#waiting.shift()
  }

  close(): void {
    const server = this.#server
    if (server === undefined) return
    this.#server = undefined
    this.#registry.delete(this.#tracked)
    for (const handle of this.#waiting) handle.take().destroy()
    this.#waiting = []
    server.close()
  }
}
