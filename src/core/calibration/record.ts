import { ByteReader, ByteWriter, DecodeError } from '../../lib/bytes.ts'
import { crc32 } from '../../lib/crc.ts'
import { type CalibratedIC, CODE_RANGES, type CodesOf, checkCodes, type PhaseCodes } from './codes.ts'

/** Of the record's layout; a newer firmware reads all older ones. */
const RECORD_VERSION = 1

/** ICs that have a calibration, with their phases or channels. Numbers are never used again for something else. */
const ICS: Readonly<Record<CalibratedIC, { readonly number: number; readonly phases: number }>> = Object.freeze({
  ATM90E32: Object.freeze({ number: 1, phases: 3 }),
  ADE7953: Object.freeze({ number: 2, phases: 2 }),
  BL0942: Object.freeze({ number: 3, phases: 1 }),
  CSE7766: Object.freeze({ number: 4, phases: 1 }),
})

/** The result of a calibration. */
export interface CalibrationRecord<IC extends CalibratedIC = CalibratedIC> {
  readonly ic: IC
  /** When it was made, in seconds of UTC. */
  readonly utc_s: number
  /** The how-manieth calibration of this meter it is: 1 in the factory. */
  readonly change: number
  readonly phases: CodesOf[IC]
}

/** In the order in which they are stored. */
const NAMES = [
  ...(['voltageGain', 'currentGain', 'voltageOffset', 'currentOffset'] as const),
  ...(['activeOffset', 'reactiveOffset', 'powerGain', 'phaseDelay'] as const),
]
const HEADER = 1 + 1 + 8 + 4 + 1 + 1
const CRC = 4

/** 16 bytes, 32 for each phase or channel, and the CRC-32: 116 for the ATM90E32, 84 for the ADE7953, 52 for one phase. */
export function recordLengthOf(ic: CalibratedIC): number {
  return HEADER + ICS[ic].phases * NAMES.length * 4 + CRC
}

/**
 * Big-endian: version, IC, time (8), change (4), count of phases, count of codes per phase, the codes as 32-bit integers in the order of `NAMES`, and
 * CRC-32 over all of it. Errors: FerrarisError `CALIBRATION` for a code that its register cannot hold.
 */
export function encodeCalibration(record: CalibrationRecord): Uint8Array<ArrayBuffer> {
  const { ic, phases } = record
  for (const codes of phases) checkCodes(ic, codes)
  const length = recordLengthOf(ic)
  const writer = new ByteWriter(length, length)
  writer.uint8(RECORD_VERSION)
  writer.uint8(ICS[ic].number)
  writer.int64(record.utc_s)
  writer.uint32(record.change)
  writer.uint8(phases.length)
  writer.uint8(NAMES.length)
  for (const codes of phases) for (const name of NAMES) writer.uint32(codes[name] >>> 0)
  writer.uint32(crc32(writer.view()))
  return writer.copy()
}

/** Errors: DecodeError for a damaged record, one of another version or IC, and one with a code that its register cannot hold. */
export function decodeCalibration(bytes: Uint8Array): CalibrationRecord {
  if (bytes.length < HEADER + CRC) throw new DecodeError(`${bytes.length} bytes are no calibration`)
  const end = bytes.length - CRC
  if (new ByteReader(bytes, end).uint32() !== crc32(bytes, 0, end)) throw new DecodeError('the CRC of the calibration is wrong')
  const reader = new ByteReader(bytes, 0, end)
  const version = reader.uint8()
  if (version !== RECORD_VERSION) throw new DecodeError(`calibration of version ${version}`)
  const number = reader.uint8()
  const ic = (Object.keys(ICS) as CalibratedIC[]).find((name) => ICS[name].number === number)
  if (ic === undefined) throw new DecodeError(`calibration of another IC (${number})`)
  if (bytes.length !== recordLengthOf(ic))
    throw new DecodeError(`a calibration of an ${ic} has ${recordLengthOf(ic)} bytes, not ${bytes.length}`)
  const utc_s = reader.uint32() * 0x100000000 + reader.uint32()
  const change = reader.uint32()
  const count = reader.uint8()
  if (count !== ICS[ic].phases || reader.uint8() !== NAMES.length) throw new DecodeError('calibration of another count of codes')
  const phases = Array.from({ length: count }, () => readCodes(ic, reader))
  return { ic, utc_s, change, phases: phases as unknown as CodesOf[CalibratedIC] }
}

function readCodes(ic: CalibratedIC, reader: ByteReader): PhaseCodes {
  const codes = Object.fromEntries(NAMES.map((name) => [name, reader.uint32() | 0])) as Record<keyof PhaseCodes, number>
  for (const name of NAMES) {
    const [low, high] = CODE_RANGES[ic][name]
    if (codes[name] < low || codes[name] > high) throw new DecodeError(`calibration: ${name} is outside its register`)
  }
  return codes
}
