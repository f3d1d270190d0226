import { ByteWriter, DecodeError } from '../../lib/bytes.ts'
import { encodeRequest, type MeterRequest, REQUEST_PORT } from '../../protocols/meter-request/codec.ts'
import { Channel, Info, Measurement, type MeasurementName, Port } from '../../protocols/yobiiq/types-table.ts'

export interface MeterDownlink {
  readonly fPort: number
  readonly payload: Uint8Array
}

type Fields = Readonly<Record<string, unknown>>

function wholeNumber(fields: Fields, name: string, min: number, max: number): number {
  const value = fields[name]
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max)
    throw new DecodeError(`object.${name}: ${JSON.stringify(value)}, allowed is ${min} to ${max}`)
  return value
}

function flag(fields: Fields, name: string): boolean {
  const value = fields[name]
  if (typeof value !== 'boolean') throw new DecodeError(`object.${name}: ${JSON.stringify(value)}, allowed are true and false`)
  return value
}

function texts(fields: Fields, name: string): readonly string[] {
  const value = fields[name]
  if (!Array.isArray(value) || value.length === 0 || value.some((item) => typeof item !== 'string'))
    throw new DecodeError(`object.${name}: ${JSON.stringify(value)}, allowed is a list of names`)
  return value
}

function typesOf(names: readonly string[]): number[] {
  return names.map((name) => {
    const row = Measurement[name as MeasurementName]
    if (row === undefined) throw new DecodeError(`object: no measurement ${name}`)
    return row.type
  })
}

/** Commands, several of which may stand in one downlink. */
const COMMANDS: Readonly<Record<string, (writer: ByteWriter, fields: Fields) => void>> = Object.freeze({
  relay: (writer: ByteWriter, fields: Fields) => writer.write(Uint8Array.of(0x07, 0x48, flag(fields, 'relay') ? 1 : 0)),
  interval_min: (writer: ByteWriter, fields: Fields) =>
    writer.write(Uint8Array.of(Channel.info, Info.interval_min, wholeNumber(fields, 'interval_min', 1, 255))),
  reports: (writer: ByteWriter, fields: Fields) => writer.write(Uint8Array.of(Channel.info, Info.status, flag(fields, 'reports') ? 1 : 0)),
  limit_W: (writer: ByteWriter, fields: Fields) => {
    writer.write(Uint8Array.of(0x01, 0x34))
    writer.uint16(wholeNumber(fields, 'limit_W', 0, 0xffff))
  },
  restart: (writer: ByteWriter, fields: Fields) => {
    if (!flag(fields, 'restart')) throw new DecodeError('object.restart: false')
    writer.write(Uint8Array.of(Channel.info, Info.power, 1))
  },
  // Takes the rest of the downlink, so it is the last.
  measurements: (writer: ByteWriter, fields: Fields) =>
    writer.write(Uint8Array.of(Channel.info, Info.measurements, ...typesOf(texts(fields, 'measurements')))),
})

function requestOf(fields: Fields): MeterRequest | undefined {
  const id = fields.id === undefined ? 0 : wholeNumber(fields, 'id', 0, 15)
  if (fields.read !== undefined) return { kind: 'registers', id, codes: texts(fields, 'read') }
  if (fields.readMeasurements !== undefined) return { kind: 'types', id, types: typesOf(texts(fields, 'readMeasurements')) }
  if (fields.profile !== undefined) {
    const range = (fields.profile ?? {}) as Fields
    return { kind: 'profile', id, from_s: wholeNumber(range, 'from', 0, 0xffffffff), to_s: wholeNumber(range, 'to', 0, 0xffffffff) }
  }
  if (fields.cancel !== undefined && flag(fields, 'cancel')) return { kind: 'cancel', id }
  return undefined
}

/** The downlink that an object in words stands for. DecodeError for what cannot be said. */
export function downlinkOf(fields: Fields): MeterDownlink {
  const request = requestOf(fields)
  const known = request === undefined ? Object.keys(COMMANDS) : ['id', 'read', 'readMeasurements', 'profile', 'cancel']
  const stranger = Object.keys(fields).find((name) => !known.includes(name))
  if (stranger !== undefined) throw new DecodeError(`object.${stranger}: not known here, known are ${known.join(', ')}`)
  try {
    if (request !== undefined) return { fPort: REQUEST_PORT, payload: encodeRequest(request) }
    const writer = new ByteWriter(32, 242)
    for (const [name, write] of Object.entries(COMMANDS)) if (fields[name] !== undefined) write(writer, fields)
    if (writer.length === 0) throw new DecodeError(`object: empty, known are ${known.join(', ')}`)
    return { fPort: Port.info, payload: writer.copy() }
  } catch (error) {
    if (error instanceof RangeError) throw new DecodeError(`object: ${error.message}`)
    throw error
  }
}
