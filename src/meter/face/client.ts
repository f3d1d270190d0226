import type { Upgraded, UpgradeTransport } from '../../protocols/http/response.ts'
import { WebSocketConnection } from '../../protocols/websocket/connection.ts'
import { CloseCode } from '../../protocols/websocket/frame.ts'
import { parseRequest } from './command.ts'
import { radioFeeds } from './radio-feed.ts'
import type { FaceExtension, FaceMessage, FaceSource } from './state.ts'

/** Ticks between two load curves at most: at a thousand times real time a new interval comes with nearly every tick. */
const CURVE_TICKS = 4

/** One page that is connected: pushes what changed, carries out what it asks. */
export class FaceClient implements Upgraded {
  #source: FaceSource
  #extension: FaceExtension | undefined
  #socket: WebSocketConnection
  #curveRevision: number | undefined
  #eventsRevision: number | undefined
  #sinceCurve = CURVE_TICKS
  #greeted = false
  readonly #feeds: readonly { next(): readonly FaceMessage[] }[]

  constructor(options: { readonly source: FaceSource; readonly extension?: FaceExtension }, transport: UpgradeTransport) {
    this.#source = options.source
    this.#extension = options.extension
    this.#feeds = radioFeeds(options.source, options.extension)
    this.#socket = new WebSocketConnection({
      send: transport.send,
      room: transport.room,
      close: transport.close,
      onText: (text) => this.request(text),
    })
    this.push()
  }

  receive(bytes: Uint8Array): void {
    this.#socket.receive(bytes)
  }

  writable(): void {
    this.#socket.writable()
  }

  closed(): void {
    this.#socket.closed()
  }

  /** The meter stops: tells the page to come back later. */
  goAway(): void {
    this.#socket.close(CloseCode.goingAway, 'meter stops')
  }

  /** Sends what is due. False, and nothing sent, while earlier messages have not been taken: a slow client sees fewer states, not old ones. */
  push(): boolean {
    if (!this.#socket.open || this.#socket.waiting > 0) return false
    if (!this.#greeted) {
      this.#greeted = true
      this.send({ ...this.#source.hello(), type: 'hello', world: this.#extension !== undefined })
    }
    this.send({ ...this.#source.state(), type: 'state' })
    if (this.#extension !== undefined) this.send({ ...this.#extension.state(), type: 'world' })
    this.sendChanges()
    for (const feed of this.#feeds) for (const message of feed.next()) this.send(message)
    return true
  }

  private sendChanges(): void {
    if (this.#source.eventsRevision !== this.#eventsRevision) {
      this.#eventsRevision = this.#source.eventsRevision
      this.send({ type: 'events', events: this.#source.events() })
    }
    this.#sinceCurve++
    if (this.#source.curveRevision === this.#curveRevision || this.#sinceCurve < CURVE_TICKS) return
    this.#curveRevision = this.#source.curveRevision
    this.#sinceCurve = 0
    this.send({ ...this.#source.curve(), type: 'curve' })
  }

  private send(message: FaceMessage): void {
    this.#socket.sendText(JSON.stringify(message))
  }

  private request(text: string): void {
    const request = parseRequest(text)
    if (request === undefined) {
      this.#socket.close(CloseCode.policy, 'not a request')
      return
    }
    const { id, command } = request
    if (this.#extension === undefined) {
      this.send({ type: 'reply', id, error: 'This meter has no world to control.' })
      return
    }
    if (command === undefined) {
      this.send({ type: 'reply', id, error: 'This command is not known.' })
      return
    }
    const result = this.#extension.command(command)
    this.send('error' in result ? { type: 'reply', id, error: result.error } : { type: 'reply', id })
    // The page shows the effect at once instead of a quarter of a second later.
    if (this.#socket.waiting === 0) this.send({ ...this.#extension.state(), type: 'world' })
  }
}
