import { DecodeError } from '../../../lib/bytes.ts'
import { fromHex, toHex } from '../../../lib/hex.ts'
import { commandFields, commandName, type Field } from '../../../links/lorawan/command-fields.ts'
import { type DataFrame, decodeData, frameType, isDataFrame, MIC_LENGTH, MType } from '../../../links/lorawan/frame.ts'
import { type MacCommand, splitCommands } from '../../../links/lorawan/mac-commands.ts'
import { decodeJoinRequest, readJoinAccept } from '../../../links/lorawan/security.ts'
import type { FaceFrame } from '../radio-state.ts'
import { fixed, frequency_MHz, modulationText } from './format.ts'
import { type PayloadText, payloadFields } from './payload.ts'

/** One layer of a frame: its bytes and what they say. */
export interface Layer {
  readonly name: string
  /** Hexadecimal, as on the air. */
  readonly bytes?: string
  /** The same, decrypted. */
  readonly clear?: string
  readonly fields: readonly Field[]
  /** Commands inside, each with its fields. */
  readonly parts?: readonly { readonly name: string; readonly fields: readonly Field[] }[]
}

/** A frame taken apart, from the air to the application. */
export interface Dissection {
  /** `Data up, port 1`. */
  readonly title: string
  readonly layers: readonly Layer[]
}

/** By message type, LoRaWAN 1.0.4 §4.2.1. */
const TITLES: readonly string[] = [
  'Join request',
  'Join accept',
  'Data up',
  'Data down',
  'Confirmed data up',
  'Confirmed data down',
  'Rejoin request',
  'Proprietary',
]

export function address(devAddr: number): string {
  return devAddr.toString(16).padStart(8, '0')
}

/** Takes a frame apart with the codecs of the meter; `offset_min` for the times in its payload. What cannot be read is shown as bytes. */
export function dissect(frame: FaceFrame, offset_min: number): Dissection {
  if (frame.phy === undefined) return ofModule(frame, offset_min)
  const phy = fromHex(frame.phy)
  const radio = radioLayer(frame, phy.length)
  try {
    const type = frameType(phy)
    const header: Layer = {
      name: 'MHDR',
      bytes: toHex(phy.subarray(0, 1)),
      fields: [
        ['MType', TITLES[type]],
        ['major', 'LoRaWAN R1'],
      ],
    }
    const rest = isDataFrame(type) ? dataLayers(decodeData(phy), phy, frame, offset_min) : joinLayers(type, phy, frame)
    const layers = [radio, header, ...rest, micLayer(frame, phy, type === MType.joinAccept)]
    return { title: titleOf(type, phy), layers }
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return { title: 'Not a LoRaWAN frame', layers: [radio, { name: 'Bytes', bytes: frame.phy, fields: [] }] }
  }
}

/** In one line, without keys. DecodeError for what is no frame. */
export function titleOf(type: number, phy: Uint8Array): string {
  if (!isDataFrame(type)) return TITLES[type]
  const { fPort, fCnt, ack, fOpts } = decodeData(phy)
  const bare = fOpts.length > 0 ? 'MAC commands' : ack ? 'acknowledgement' : 'no payload'
  const what = fPort === undefined ? bare : fPort === 0 ? 'MAC commands' : `port ${fPort}`
  return `${TITLES[type]} ${fCnt}, ${what}`
}

function radioLayer({ frequency_Hz = 0, modulation, airtime_ms = 0, rssi_dBm, snr_dB, power_dBm }: FaceFrame, length: number): Layer {
  const fields: Field[] = [
    ['frequency', frequency_MHz(frequency_Hz)],
    ['modulation', modulationText(modulation)],
    ...(modulation?.type === 'lora' ? [['code rate', `4/${4 + modulation.codingRate}`] as const] : []),
    ['length', `${length} bytes`],
    ['airtime', `${fixed(airtime_ms, 1)} ms`],
  ]
  if (power_dBm !== undefined) fields.push(['power', `${fixed(power_dBm, 0)} dBm`])
  if (rssi_dBm !== undefined) fields.push(['RSSI', `${fixed(rssi_dBm, 0)} dBm`])
  if (snr_dB !== undefined) fields.push(['SNR', `${fixed(snr_dB, 1)} dB`])
  return { name: 'PHY', fields }
}

function micLayer({ mic = 'unknown' }: FaceFrame, phy: Uint8Array, encrypted: boolean): Layer {
  const words = { valid: 'valid', wrong: 'wrong', unknown: 'of another session' }
  return { name: 'MIC', ...(!encrypted && { bytes: toHex(phy.subarray(-MIC_LENGTH)) }), fields: [['check', words[mic]]] }
}

