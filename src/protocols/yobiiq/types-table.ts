/**
 * Data types of the Yobiiq EM2101 (one phase, relay) and EM4301 (three phases) meters, as their published payload codecs read them: the codecs stand in the device
 * repositories of The Things Network (Apache-2.0) and ChirpStack (MIT), so that a network server decodes these uplinks without anybody's help.
 */

/** A stream of channel, type and value; values are big-endian. */
export interface DataType {
  readonly type: number
  /** Bytes. */
  readonly size: 1 | 2 | 4
  readonly signed: boolean
}

const unsigned = (type: number, size: DataType['size'] = 4): DataType => Object.freeze({ type, size, signed: false })
const signed = (type: number, size: DataType['size'] = 4): DataType => Object.freeze({ type, size, signed: true })

/** Ports 1 to 10. */
export const Measurement = Object.freeze({
  index: unsigned(0x00),
  /** Unix time in s. */
  timestamp: unsigned(0x01),
  /** Unix time of a value of the past. */
  loggedTimestamp: unsigned(0x03),
  /** Wh; two rates. */
  activeImportT1: unsigned(0x04),
  activeImportT2: unsigned(0x05),
  activeExportT1: unsigned(0x06),
  activeExportT2: unsigned(0x07),
  /** varh. */
  reactiveImportT1: unsigned(0x08),
  reactiveImportT2: unsigned(0x09),
  reactiveExportT1: unsigned(0x0a),
  reactiveExportT2: unsigned(0x0b),
  /** 0.1 V. */
  voltageL1: signed(0x0c),
  voltageL2: signed(0x0d),
  voltageL3: signed(0x0e),
  /** mA. */
  currentL1: signed(0x10),
  currentL2: signed(0x11),
  currentL3: signed(0x12),
  /** W. */
  activePower: signed(0x13),
  activePowerL1: signed(0x14),
  activePowerL2: signed(0x15),
  activePowerL3: signed(0x16),
  /** var, VA. */
  reactivePowerL1: signed(0x17),
  reactivePowerL2: signed(0x18),
  reactivePowerL3: signed(0x19),
  apparentPowerL1: signed(0x1a),
  apparentPowerL2: signed(0x1b),
  apparentPowerL3: signed(0x1c),
  /** 0.01. */
  powerFactorL1: signed(0x1d, 1),
  powerFactorL2: signed(0x1e, 1),
  powerFactorL3: signed(0x1f, 1),
  /** 0.01 degrees. */
  phaseAngleL1: signed(0x20, 2),
  phaseAngleL2: signed(0x21, 2),
  phaseAngleL3: signed(0x22, 2),
  /** 0.01 Hz. */
  frequency: signed(0x23, 2),
})

export type MeasurementName = keyof typeof Measurement

export const Port = Object.freeze({
  measurement: 1,
  /** State of the relay, EM2101. */
  change: 11,
  /** Basic information, settings, result of a downlink. */
  info: 50,
})

/** Channel of measurements; of settings and information; of events. */
export const Channel = Object.freeze({ measurement: 0x01, info: 0xff, event: 0xfd })

/** Types on channel 0xff. */
export const Info = Object.freeze({
  hardwareVersion: 0x09,
  firmwareVersion: 0x0a,
  power: 0x0b,
  deviceClass: 0x0f,
  interval_min: 0x14,
  mode: 0x15,
  status: 0x16,
  measurements: 0x17,
})
