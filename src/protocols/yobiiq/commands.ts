import { ByteReader, DecodeError } from '../../lib/bytes.ts'
import { Channel, Info, Measurement, type MeasurementName } from './types-table.ts'

/** What a downlink asks for. */
export type Command =
  | { readonly type: 'relay'; readonly closed: boolean }
  | { readonly type: 'restart' }
  | { readonly type: 'interval'; readonly interval_min: number }
  | { readonly type: 'periodic'; readonly active: boolean }
  | { readonly type: 'measurements'; readonly names: readonly MeasurementName[] }
  /** A limit of the load; current or power. */
  | { readonly type: 'currentLimit'; readonly limit_A: number }
  | { readonly type: 'powerLimit'; readonly limit_W: number }

/** Channels of an EM2101. */
const RELAY = 0x07
const LIMITS = 0x01
const RELAY_STATE = 0x48
const DYNAMIC_CURRENT = 0x32
const DYNAMIC_POWER = 0x34

function nameOf(type: number): MeasurementName {
  for (const [name, row] of Object.entries(Measurement)) if (row.type === type) return name as MeasurementName
  throw new DecodeError(`measurement type ${type}`)
}

function infoCommand(reader: ByteReader): Command {
  const type = reader.uint8()
  if (type === Info.power) {
    if (reader.uint8() !== 1) throw new DecodeError('restart takes 1')
    return { type: 'restart' }
  }
  if (type === Info.interval_min) {
    const interval_min = reader.uint8()
    if (interval_min === 0) throw new DecodeError('an interval of 0 minutes')
    return { type: 'interval', interval_min }
  }
  if (type === Info.status) return { type: 'periodic', active: reader.uint8() === 1 }
  if (type === Info.measurements) {
    const types = [...reader.take(reader.remaining)]
    return { type: 'measurements', names: types.map(nameOf) }
  }
  throw new DecodeError(`setting ${type}`)
}

/** Commands of one downlink. DecodeError when one of them is not understood: then none of them shall be done. */
export function decodeCommands(bytes: Uint8Array): Command[] {
  const reader = new ByteReader(bytes)
  const commands: Command[] = []
  while (reader.remaining > 0) {
    const channel = reader.uint8()
    if (channel === Channel.info && reader.remaining > 0 && reader.peek() === Info.mode) {
      // 0: all measurements in one package, which is what is done anyway.
      reader.uint8()
      reader.uint8()
    } else if (channel === Channel.info) commands.push(infoCommand(reader))
    else {
      const type = reader.uint8()
      if (channel === RELAY && type === RELAY_STATE) commands.push({ type: 'relay', closed: reader.uint8() === 1 })
      else if (channel === LIMITS && type === DYNAMIC_CURRENT) commands.push({ type: 'currentLimit', limit_A: reader.uint16() / 10 })
      else if (channel === LIMITS && type === DYNAMIC_POWER) commands.push({ type: 'powerLimit', limit_W: reader.uint16() })
      else throw new DecodeError(`channel ${channel}, type ${type}`)
    }
  }
  if (commands.length === 0) throw new DecodeError('an empty downlink')
  return commands
}