function joinLayers(type: number, phy: Uint8Array, { clear }: FaceFrame): Layer[] {
  const bytes = toHex(phy.subarray(1, type === MType.joinAccept ? phy.length : -MIC_LENGTH))
  if (type === MType.joinRequest) {
    const { joinEui, devEui, devNonce } = decodeJoinRequest(phy)
    const fields: Field[] = [
      ['JoinEUI', toHex(joinEui)],
      ['DevEUI', toHex(devEui)],
      ['DevNonce', `${devNonce}`],
    ]
    return [{ name: 'Join request', bytes, fields }]
  }
  if (type !== MType.joinAccept || clear === undefined) return [{ name: TITLES[type], bytes, fields: [] }]
  const accept = readJoinAccept(fromHex(clear))
  const fields: Field[] = [
    ['JoinNonce', `${accept.joinNonce}`],
    ['NetID', accept.netId.toString(16).padStart(6, '0')],
    ['DevAddr', address(accept.devAddr)],
    ['RX1 offset', `${accept.rx1DrOffset}`],
    ['RX2 data rate', `DR${accept.rx2DataRate}`],
    ['RX1 after', `${accept.rxDelay_s} s`],
  ]
  if (accept.cfList !== undefined) fields.push(['CFList', channelList(accept.cfList)])
  return [{ name: 'Join accept', bytes, fields }]
}

/** CFList, LoRaWAN 1.0.4 §6.2.6: frequencies or masks. */
function channelList(list: Uint8Array): string {
  if (list[15] !== 0) return toHex(list)
  const found: string[] = []
  for (let at = 0; at < 15; at += 3) {
    const frequency_Hz = (list[at] | (list[at + 1] << 8) | (list[at + 2] << 16)) * 100
    if (frequency_Hz > 0) found.push(`${frequency_Hz / 1e6}`)
  }
  return `${found.join(', ')} MHz`
}

function dataLayers(data: DataFrame, phy: Uint8Array, frame: FaceFrame, offset_min: number): Layer[] {
  const { fOpts, fPort, up } = data
  const end = 8 + fOpts.length
  const layers: Layer[] = [{ name: 'FHDR', bytes: toHex(phy.subarray(1, 8)), fields: headerFields(data, frame) }]
  if (fOpts.length > 0) layers.push({ name: 'FOpts', bytes: toHex(phy.subarray(8, end)), fields: [], parts: commandParts(fOpts, up) })
  if (fPort === undefined) return layers
  const use = fPort === 0 ? 'MAC commands' : 'application'
  layers.push({ name: 'FPort', bytes: toHex(phy.subarray(end, end + 1)), fields: [['port', `${fPort}, ${use}`]] })
  layers.push(payloadLayer(fPort, toHex(data.payload), frame, offset_min))
  return layers
}

function headerFields({ devAddr, adr, adrAckRequest, ack, pending, up, fCnt }: DataFrame, frame: FaceFrame): Field[] {
  const flags = [adr && 'ADR', adrAckRequest && 'ADRACKReq', ack && 'ACK', pending && (up ? 'ClassB' : 'FPending')].filter((flag) => flag)
  return [
    ['DevAddr', address(devAddr)],
    ['FCtrl', flags.length === 0 ? 'no flags' : flags.join(', ')],
    ['FCnt', `${frame.fCnt ?? fCnt}`],
  ]
}

function commandParts(bytes: Uint8Array, up: boolean): NonNullable<Layer['parts']> {
  const commands = splitCommands(bytes, up)
  const length = commands.reduce((sum, { payload }) => sum + 1 + payload.length, 0)
  const parts = commands.map((command: MacCommand) => ({ name: commandName(command.cid, up), fields: commandFields(command, up) }))
  // What follows a command that is not known cannot be told apart.
  if (length < bytes.length) parts.push({ name: commandName(bytes[length], up), fields: [['bytes', toHex(bytes.subarray(length))]] })
  return parts
}

function payloadLayer(fPort: number, bytes: string, { clear, up }: FaceFrame, offset_min: number): Layer {
  const name = 'FRMPayload'
  if (clear === undefined) return { name, bytes, fields: [['encrypted', 'the key is not here']] }
  const text: PayloadText = fPort === 0 ? { parts: commandParts(fromHex(clear), up) } : payloadFields(fPort, fromHex(clear), up, offset_min)
  return { name, bytes, clear, fields: text.fields ?? [], parts: text.parts }
}

/** A module has the frames; what it was given and what it gave is known. */
function ofModule({ up, fPort = 0, clear = '', window, rssi_dBm, snr_dB }: FaceFrame, offset_min: number): Dissection {
  const fields: Field[] = [['frame', 'made inside the module']]
  if (window !== undefined) fields.push(['window', window])
  if (rssi_dBm !== undefined) fields.push(['RSSI', `${fixed(rssi_dBm, 0)} dBm`])
  if (snr_dB !== undefined) fields.push(['SNR', `${fixed(snr_dB, 1)} dB`])
  const { fields: found = [], parts } = payloadFields(fPort, fromHex(clear), up, offset_min)
  const layers: Layer[] = [
    { name: 'PHY', fields },
    { name: 'FPort', fields: [['port', `${fPort}, application`]] },
    { name: 'FRMPayload', clear, fields: found, parts },
  ]
  return { title: `Data ${up ? 'up' : 'down'}, port ${fPort}`, layers }
}
