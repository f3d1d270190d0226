import { ByteReader, ByteWriter, DecodeError } from '../../lib/bytes.ts'
import { crc32 } from '../../lib/crc.ts'
import { CODE_RANGES, checkCodes, type PhaseCodes, type ThreePhaseCodes } from './atm90e32.ts'

/** Of the record's layout; a newer firmware reads all older ones. */
const RECORD_VERSION = 1

/** ICs that have a calibration. Numbers are never used again for something else. */
const IC_NUMBERS = Object.freeze({ ATM90E32: 1 })
export type CalibratedIC = keyof typeof IC_NUMBERS

/** The result of a calibration. */
export interface CalibrationRecord {
  readonly ic: CalibratedIC
  /** When it was made, in seconds of UTC. */
  readonly utc_s: number
  /** The how-manieth calibration of this meter it is: 1 in the factory. */
  readonly change: number
  readonly phases: ThreePhaseCodes
}

const NAMES = Object.keys(CODE_RANGES) as (keyof PhaseCodes)[]
const PHASES = 3
const HEADER = 1 + 1 + 8 + 4 + 1 + 1
/** 96 bytes of codes, 16 before and the CRC-32 after them. */
export const RECORD_LENGTH = HEADER + PHASES * NAMES.length * 4 + 4

/**
 * Big-endian: version, IC, time (8), change (4), count of phases, count of codes per phase, the codes as 32-bit integers in the order of `PhaseCodes`, and
 * CRC-32 over all of it. Errors: FerrarisError `CALIBRATION` for a code that its register cannot hold.
 */
export function encodeCalibration(record: CalibrationRecord): Uint8Array<ArrayBuffer> {
  for (const codes of record.phases) checkCodes(codes)
  const writer = new ByteWriter(RECORD_LENGTH, RECORD_LENGTH)
  writer.uint8(RECORD_VERSION)
  writer.uint8(IC_NUMBERS[record.ic])
  writer.int64(record.utc_s)
  writer.uint32(record.change)
  writer.uint8(PHASES)
  writer.uint8(NAMES.length)
  for (const codes of record.phases) for (const name of NAMES) writer.uint32(codes[name] >>> 0)
  writer.uint32(crc32(writer.view()))
  return writer.copy()
}

/** Errors: DecodeError for a damaged record, one of another version or IC, and one with a code that its register cannot hold. */
export function decodeCalibration(bytes: Uint8Array): CalibrationRecord {
  if (bytes.length !== RECORD_LENGTH) throw new DecodeError(`a calibration has ${RECORD_LENGTH} bytes, not ${bytes.length}`)
  const end = bytes.length - 4
  if (new ByteReader(bytes, end).uint32() !== crc32(bytes, 0, end)) throw new DecodeError('the CRC of the calibration is wrong')
  const reader = new ByteReader(bytes, 0, end)
  const version = reader.uint8()
  if (version !== RECORD_VERSION) throw new DecodeError(`calibration of version ${version}`)
  const number = reader.uint8()
  const ic = (Object.keys(IC_NUMBERS) as CalibratedIC[]).find((name) => IC_NUMBERS[name] === number)
  if (ic === undefined) throw new DecodeError(`calibration of another IC (${number})`)
  const utc_s = reader.uint32() * 0x100000000 + reader.uint32()
  const change = reader.uint32()
  if (reader.uint8() !== PHASES || reader.uint8() !== NAMES.length) throw new DecodeError('calibration of another count of codes')
  return { ic, utc_s, change, phases: [readCodes(reader), readCodes(reader), readCodes(reader)] }
}

function readCodes(reader: ByteReader): PhaseCodes {
  const codes = Object.fromEntries(NAMES.map((name) => [name, reader.uint32() | 0])) as Record<keyof PhaseCodes, number>
  for (const name of NAMES) {
    const [low, high] = CODE_RANGES[name]
    if (codes[name] < low || codes[name] > high) throw new DecodeError(`calibration: ${name} is outside its register`)
  }
  return codes
}
