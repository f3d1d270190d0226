import { SealedParameters } from '../core/selftest/sealed-parameters.ts'
import { Counter } from '../core/storage/counters.ts'
import { getUint32, setUint32 } from '../core/storage/format.ts'
import type { Storage } from '../core/storage/storage.ts'
import { ascii } from '../lib/ascii.ts'
import { METER_CONSTANT } from './config.ts'
import { ifFlashTakesIt } from './secrets.ts'

/** Number of the last change whose event is in the log. */
const TOLD_KEY = 'metrology.told'
const CONSTANT = 'constant'
const CLASS = 'class'
/** The LED cannot show more, and with less nobody could test a meter in a day; ours. */
const CONSTANT_MIN = 100
const CONSTANT_MAX = 10_000
/** Class of a direct meter, as long as nobody has said otherwise. */
const DEFAULT_CLASS = '1'
const CLASS_MAX = 8

export interface MetrologyParametersOptions {
  readonly storage: Storage
  /** The hardware seal is open at this moment. */
  readonly sealOpen: () => boolean
  /** A change is in flash: for the log. */
  readonly onChange: (number: number) => void
}

/** What the type approval of the meter speaks of, written only while the seal is open. This meter is connected directly: it has no ratios of transformers. */
export class MetrologyParameters {
  readonly sealed: SealedParameters
  readonly #options: MetrologyParametersOptions

  constructor(options: MetrologyParametersOptions) {
    const { storage, sealOpen } = options
    this.#options = options
    this.sealed = new SealedParameters({
      settings: storage.settings,
      sealOpen,
      nextNumber: () => storage.counters.next(Counter.sealedChange),
      onChange: (_name, number) => this.tell(number),
    })
  }

  /** After a start: tells of a change that is in flash, and whose event the end of the supply cut off. */
  resume(): void {
    const { number, intact } = this.sealed
    const told = this.#options.storage.settings.get(TOLD_KEY)
    if (intact && number > (told?.length === 4 ? getUint32(told, 0) : 0)) this.tell(number)
  }

  /** The event first: cut off in between it comes twice, with the same number, and never not at all. */
  private tell(number: number): void {
    const { storage, onChange } = this.#options
    onChange(number)
    const bytes = new Uint8Array(4)
    setUint32(bytes, 0, number)
    ifFlashTakesIt(() => storage.settings.set(TOLD_KEY, bytes))
  }

  /** Imp/kWh of the LED; a change takes effect with the next start. */
  get constant_imp_kWh(): number {
    const stored = this.sealed.get(CONSTANT)
    return stored?.length === 4 ? getUint32(stored, 0) : METER_CONSTANT
  }

  /** False, and nothing changes, for a value that no LED can show. Errors: those of `SealedParameters.set`. */
  setConstant(value: number, utc_s: number): boolean {
    if (value < CONSTANT_MIN || value > CONSTANT_MAX) return false
    const bytes = new Uint8Array(4)
    setUint32(bytes, 0, value)
    this.sealed.set(CONSTANT, bytes, utc_s)
    return true
  }

  /** Accuracy class as the nameplate says it: `1`, `0.5S`, `B`. */
  get accuracyClass(): string {
    const stored = this.sealed.get(CLASS)
    return stored === undefined ? DEFAULT_CLASS : String.fromCharCode(...stored)
  }

  /** False for what is no class. Errors: those of `SealedParameters.set`. */
  setClass(text: string, utc_s: number): boolean {
    if (!/^[0-9A-Z.]+$/.test(text) || text.length > CLASS_MAX) return false
    this.sealed.set(CLASS, ascii(text), utc_s)
    return true
  }
}
