/**
 * Seeed LoRa-E5 (Wio-E5, STM32WLE5): LoRaWAN module with AT commands, UART 8N1 at 9600 baud.
 * Source: LoRa-E5 AT command specification V1.0, and what its users report of answers that it leaves out.
 */
import type { ModemOptions } from '../dialect.ts'
import { ModemLink } from '../modem-link.ts'
import { E5Dialect } from './e5-dialect.ts'

export class LoRaE5 extends ModemLink {
  /** RangeError for a region that the module does not know; what the constructor of the port throws is passed on. */
  constructor(options: ModemOptions) {
    super(new E5Dialect(options), options)
  }
}
