import type { Random } from '../api/crypto.ts'

/** Three bytes at a time: the generator gives 31 bits. */
const RANGE = 0x1000000

/**
 * The hardware random number generator of the processor, through the SDK's `Math.irandom` (`esp_random`). Espressif counts it as true random numbers while Wi-Fi or
 * Bluetooth is on, or the SAR ADC feeds it; without them it is a pseudo-random generator. On a PC it is that of the C library, and no key may come from it.
 */
export const hardwareRandom: Random = (buffer) => {
  for (let i = 0; i < buffer.length; i += 3) {
    const bits = Math.irandom(RANGE)
    buffer[i] = bits
    if (i + 1 < buffer.length) buffer[i + 1] = bits >> 8
    if (i + 2 < buffer.length) buffer[i + 2] = bits >> 16
  }
}
