import { lowDataRate } from '../../../lib/lora-airtime.ts'
import type { FskModulation, LoRaModulation, RadioReception, RadioTransmission } from '../../../lib/lora-radio.ts'
import { LORAWAN_FSK_SYNC_WORD } from '../requests.ts'
import type { Port } from './port.ts'
import { BANDWIDTH_CODE, FSK_BANDWIDTHS, FskRegister, LoRaRegister, PRIVATE_SYNC_WORD, PUBLIC_SYNC_WORD, Register } from './registers.ts'

const CRYSTAL_HZ = 32_000_000
/** Above it the registers of the upper band are used (section 4.1, "LowFrequencyModeOn"). */
const MIDDLE_HZ = 525_000_000
/** Bytes in the FIFO above which FifoLevel stands, half of its 64. */
export const FIFO_THRESHOLD = 31
const ALL_BYTES = 255

export function isLowBand(frequency_Hz: number): boolean {
  return frequency_Hz < MIDDLE_HZ
}

export function setFrequency(port: Port, frequency_Hz: number): void {
  const steps = Math.round((frequency_Hz * 2 ** 19) / CRYSTAL_HZ)
  port.write(Register.FrfMsb, steps >> 16, (steps >> 8) & 0xff, steps & 0xff)
}

/** Sets everything but mode, power and interrupts; `symbols` is the window of a single reception. */
export function tuneLoRa(
  port: Port,
  channel: RadioReception | RadioTransmission,
  modulation: LoRaModulation,
  crc: boolean,
  symbols: number,
): void {
  const { frequency_Hz, preamble, publicNetwork } = channel
  const { spreadingFactor, bandwidth_Hz, codingRate } = modulation
  setFrequency(port, frequency_Hz)
  port.write(
    LoRaRegister.ModemConfig1,
    (BANDWIDTH_CODE[bandwidth_Hz] << 4) | (codingRate << 1),
    (spreadingFactor << 4) | (crc ? 0x04 : 0) | (symbols >> 8),
    symbols & 0xff,
    preamble >> 8,
    preamble & 0xff,
  )
  // Automatic gain.
  port.write(LoRaRegister.ModemConfig3, (lowDataRate(modulation) ? 0x08 : 0) | 0x04)
  const six = spreadingFactor === 6
  // Errata 2.3: bit 7 of DetectOptimize and the intermediate frequency against a spurious reception.
  const wide = bandwidth_Hz === 500_000
  port.write(LoRaRegister.DetectOptimize, (six ? 0x05 : 0x03) | (wide ? 0xc0 : 0x40))
  if (!wide) port.write(LoRaRegister.IfFreq1, 0x40, 0x00)
  port.write(LoRaRegister.DetectionThreshold, six ? 0x0c : 0x0a)
  // Errata 2.1: sensitivity at 500 kHz.
  port.write(LoRaRegister.HighBwOptimize1, wide ? 0x02 : 0x03)
  if (wide) port.write(LoRaRegister.HighBwOptimize2, isLowBand(frequency_Hz) ? 0x7f : 0x64)
  port.write(LoRaRegister.SyncWord, publicNetwork ? PUBLIC_SYNC_WORD : PRIVATE_SYNC_WORD)
}

/** Chirps the other way, on one of the two paths: bit 6 for reception; bit 0 is 0 for transmission. */
export function setInversion(port: Port, inverted: boolean, receiving: boolean): void {
  const bits = inverted ? (receiving ? 0x67 : 0x26) : 0x27
  port.write(LoRaRegister.InvertIq, bits)
  port.write(LoRaRegister.InvertIq2, inverted ? 0x19 : 0x1d)
}

/** GFSK with BT 0.5, whitening and CRC-CCITT as LoRaWAN wants them; packets with a length byte, and a CRC that is judged by software. */
export function tuneFsk(port: Port, channel: RadioReception | RadioTransmission, modulation: FskModulation, crc: boolean): void {
  const { frequency_Hz, preamble } = channel
  const { bitRate_bps, deviation_Hz } = modulation
  setFrequency(port, frequency_Hz)
  const rate = Math.round(CRYSTAL_HZ / bitRate_bps)
  const deviation = Math.round((deviation_Hz * 2 ** 19) / CRYSTAL_HZ)
  port.write(FskRegister.BitrateMsb, rate >> 8, rate & 0xff, deviation >> 8, deviation & 0xff)
  // Carson's rule, one side; AFC one step wider.
  const width_Hz = deviation_Hz + bitRate_bps / 2
  const index = FSK_BANDWIDTHS.findIndex(([one_Hz]) => one_Hz >= width_Hz)
  const narrow = index < 0 ? FSK_BANDWIDTHS.length - 1 : index
  port.write(FskRegister.RxBw, FSK_BANDWIDTHS[narrow][1], FSK_BANDWIDTHS[Math.min(narrow + 1, FSK_BANDWIDTHS.length - 1)][1])
  // Two bytes of preamble start the automatic control of frequency and gain.
  port.write(FskRegister.PreambleDetect, 0xaa)
  port.write(FskRegister.RxConfig, 0x1e)
  port.write(FskRegister.PreambleMsb, preamble >> 8, preamble & 0xff)
  // No automatic restart; the sync word is on.
  port.write(FskRegister.SyncConfig, 0x10 | (LORAWAN_FSK_SYNC_WORD.length - 1), ...LORAWAN_FSK_SYNC_WORD)
  port.write(FskRegister.PacketConfig1, 0x80 | 0x40 | (crc ? 0x10 : 0) | 0x08, 0x40, ALL_BYTES)
  // Transmission begins with the first byte.
  port.write(FskRegister.FifoThresh, 0x80 | FIFO_THRESHOLD)
}

/** Powers of the two outputs (section 5.4.2): RFO 0 to 14 dBm, PA_BOOST 2 to 17 dBm and 20 dBm. */
export const POWER_RANGE = Object.freeze({
  rfo: Object.freeze({ min_dBm: 0, max_dBm: 14 }),
  boost: Object.freeze({ min_dBm: 2, max_dBm: 20 }),
})

export function setPower(port: Port, wanted_dBm: number, boost: boolean): void {
  const { min_dBm, max_dBm } = boost ? POWER_RANGE.boost : POWER_RANGE.rfo
  const power_dBm = Math.max(min_dBm, Math.min(max_dBm, Math.round(wanted_dBm)))
  const high = boost && power_dBm > 17
  // RFO with MaxPower 7 has 15 dBm less what OutputPower leaves out.
  if (!boost) port.write(Register.PaConfig, 0x70 | power_dBm)
  else port.write(Register.PaConfig, 0x80 | 0x70 | (power_dBm - (high ? 5 : 2)))
  port.write(Register.PaDac, high ? 0x87 : 0x84)
  // 140 mA for 20 dBm, else 100 mA.
  port.write(Register.Ocp, high ? 0x31 : 0x2b)
  // Gaussian shaping of FSK with BT 0.5; ramp of 40 µs.
  port.write(Register.PaRamp, 0x49)
}
