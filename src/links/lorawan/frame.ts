import { DecodeError } from '../../lib/bytes.ts'
import { getUint16, getUint32, putUint16, putUint32 } from '../../lib/little-endian.ts'

/** Message types, LoRaWAN 1.0.4 §4.2.1. */
export const MType = Object.freeze({
  joinRequest: 0,
  joinAccept: 1,
  unconfirmedUp: 2,
  unconfirmedDown: 3,
  confirmedUp: 4,
  confirmedDown: 5,
  rejoinRequest: 6,
  proprietary: 7,
})

export const MIC_LENGTH = 4
/** DevAddr, FCtrl, FCnt. */
const FHDR_LENGTH = 7
export const FOPTS_MAX = 15
/** MAC header, frame header and MIC around FOpts, port and payload. */
const FRAME_MIN = 1 + FHDR_LENGTH + MIC_LENGTH
/** Largest PHY payload of any region. */
const PHY_MAX = 255

/** FCtrl, LoRaWAN 1.0.4 §4.3.1. */
const ADR = 0x80
const ADR_ACK_REQUEST = 0x40
const ACK = 0x20
/** Uplink: class B; downlink: frame pending. */
const PENDING_OR_CLASS_B = 0x10

/** A data frame without its MIC; the payload as it is on the air. */
export interface DataFrame {
  readonly up: boolean
  readonly confirmed: boolean
  /** 32 bits, unsigned. */
  readonly devAddr: number
  readonly adr: boolean
  /** Uplinks only. */
  readonly adrAckRequest: boolean
  readonly ack: boolean
  /** Uplink: the device is in class B; downlink: more is waiting. */
  readonly pending: boolean
  /** The low 16 bits of the counter. */
  readonly fCnt: number
  /** At most 15 bytes of MAC commands. */
  readonly fOpts: Uint8Array
  /** 0: `payload` is MAC commands under the network's key. Undefined: there is no payload. */
  readonly fPort: number | undefined
  readonly payload: Uint8Array
}

/** An EUI goes over the air with its last byte first; everywhere else it is written as it is printed. */
export function putEui(bytes: Uint8Array, at: number, eui: Uint8Array): void {
  for (let i = 0; i < 8; i++) bytes[at + i] = eui[7 - i]
}

export function getEui(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.slice(at, at + 8).reverse()
}

/** The type of a frame; DecodeError for what is no LoRaWAN R1 frame. */
export function frameType(phy: Uint8Array): number {
  if (phy.length === 0 || phy.length > PHY_MAX) throw new DecodeError(`a frame of ${phy.length} bytes`)
  if ((phy[0] & 3) !== 0) throw new DecodeError(`major version ${phy[0] & 3}`)
  return phy[0] >> 5
}

export function isDataFrame(type: number): boolean {
  return type >= MType.unconfirmedUp && type <= MType.confirmedDown
}

function typeOf({ up, confirmed }: DataFrame): number {
  if (up) return confirmed ? MType.confirmedUp : MType.unconfirmedUp
  return confirmed ? MType.confirmedDown : MType.unconfirmedDown
}

/** The frame with four bytes of room for the MIC. RangeError for FOpts or a payload that do not fit. */
export function encodeData(frame: DataFrame): Uint8Array {
  const { fOpts, fPort, payload } = frame
  const body = fPort === undefined ? 0 : 1 + payload.length
  const length = FRAME_MIN + fOpts.length + body
  if (fOpts.length > FOPTS_MAX || length > PHY_MAX) throw new RangeError(`${fOpts.length} bytes of FOpts, ${payload.length} of payload`)
  if (fPort === undefined && payload.length > 0) throw new RangeError('a payload needs a port')
  const phy = new Uint8Array(length)
  phy[0] = typeOf(frame) << 5
  putUint32(phy, 1, frame.devAddr)
  phy[5] =
    (frame.adr ? ADR : 0) |
    (frame.up && frame.adrAckRequest ? ADR_ACK_REQUEST : 0) |
    (frame.ack ? ACK : 0) |
    (frame.pending ? PENDING_OR_CLASS_B : 0) |
    fOpts.length
  putUint16(phy, 6, frame.fCnt)
  phy.set(fOpts, 8)
  if (fPort === undefined) return phy
  phy[8 + fOpts.length] = fPort
  phy.set(payload, 9 + fOpts.length)
  return phy
}

/** A data frame; its views are into `phy`. DecodeError for everything else; the MIC is not looked at. */
export function decodeData(phy: Uint8Array): DataFrame {
  const type = frameType(phy)
  if (!isDataFrame(type)) throw new DecodeError(`message type ${type} is no data`)
  const up = type === MType.unconfirmedUp || type === MType.confirmedUp
  if (phy.length < FRAME_MIN) throw new DecodeError(`a data frame of ${phy.length} bytes`)
  const control = phy[5]
  const options = 8 + (control & 15)
  const end = phy.length - MIC_LENGTH
  if (options > end) throw new DecodeError(`${control & 15} bytes of FOpts in a frame of ${phy.length}`)
  const fPort = options < end ? phy[options] : undefined
  if (fPort === 0 && options > 8) throw new DecodeError('MAC commands in FOpts and in the payload')
  return {
    up,
    confirmed: type === MType.confirmedUp || type === MType.confirmedDown,
    devAddr: getUint32(phy, 1),
    adr: (control & ADR) !== 0,
    adrAckRequest: up && (control & ADR_ACK_REQUEST) !== 0,
    ack: (control & ACK) !== 0,
    pending: (control & PENDING_OR_CLASS_B) !== 0,
    fCnt: getUint16(phy, 6),
    fOpts: phy.subarray(8, options),
    fPort,
    payload: phy.subarray(Math.min(options + 1, end), end),
  }
}
