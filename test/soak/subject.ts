import { VIRTUAL_CONFIG } from '../../boards/virtual/config.ts'
import { Machine } from '../../boards/virtual/machine.ts'
import { hostCrypto } from '../../hal/host/crypto.ts'
import { MemoryFlash } from '../../hal/portable/flash.ts'
import { createMessageNetwork } from '../../hal/portable/sockets.ts'
import { StandardEvent } from '../../src/core/events/codes.ts'
import { SeededRandom } from '../../src/lib/random.ts'
import { validate } from '../../src/lib/schema-validate.ts'
import type { MeterCore } from '../../src/meter/core.ts'
import { checkEvents, checkProfile, LOSSY, WHOLE } from '../power/check.ts'
import { must, Violation } from '../power/violation.ts'
import { householdTrace, traceStart_ms } from '../scenarios/rig.ts'
import { Peers } from './peers.ts'

const SAVE_INTERVALS_S = [10, 30, 60] as const
const PERIODS_MIN = [1, 5, 15] as const
const FLASH_BLOCKS = [32, 64, 512] as const
/** Energy registers of the metering IC, APenergyT first: four quantities of four elements. */
const APENERGY_T = 0x80
const ENERGY_REGISTERS = 16

/** One meter of the fleet, with all that it has promised. */
export class Subject {
  readonly index: number
  readonly random: SeededRandom
  readonly machine: Machine
  readonly peers: Peers
  /** Its flash loses bits and ignores commands, so that entries may be missing. */
  readonly decays: boolean
  readonly period_s: number
  readonly saveInterval_s: number
  /** What happened to it. */
  readonly counts = {
    cuts: 0,
    starts: 0,
    events: 0,
    reads: 0,
    clients: 0,
    disturbances: 0,
    busFaults: 0,
    clockShifts: 0,
    decays: 0,
    crashes: 0,
  }
  violation: string | undefined
  #core: MeterCore | undefined
  #committed: Float64Array | undefined
  #saved_ms = 0
  /** Sequence number after the last event that was told of. */
  #nextEvent = 1
  #read_Wh = -1

  constructor(seed: number, index: number) {
    this.index = index
    this.random = new SeededRandom(seed, 100 + index)
    this.decays = index % 4 === 3
    const pick = <T>(list: readonly T[]): T => list[this.random.below(list.length)]
    this.period_s = 60 * pick(PERIODS_MIN)
    this.saveInterval_s = pick(SAVE_INTERVALS_S)
    const network = createMessageNetwork()
    this.peers = new Peers(network, this.random, (value_Wh) => this.#onRead(value_Wh))
    const config = validate(VIRTUAL_CONFIG, {
      meter: { profile: { period_min: this.period_s / 60 }, save: { interval_s: this.saveInterval_s }, face: { enabled: false } },
      world: { holdUp_ms: pick([0, 20, 100, 500]) },
    })
    must(config.ok, () => 'the configuration of the fleet is not valid')
    this.machine = new Machine({
      config: config.value,
      trace: index % 2 === 0 ? householdTrace() : undefined,
      storage: new MemoryFlash({ blocks: pick(FLASH_BLOCKS) }),
      network,
      crypto: hostCrypto,
      start_ms: traceStart_ms(),
      seed: seed + index,
      speed: Number.POSITIVE_INFINITY,
      onEvent: (log, { sequence, code }) => this.#onEvent(log, sequence, code),
      onCrash: () => this.counts.crashes++,
    })
  }

  get erases(): number {
    return this.machine.flash.wear.reduce((sum, count) => sum + count, 0)
  }

  /** One second of its life. */
  second(): void {
    const { machine } = this
    machine.run(machine.now_ms + 1000)
    machine.observe(machine.now_ms)
    this.peers.exchange((work) => machine.board.run(work))
    must(machine.flash.powered || machine.meter === undefined, () => 'the processor goes on without supply')
    const core = machine.meter?.core
    if (core !== undefined && core !== this.#core) this.#started(core)
    this.#core = core
    if (core !== undefined) this.#checkSecond(core)
  }

  /** Everything that costs more to look at. */
  check(): void {
    const { meter } = this.machine
    if (meter === undefined) return
    checkProfile(meter.core, this.decays ? LOSSY : WHOLE, this.period_s)
    if (!this.decays) checkEvents(meter.core)
    must(this.machine.flash.overwrites === 0 || this.decays, () => 'a unit was programmed twice')
  }

  #started(core: MeterCore): void {
    this.counts.starts++
    const { counts } = core.energy
    const committed = this.#committed
    const fallen = committed === undefined || this.decays ? -1 : counts.findIndex((count, i) => count < committed[i])
    must(fallen < 0, () => `register ${fallen}: ${counts[fallen]} after a start, ${committed?.[fallen]} saved before`)
    this.#saved_ms = this.machine.now_ms
    this.check()
    const { registers } = core.storage
    const save = registers.save.bind(registers)
    registers.save = (values, utc_s) => {
      save(values, utc_s)
      this.#committed = values.slice()
      this.#saved_ms = this.machine.now_ms
    }
  }

  /** What the IC counted is the most that a register may say; what is counted is saved in time; what is logged stays. */
  #checkSecond(core: MeterCore): void {
    const { chip, now_ms } = this.machine
    const { counts } = core.energy
    for (let i = 0; i < ENERGY_REGISTERS; i++) {
      const generated = chip.generated(APENERGY_T + i)
      must(counts[i] <= generated, () => `register ${i}: ${counts[i]} counts, the IC has had ${generated}`)
    }
    const unsaved_s = (now_ms - this.#saved_ms) / 1000
    must(unsaved_s <= this.saveInterval_s + 2 || this.decays, () => `nothing saved for ${unsaved_s} s`)
    const { nextSequence } = core.storage.events
    must(nextSequence >= this.#nextEvent || this.decays, () => `events: ${nextSequence} comes next, ${this.#nextEvent} was promised`)
  }

  #onEvent(log: string, sequence: number, code: number): void {
    this.counts.events++
    if (log !== 'standard') return
    this.#nextEvent = sequence + 1
    if (code === StandardEvent.memoryNonVolatileError && !this.decays) throw new Violation('a memory error on a flash that has none')
  }

  /** A client's value may fall only with a start, and no further than to what was saved. */
  #onRead(value_Wh: number): void {
    this.counts.reads++
    const core = this.machine.meter?.core
    const register_Wh = core?.energy.value(0, 0) ?? value_Wh
    must(value_Wh <= register_Wh, () => `a client read ${value_Wh} Wh, the register says ${register_Wh} Wh`)
    const lost_Wh = this.#read_Wh - value_Wh
    // 69 kW (three phases at 100 A) for one save interval.
    const most_Wh = 1 + (69_000 * this.saveInterval_s) / 3600
    must(lost_Wh <= most_Wh || this.decays, () => `a client read ${this.#read_Wh} Wh and then ${value_Wh} Wh`)
    this.#read_Wh = value_Wh
  }
}
