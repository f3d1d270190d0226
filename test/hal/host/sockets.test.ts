import { createHostNetwork } from '../../../hal/host/sockets.ts'
import { socketsContract } from '../../contract/sockets.ts'

socketsContract('host', () => {
  const network = createHostNetwork()
  const peer = createHostNetwork()
  return {
    network,
    peer,
    close: () => {
      network.closeAll()
      peer.closeAll()
    },
  }
})
