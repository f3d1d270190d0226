import type { ByteReader } from '../../src/lib/bytes.ts'
import type { Listener, ListenerOptions } from '../api/sockets.ts'
import { type BoundKind, MessageBound } from './bound.ts'
import type { Exchange } from './exchange.ts'
import { BACKLOG, Message, readText } from './messages.ts'
import { MessageTCPHandle } from './tcp.ts'

const LISTENER: BoundKind = { name: 'Listener', open: Message.listen, item: Message.accepted, credit: BACKLOG }

/** Listener whose connections arrive in the batches of an `Exchange`; the host holds back more than `BACKLOG` unread ones. */
export class MessageListener extends MessageBound<MessageTCPHandle> implements Listener {
  constructor(exchange: Exchange, options: ListenerOptions) {
    super(exchange, options, LISTENER)
  }

  protected itemOf(body: ByteReader): MessageTCPHandle | undefined {
    const number = body.uint32()
    const port = body.uint16()
    const handle = new MessageTCPHandle(this.exchange, number, readText(body), port)
    return this.exchange.adopt(number, handle) ? handle : undefined
  }

  protected override discard(handle: MessageTCPHandle): void {
    handle.refuse()
  }
}
