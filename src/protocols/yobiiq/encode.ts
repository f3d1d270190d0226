import { ByteWriter } from '../../lib/bytes.ts'
import { Channel, Measurement, type MeasurementName } from './types-table.ts'

/** A measurement in the unit of its type. */
export type Reading = readonly [MeasurementName, number]

/** Bytes that a measurement takes. */
function readingLength(name: MeasurementName): number {
  return 2 + Measurement[name].size
}

/** A counter shows its low 32 bits, as the device does; what a signed type cannot hold becomes its largest value. */
function limited(value: number, size: number, isSigned: boolean): number {
  const whole = Math.round(value)
  const range = 2 ** (8 * size)
  if (!isSigned) return whole % range
  return Math.max(-range / 2, Math.min(range / 2 - 1, whole)) + (whole < 0 ? range : 0)
}

/** An uplink of measurements in the order given. */
export function encodeReadings(readings: readonly Reading[]): Uint8Array {
  const writer = new ByteWriter(64, 1024)
  for (const [name, value] of readings) {
    const { type, size, signed } = Measurement[name]
    writer.uint8(Channel.measurement)
    writer.uint8(type)
    const fitted = limited(value, size, signed)
    for (let i = size - 1; i >= 0; i--) writer.uint8(Math.floor(fitted / 2 ** (8 * i)) & 0xff)
  }
  return writer.copy()
}

/**
 * Uplinks that say the same in pieces of at most `room` bytes, the first readings first. `head` (index, time) is repeated in each, so that each stands for itself; where
 * it would leave no room for the first reading there is none, and the moment of the uplink is the time. Readings that do not fit are left out.
 */
export function splitReadings(head: readonly Reading[], readings: readonly Reading[], room: number): Uint8Array[] {
  if (readings.length === 0) return []
  const lengthOf = (list: readonly Reading[]): number => list.reduce((sum, [name]) => sum + readingLength(name), 0)
  const first = lengthOf(head) + readingLength(readings[0][0]) <= room ? head : []
  const fixed = lengthOf(first)
  const pieces: Reading[][] = []
  let left = 0
  for (const reading of readings) {
    const length = readingLength(reading[0])
    if (fixed + length > room) continue
    if (length > left) {
      pieces.push([...first])
      left = room - fixed
    }
    pieces[pieces.length - 1].push(reading)
    left -= length
  }
  return pieces.map(encodeReadings)
}
