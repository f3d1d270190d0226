import type { ADE7953Energy } from './ade7953-energy.ts'
import type { ADE7953Measurement } from './ade7953-measurement.ts'
import { Address, Irq } from './ade7953-registers.ts'

/** A new level of pin IRQ: 0 while an enabled event waits to be read. */
export type IrqCallback = (level: 0 | 1) => void

/** "Zero-Crossing Timeout": one LSB of ZXTOUT is 256 cycles of 3.58 MHz. */
const ZXTOUT_US = 256 / 3.58
/** Half cycles of an absent voltage have the length of those before. */
const HALF_PERIOD_US = 10_000
/** No-load bits of ACCMODE (table 21) by quantity: active A, B, reactive A, B, apparent A, B. */
const NOLOAD_BITS = [16, 19, 18, 21, 17, 20] as const

/** A condition that has to last: reported once each time. */
interface Excursion {
  on: boolean
  since_us: number
  reported: boolean
}

function createExcursion(): Excursion {
  return { on: false, since_us: 0, reported: false }
}

/** IRQSTATA and IRQSTATB, which latch events until they are read with reset, the read-only half of ACCMODE, and the pin. */
export class ADE7953States {
  readonly #registers: Float64Array
  readonly #measurement: ADE7953Measurement
  readonly #energy: ADE7953Energy
  readonly #interrupt: IrqCallback | undefined
  readonly #sag = createExcursion()
  /** No crossings on voltage, current A, current B. */
  readonly #silent: readonly [Excursion, Excursion, Excursion] = [createExcursion(), createExcursion(), createExcursion()]
  /** By quantity: below the no-load threshold; negative. */
  noLoad = 0
  #signs = 0
  #halfPeriod_us = HALF_PERIOD_US
  /** Crossings and waveform samples appear this long after the last reset of the status. */
  #cleared_us = 0
  #level: 0 | 1 = 1

  constructor(registers: Float64Array, measurement: ADE7953Measurement, energy: ADE7953Energy, interrupt: IrqCallback | undefined) {
    this.#registers = registers
    this.#measurement = measurement
    this.#energy = energy
    this.#interrupt = interrupt
  }

