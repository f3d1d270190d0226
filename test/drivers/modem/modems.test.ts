import { loraWanLinkContract } from '../../contract/lorawan-link.ts'
import { ModemRig } from './modem-rig.ts'

loraWanLinkContract('RAK3172, events in fields', (options) => new ModemRig('rui3-4.x', options).ready())
loraWanLinkContract('RAK3172, events in words', (options) => new ModemRig('rui3-3.x', options).ready())
loraWanLinkContract('RAK3172, values without names', (options) => new ModemRig('rui3-1.0', options).ready())
loraWanLinkContract('LoRa-E5', (options) => new ModemRig('LoRa-E5', options).ready())
loraWanLinkContract('RN2483', (options) => new ModemRig('RN2483', options).ready(), { time: false, signal: false, checksAtOnce: false })
