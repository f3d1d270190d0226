import type { Device } from '../../hal/api/device.ts'
import type { ResetReason } from '../../hal/api/watchdog.ts'
import { portableCrypto } from '../../hal/portable/crypto.ts'
import { StandardEvent } from '../../src/core/events/codes.ts'
import { validate } from '../../src/lib/schema-validate.ts'
import { METER_CONFIG, type MeterConfig } from '../../src/meter/config.ts'
import { MeterCore } from '../../src/meter/core.ts'
import { openAfterReset } from '../../src/meter/factory-reset.ts'
import type { NorFlash } from '../../src/world/chips/nor-flash.ts'
import { checkImage, checkLife, checkLogs, checkSettings, checkStart, type Tolerance, WHOLE } from './check.ts'
import { Duties } from './duties.ts'
import type { Expected } from './expected.ts'
import { type Operation, Tap } from './tap.ts'
import { must } from './violation.ts'
import { type PowerWorld, ScriptedSource } from './world.ts'

/** Blocks of the meter's partition and of the spare firmware slot. Small ones, so that every ring goes round within the hour. */
export const METER_BLOCKS = 24
const SPARE_BLOCKS = 8
export const FLASH = Object.freeze({ blocks: METER_BLOCKS + SPARE_BLOCKS, blockLength: 1024, writeAlign: 16 })
const SAVE_INTERVAL_S = 10
/** Seconds that the supply must last until a start is in the log. */
export const SETTLED_S = 6

function configuration(): MeterConfig {
  const result = validate(METER_CONFIG, { profile: { period_min: 1 }, save: { interval_s: SAVE_INTERVAL_S } })
  must(result.ok, () => 'the configuration of the test is not valid')
  return result.value
}

const CONFIGURATION = configuration()

/** No bus behind it: the core is given its metering. */
class NoSPI {
  transfer(): void {}
  read(): never {
    throw new Error('no chip on this bus')
  }
  write(): void {}
  close(): void {}
}

export interface Stage {
  readonly chip: NorFlash
  readonly world: PowerWorld
  readonly expected: Expected
  readonly onOperation?: (operation: Operation) => void
  readonly resetReason?: ResetReason
  /** What may be wrong with the flash. Default: nothing. */
  readonly tolerance?: Tolerance
}

/** One start of the meter and what it lives through until its supply ends. Keeps account of what it promises. */
export class Life {
  readonly stage: Stage
  readonly tolerance: Tolerance
  /** Undefined while the meter starts, and when it never came to its end. */
  core: MeterCore | undefined
  readonly tap: Tap
  readonly #spare: Tap
  duties: Duties | undefined
  /** Counts that the flash gave, and the world's truth at that moment: from then on every count must arrive exactly once. */
  loaded = new Float64Array(0)
  truth = new Float64Array(0)
  readonly started_s: number
  /** Events that speak of damage. */
  memoryErrors = 0
  /** Saves that returned since the start. */
  saves = 0
  /** Bytes that the start read. */
  mount_bytes = 0
  /** Logs to which this start has appended. */
  readonly #appended = new Set<number>()

  constructor(stage: Stage) {
    this.stage = stage
    this.tolerance = stage.tolerance ?? WHOLE
    this.started_s = stage.world.second
    this.tap = new Tap(stage.chip, { firstBlock: 0, blocks: METER_BLOCKS, onOperation: stage.onOperation })
    this.#spare = new Tap(stage.chip, { firstBlock: METER_BLOCKS, blocks: SPARE_BLOCKS, onOperation: stage.onOperation })
  }

  /** Starts the firmware; throws `PowerLoss` when that is cut off. Then checks all that was promised before. */
  start(): void {
    const { expected, world } = this.stage
    const { damage, loss } = this.tolerance
    if (expected.reset !== 'none') this.#reset()
    const before_bytes = this.tap.read_bytes
    const core = new MeterCore({
      device: this.#device(),
      metering: new ScriptedSource(world),
      config: CONFIGURATION,
      onEvent: (log, { sequence, code }) => {
        if (log === 'standard' && code === StandardEvent.memoryNonVolatileError) this.memoryErrors++
        // The small flash has no room for other logs: the standard log takes their events.
        const index = log === 'powerFailure' ? 2 : 1
        const book = expected.books[index]
        // The one that was cut off before this start may be there or not.
        if (loss === true) book.forget(sequence)
        else book.promise(sequence, damage || !this.#appended.has(index) ? 1 : 0)
        this.#appended.add(index)
      },
    })
    this.core = core
    this.mount_bytes = this.tap.read_bytes - before_bytes
    this.loaded = core.energy.counts.slice()
    this.truth = world.truth.slice()
    checkStart(this)
    checkImage(this)
    checkLogs(this)
    checkSettings(this)
    this.#watchSaves(core)
    this.duties = new Duties(core.storage, this.#spare, expected)
    if (!damage) this.duties.check()
  }

  /** A second passes and is checked; `act` is what happens in it. */
  second(act?: (core: MeterCore) => void): void {
    const { world, expected } = this.stage
    const core = this.running()
    const status = world.status
    world.advance()
    if (world.status !== status) core.interrupt()
    act?.(core)
    core.second()
    this.duties?.second(core.clock.now_s())
    expected.learn(core.storage)
    const unsaved_s = world.second - expected.committed_s
    must(unsaved_s <= SAVE_INTERVAL_S || this.tolerance.loss === true, () => `nothing saved for ${unsaved_s} s`)
  }

  /** All invariants of a living meter, at any moment between two seconds. */
  check(): void {
    this.account()
    checkLogs(this)
    checkSettings(this)
    checkLife(this)
  }

  running(): MeterCore {
    must(this.core !== undefined, () => 'the meter does not run')
    return this.core
  }

  /** The application does what was asked for before anything else: configuration and secrets go, the rest stays. */
  #reset(): void {
    const { expected } = this.stage
    const promised = expected.reset === 'promised'
    expected.reset = 'tried'
    const { reset } = openAfterReset(this.tap)
    must(reset === 'settings' || !promised || this.tolerance.damage, () => `a factory reset was asked for and not done: ${reset}`)
    expected.reset = 'none'
    expected.secrets = reset === 'settings' ? [undefined] : [...expected.secrets, undefined]
  }

  /** What the profile has promised can be read off the meter, alive or dead: its numbers only move when an entry is safe. */
  account(): void {
    const book = this.stage.expected.books[0]
    if (this.core !== undefined) book.next = Math.max(book.next, this.core.storage.profile.nextSequence)
  }

  /** From here on it is known which image the flash has promised, and which one was only tried. */
  #watchSaves(core: MeterCore): void {
    const { expected, world } = this.stage
    const { registers } = core.storage
    const save = registers.save.bind(registers)
    // The start has saved what it found.
    const image = new Float64Array(registers.count)
    if (registers.load(image) !== undefined) expected.committed = image
    expected.attempted = expected.committed
    expected.committed_s = world.second
    registers.save = (values, utc_s) => {
      expected.attempted = values.slice()
      save(values, utc_s)
      expected.committed = expected.attempted
      expected.committed_s = world.second
      this.saves++
    }
  }

  #device(): Device {
    const { world, resetReason } = this.stage
    return {
      clock: world,
      timer: { set: () => ({}), clear: () => {} },
      random: (buffer) => buffer.fill(0x5a),
      crypto: portableCrypto,
      flash: this.tap,
      metering: { part: 'ATM90E32', sensor: { io: NoSPI, hz: 1_000_000 } },
      resetReason,
    }
  }
}