  reset(now_us: number): void {
    for (const excursion of [this.#sag, ...this.#silent]) Object.assign(excursion, createExcursion())
    this.noLoad = 0
    this.#signs = 0
    this.#cleared_us = now_us
    this.#registers[Address.IRQSTATA] = 0
    this.#registers[Address.IRQSTATB] = 0
    this.drive()
  }

  /** Raises bits of IRQSTATA. */
  raise(bits: number): void {
    this.#registers[Address.IRQSTATA] = this.#registers[Address.IRQSTATA] | bits
    this.drive()
  }

  /** A read with reset of IRQSTATA (0) or IRQSTATB (1). */
  clear(group: 0 | 1, now_us: number): void {
    this.#registers[group === 0 ? Address.IRQSTATA : Address.IRQSTATB] = 0
    if (group === 0) this.#cleared_us = now_us
    this.drive()
  }

  /** Read-only bits of ACCMODE. */
  get mode(): number {
    let bits = 0
    for (let i = 0; i < NOLOAD_BITS.length; i++) if (this.noLoad & (1 << i)) bits |= 1 << NOLOAD_BITS[i]
    return bits | (this.#signs << 10)
  }

  /** Inputs, thresholds or gains changed at `changed_us`. */
  changed(changed_us: number): void {
    const registers = this.#registers
    const measurement = this.#measurement
    if (measurement.frequency_Hz > 0) this.#halfPeriod_us = 500_000 / measurement.frequency_Hz
    const watches = registers[Address.SAGCYC] > 0 && registers[Address.SAGLVL] > 0
    follow(this.#sag, watches && measurement.voltagePeak < registers[Address.SAGLVL], changed_us)
    follow(this.#silent[0], !measurement.crossing, changed_us)
    follow(this.#silent[1], !measurement.crossingOf(0), changed_us)
    follow(this.#silent[2], !measurement.crossingOf(1), changed_us)
    this.#peaks()
  }

  /** Thresholds of what the accumulators get, by quantity; a new set of bits raises events. */
  powers(noLoad: number, signs: number): void {
    const began = noLoad & ~this.noLoad
    // A sign stays while there is no load ("Sign Indication").
    const shown = (signs & ~noLoad) | (this.#signs & noLoad)
    const turned = (shown ^ this.#signs) & 0x0f
    this.noLoad = noLoad
    this.#signs = shown & 0x0f
    for (let i = 0; i < NOLOAD_BITS.length; i++) {
      if (began & (1 << i)) this.#latch(i & 1, Irq.NOLOAD << (i >> 1))
      if (turned & (1 << i)) this.#latch(i & 1, Irq.SIGN << (i >> 1))
    }
  }

  /** Brings the status to `now_us`. */
  evaluate(now_us: number): void {
    const registers = this.#registers
    const { raised } = this.#energy
    this.#latch(0, raised[0])
    this.#latch(1, raised[1])
    raised.fill(0)
    if (due(this.#sag, registers[Address.SAGCYC] * this.#halfPeriod_us, now_us)) this.#latch(0, Irq.Sag)
    const timeout_us = registers[Address.ZXTOUT] * ZXTOUT_US
    if (due(this.#silent[0], timeout_us, now_us)) this.#latch(0, Irq.ZXTO)
    if (due(this.#silent[1], timeout_us, now_us)) this.#latch(0, Irq.ZXTO_I)
    if (due(this.#silent[2], timeout_us, now_us)) this.#latch(1, Irq.ZXTO_I)
    this.#cyclic(now_us)
    this.drive()
  }

  /** Pin IRQ: the reset event cannot be disabled (table 22). */
  drive(): void {
    const enabled = this.#registers[Address.IRQENA] | Irq.Reset
    const level = (this.#registers[Address.IRQSTATA] & enabled) !== 0 ? 0 : 1
    if (level === this.#level) return
    this.#level = level
    this.#interrupt?.(level)
  }

  /** What happens all the time is there when somebody looks; it moves the pin no earlier than that. */
  #cyclic(now_us: number): void {
    if (now_us > this.#cleared_us) this.#latch(0, Irq.WSMP)
    if (now_us - this.#cleared_us < this.#halfPeriod_us) return
    const { crossing } = this.#measurement
    if (crossing) this.#latch(0, Irq.ZXV)
    if (crossing && this.#measurement.crossingOf(0)) this.#latch(0, Irq.ZX_I)
    if (crossing && this.#measurement.crossingOf(1)) this.#latch(1, Irq.ZX_I)
  }

  #peaks(): void {
    const registers = this.#registers
    const { voltagePeak, channels } = this.#measurement
    this.#hold(Address.VPEAK, voltagePeak)
    this.#hold(Address.VPEAK + 2, channels[0].peak)
    this.#hold(Address.VPEAK + 4, channels[1].peak)
    if (voltagePeak > registers[Address.OVLVL]) this.#latch(0, Irq.OV)
    if (channels[0].peak > registers[Address.OILVL]) this.#latch(0, Irq.OI)
    if (channels[1].peak > registers[Address.OILVL]) this.#latch(1, Irq.OI)
  }

  #hold(address: number, peak: number): void {
    this.#registers[address] = Math.max(this.#registers[address], Math.min(0xffffff, Math.round(peak)))
  }

  #latch(group: number, bits: number): void {
    const address = group === 0 ? Address.IRQSTATA : Address.IRQSTATB
    this.#registers[address] = this.#registers[address] | bits
  }
}

function follow(excursion: Excursion, on: boolean, since_us: number): void {
  if (excursion.on === on) return
  excursion.on = on
  excursion.since_us = since_us
  excursion.reported = false
}

/** Only once. */
function due(excursion: Excursion, after_us: number, now_us: number): boolean {
  if (!excursion.on || excursion.reported || now_us < excursion.since_us + after_us) return false
  excursion.reported = true
  return true
}
