import { civilFromDays, MS_PER_DAY, MS_PER_MINUTE } from '../../lib/calendar.ts'
import type { SeededRandom } from '../../lib/random.ts'
import type { Scheduler } from '../scheduler.ts'
import type { Flow } from './flow.ts'

/** A house is looked at so often; a burner that is larger than what is needed runs for a part of the time. */
const SLOT_MS = 600_000
/** Heat that an older house takes on a winter day, in W. Made up, as all of this table is. */
const WINTER_W = 7000
/** Parts of that by month, of 100. */
const MONTHS: readonly number[] = [100, 92, 72, 46, 20, 4, 0, 0, 14, 45, 74, 95]
/** Parts by local hour: the night is turned down. */
const HOURS: readonly number[] = [
  55, 50, 50, 50, 60, 95, 130, 135, 120, 105, 100, 95, 95, 95, 95, 100, 110, 120, 125, 125, 115, 105, 90, 70,
]
/** Hot water: chance of a draw in a slot by local hour, of 1000, and its power. */
const DRAWS: readonly number[] = [5, 5, 0, 0, 5, 60, 220, 260, 180, 90, 60, 60, 80, 60, 50, 50, 60, 90, 140, 160, 140, 120, 80, 30]
const DRAW_W = 20_000
/** A draw lasts a third of a slot. */
const DRAW_PART = 3

export interface HeatingOptions {
  readonly scheduler: Scheduler
  readonly random: SeededRandom
  /** Local standard time ahead of UTC. */
  readonly standardOffset_min: number
  /** What has to flow for a watt of heat, in each meter that the house has: thousandths of its unit per hour. */
  readonly meters: readonly { readonly flow: Flow; readonly rate_per_W: number }[]
  /** The least power of the burner; below it, it switches on and off. 0: district heating, which follows the need. */
  readonly least_W: number
}

const ROOMS = 'rooms'
const WATER = 'hot water'

/** The heat that a house takes over the year: a seeded invention where there is no recording. */
export class Heating {
  readonly #options: HeatingOptions

  constructor(options: HeatingOptions) {
    this.#options = options
    const { scheduler } = options
    const into_us = scheduler.now_us % (SLOT_MS * 1000)
    this.#slot()
    scheduler.after(SLOT_MS * 1000 - into_us, () => this.#slot(), SLOT_MS * 1000)
  }

  #slot(): void {
    const { scheduler, random, standardOffset_min, least_W } = this.#options
    const local_ms = scheduler.now_us / 1000 + standardOffset_min * MS_PER_MINUTE
    const { month } = civilFromDays(Math.floor(local_ms / MS_PER_DAY))
    const hour = Math.floor((local_ms % MS_PER_DAY) / 3_600_000)
    const weather = Math.max(50, 100 + Math.round(10 * random.bell()))
    const need_W = Math.floor((WINTER_W * MONTHS[month - 1] * HOURS[hour] * weather) / 1_000_000)
    this.#burn(need_W, least_W)
    if (random.below(1000) >= DRAWS[hour]) return
    this.#set(WATER, DRAW_W)
    scheduler.after((SLOT_MS / DRAW_PART) * 1000, () => this.#set(WATER, 0))
  }

  #burn(need_W: number, least_W: number): void {
    this.#set(ROOMS, need_W === 0 ? 0 : Math.max(need_W, least_W))
    if (need_W === 0 || need_W >= least_W) return
    this.#options.scheduler.after(Math.floor((SLOT_MS * 1000 * need_W) / least_W), () => this.#set(ROOMS, 0))
  }

  #set(source: string, power_W: number): void {
    for (const { flow, rate_per_W } of this.#options.meters) flow.set(source, power_W * rate_per_W)
  }
}
