import { createHostNetwork } from '../../../hal/host/sockets.ts'
import { createMessageNetwork } from '../../../hal/portable/sockets.ts'
import { HostRelay } from '../../../src/cli/xs/host-relay.ts'
import { socketsContract } from '../../contract/sockets.ts'

// Guest and host in one process: batches are exchanged in every turn of the event loop, as steps would.
socketsContract('messages to a host', () => {
  const network = createMessageNetwork()
  const real = createHostNetwork()
  const peer = createHostNetwork()
  const relay = new HostRelay(real)
  let turn: NodeJS.Immediate
  const exchange = (): void => {
    network.deliver(relay.take())
    const batch = network.take()
    if (batch !== undefined) relay.deliver(batch)
    turn = setImmediate(exchange)
  }
  turn = setImmediate(exchange)
  return {
    network,
    peer,
    close: () => {
      clearImmediate(turn)
      relay.close()
      real.closeAll()
      peer.closeAll()
    },
  }
})
