import type { FaceMessage, FaceReply, WorldCommand } from '../state.ts'

export type LinkStatus = { readonly state: 'connecting' | 'connected' } | { readonly state: 'waiting'; readonly retryAt_ms: number }

/** Without a message for so long the connection is dead, whatever TCP believes: the meter speaks four times a second. */
const SILENCE_MS = 6000
const FIRST_RETRY_MS = 500
const LAST_RETRY_MS = 8000

/** The page's end of the WebSocket: connects, notices silence, and connects again with growing pauses. */
export class Connection {
  #onMessage: (message: Exclude<FaceMessage, FaceReply>) => void
  #onStatus: (status: LinkStatus) => void
  #socket: WebSocket | undefined
  #silence = 0
  #retry = 0
  #retryDelay_ms = FIRST_RETRY_MS
  #nextId = 1
  #replies = new Map<number, (error: string | undefined) => void>()

  constructor(onMessage: (message: Exclude<FaceMessage, FaceReply>) => void, onStatus: (status: LinkStatus) => void) {
    this.#onMessage = onMessage
    this.#onStatus = onStatus
  }

  connect(): void {
    clearTimeout(this.#retry)
    this.#onStatus({ state: 'connecting' })
    const socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`)
    this.#socket = socket
    this.#watch()
    socket.onmessage = (event) => this.#receive(String(event.data))
    socket.onclose = () => {
      if (this.#socket === socket) this.#lost()
    }
  }

  /** Sends a command to the world; resolves with the error text, or undefined when it worked. */
  command(command: WorldCommand): Promise<string | undefined> {
    const socket = this.#socket
    if (socket?.readyState !== WebSocket.OPEN) return Promise.resolve('The meter cannot be reached at the moment.')
    const id = this.#nextId++
    socket.send(JSON.stringify({ type: 'world', id, ...command }))
    return new Promise((resolve) => this.#replies.set(id, resolve))
  }

  #receive(text: string): void {
    this.#watch()
    const message = JSON.parse(text) as FaceMessage
    if (message.type === 'reply') {
      this.#replies.get(message.id)?.(message.error)
      this.#replies.delete(message.id)
      return
    }
    if (message.type === 'hello') {
      this.#retryDelay_ms = FIRST_RETRY_MS
      this.#onStatus({ state: 'connected' })
    }
    this.#onMessage(message)
  }

  #watch(): void {
    clearTimeout(this.#silence)
    this.#silence = window.setTimeout(() => this.#lost(), SILENCE_MS)
  }

  #lost(): void {
    const socket = this.#socket
    this.#socket = undefined
    clearTimeout(this.#silence)
    socket?.close()
    for (const resolve of this.#replies.values()) resolve('The connection was lost before the meter answered.')
    this.#replies.clear()
    this.#onStatus({ state: 'waiting', retryAt_ms: Date.now() + this.#retryDelay_ms })
    this.#retry = window.setTimeout(() => this.connect(), this.#retryDelay_ms)
    this.#retryDelay_ms = Math.min(LAST_RETRY_MS, this.#retryDelay_ms * 2)
  }
}
