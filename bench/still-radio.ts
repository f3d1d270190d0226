import type { Crypto } from '../hal/api/crypto.ts'
import type { Bytes, Digital, DigitalConstructor, DigitalOptions, SPI, SPIConstructor } from '../hal/api/io.ts'
import type { LoRaWiring } from '../hal/api/lora.ts'
import type { Timer } from '../hal/api/time.ts'
import { Command, Irq, PRIVATE_SYNC_WORD, Register } from '../src/drivers/radio/sx126x/commands.ts'
import { encodeJoinAccept } from '../src/links/lorawan/security.ts'

const JOIN_REQUEST_LENGTH = 23
const AIRTIME_MS = 60
const INTERRUPT_PIN = 1
const CONTINUOUS = 0xffffff
const TICKS_PER_MS = 64

const ACCEPT = {
  joinNonce: 1,
  netId: 0x13,
  devAddr: 0x26011bda,
  rx1DrOffset: 0,
  rx2DataRate: 0,
  rxDelay_s: 1,
  cfList: undefined,
} as const

const addressIn = (bytes: Bytes): number => (bytes[1] << 8) | bytes[2]

/** An SX1262 that sends into nothing: it ends what it is told to do, and a network answers the join and nothing else. */
export class StillRadio {
  /** Uplinks that were sent, joins not counted. */
  uplinks = 0
  readonly #crypto: Crypto
  readonly #timer: Timer
  readonly #appKey: Uint8Array
  readonly #registers = new Uint8Array(0x1000)
  #sent: Uint8Array = new Uint8Array(0)
  #answer: Uint8Array | undefined
  #irq = 0
  #onInterrupt: (() => void) | undefined

  constructor(crypto: Crypto, timer: Timer, appKey: Uint8Array) {
    this.#crypto = crypto
    this.#timer = timer
    this.#appKey = appKey
  }

  wiring(): LoRaWiring {
    const radio = this
    const Bus: SPIConstructor = class implements SPI {
      transfer(bytes: Bytes): void {
        radio.#transfer(bytes)
      }
      read(): never {
        throw new Error('not used')
      }
      write(): never {
        throw new Error('not used')
      }
      close(): void {}
    }
    const Pin: DigitalConstructor = class implements Digital {
      constructor({ pin, onReadable }: DigitalOptions) {
        if (pin === INTERRUPT_PIN) radio.#onInterrupt = onReadable
      }
      read(): 0 {
        return 0
      }
      write(): void {
        // Only the reset is written.
        radio.#registers.set([PRIVATE_SYNC_WORD >> 8, PRIVATE_SYNC_WORD & 0xff], Register.LoRaSyncWordMsb)
      }
      close(): void {}
    }
    const pin = (pin: number) => ({ io: Pin, pin })
    return {
      part: 'SX1262',
      radio: { io: Bus, hz: 8_000_000 },
      busy: pin(0),
      interrupt: pin(INTERRUPT_PIN),
      reset: pin(2),
      dio2Switch: true,
    }
  }

  #later(irq: number, delay_ms: number): void {
    this.#timer.set(() => {
      this.#irq = irq
      this.#onInterrupt?.()
    }, delay_ms)
  }

  #transfer(bytes: Bytes): void {
    const [command] = bytes
    if (command === Command.WriteBuffer) this.#sent = bytes.slice(2)
    else if (command === Command.WriteRegister) this.#registers.set(bytes.subarray(3), addressIn(bytes))
    else if (command === Command.ReadRegister) bytes[4] = this.#registers[addressIn(bytes)]
    else if (command === Command.SetTx) this.#transmit()
    else if (command === Command.SetRx) this.#receive((bytes[1] << 16) | (bytes[2] << 8) | bytes[3])
    else if (command === Command.GetIrqStatus) bytes.set([this.#irq >> 8, this.#irq & 0xff], 2)
    else if (command === Command.ClearIrqStatus) this.#irq = 0
    else if (command === Command.GetRxBufferStatus) bytes[2] = this.#answer?.length ?? 0
    else if (command === Command.ReadBuffer && this.#answer !== undefined) bytes.set(this.#answer, 3)
  }

  #transmit(): void {
    this.#answer = undefined
    if (this.#sent.length === JOIN_REQUEST_LENGTH) this.#answer = encodeJoinAccept(this.#crypto, this.#appKey, ACCEPT)
    else this.uplinks++
    this.#later(Irq.TxDone, AIRTIME_MS)
  }

  #receive(ticks: number): void {
    if (ticks === CONTINUOUS) return
    if (this.#answer !== undefined) this.#later(Irq.RxDone, AIRTIME_MS)
    else this.#later(Irq.Timeout, ticks / TICKS_PER_MS)
  }
}
