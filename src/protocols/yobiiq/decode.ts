import { ByteReader, DecodeError } from '../../lib/bytes.ts'
import type { Reading } from './encode.ts'
import { Channel, Measurement, type MeasurementName } from './types-table.ts'

/** Measurements of an uplink on a port of 1 to 10, in the units of the table. DecodeError for what is none. */
export function decodeReadings(bytes: Uint8Array): Reading[] {
  const reader = new ByteReader(bytes)
  const readings: Reading[] = []
  while (reader.remaining > 0) {
    const channel = reader.uint8()
    const type = reader.uint8()
    const found = Object.entries(Measurement).find(([, row]) => row.type === type)
    if (channel !== Channel.measurement || found === undefined) throw new DecodeError(`channel ${channel}, type ${type}`)
    const [name, { size, signed }] = found
    let value = 0
    for (const byte of reader.take(size)) value = value * 256 + byte
    const range = 256 ** size
    readings.push([name as MeasurementName, signed && value >= range / 2 ? value - range : value])
  }
  return readings
}
