/**
 * RAK3172 (STM32WLE5): LoRaWAN module with RUI3 firmware, UART 8N1 at 115,200 baud.
 * Source: RAKwireless RUI3 AT command manual; events as firmware 3.x documents them and as 4.x sends them.
 */
import type { ModemOptions } from '../dialect.ts'
import { ModemLink } from '../modem-link.ts'
import { Rui3 } from './rui3.ts'

export class RAK3172 extends ModemLink {
  /** RangeError for a region that the module does not know; what the constructor of the port throws is passed on. */
  constructor(options: ModemOptions) {
    super(new Rui3(options), options)
  }
}
