/**
 * Microchip RN2483 (868 MHz) and RN2903 (915 MHz): LoRaWAN modules with commands in words, UART 8N1 at 57,600 baud. Class C needs firmware 1.0.4.
 * Source: RN2483 LoRa technology module command reference, DS40001784; RN2903, DS40001811.
 */
import type { ModemOptions } from '../dialect.ts'
import { ModemLink } from '../modem-link.ts'
import { RNDialect } from './rn-dialect.ts'

export type RNPart = 'RN2483' | 'RN2903'

export class RN2483 extends ModemLink {
  /** RangeError for a region that the module does not know; what the constructor of the port throws is passed on. */
  constructor(part: RNPart, options: ModemOptions) {
    super(new RNDialect(part, options), options)
  }
}
