import { loraWanLinkContract } from '../../contract/lorawan-link.ts'
import { Rig } from './rig.ts'

loraWanLinkContract('the MAC on an ideal radio', (options) => new Rig(options))
loraWanLinkContract('the MAC on an SX1262', (options) => new Rig({ ...options, chip: 'SX1262' }))
loraWanLinkContract('the MAC on an SX1276', (options) => new Rig({ ...options, chip: 'SX1276' }))
