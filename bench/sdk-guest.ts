import { nativeCrypto } from '../hal/esp32/crypto.ts'
import { type Feature, MeterWork } from './meter-work.ts'

/** Functions of `bench/sdk/host.c`, which the compiler of the SDK links in. */
declare function native(name: string): { call(self: undefined, ...parameters: readonly unknown[]): unknown }

/** A start looks through its logs for the first minutes; then half a minute before the next uplink. */
const SETTLE_S = 210
const MINUTE_S = 60

/** What is measured: the names of the rows, and the features with them. */
const SETS: readonly (readonly [string, readonly Feature[]])[] = [
  ['metering', ['core']],
  ['DLMS', ['core', 'dlms']],
  ['LoRaWAN', ['core', 'dlms', 'lorawan']],
]

/** Memory in use. */
interface Use {
  readonly slots: number
  readonly chunks_B: number
}

function use(): Use {
  return { slots: native('budget_slots').call(undefined) as number, chunks_B: native('budget_chunks').call(undefined) as number }
}

function collected(): Use {
  native('budget_collect').call(undefined)
  return use()
}

const less = (a: Use, b: Use): Use => ({ slots: a.slots - b.slots, chunks_B: a.chunks_B - b.chunks_B })
/** Slots have 16 bytes here. */
const bytesOf = ({ slots, chunks_B }: Use): number => 16 * slots + chunks_B

/** The pieces of work of which the largest is the peak. */
function pieces(work: MeterWork, features: readonly Feature[]): (() => void)[] {
  const dlms = [() => work.associate(), () => work.get(), () => work.get()]
  const minutes = [() => work.seconds(MINUTE_S), () => work.seconds(MINUTE_S)]
  const capture = [() => work.align(), () => work.seconds(1)]
  return [...minutes, ...(features.includes('dlms') ? dlms : []), ...capture]
}

/** At rest, and with everything that the largest piece of work allocates, as if the collector did not run in it. */
function measure(name: string, features: readonly Feature[]): object {
  const work = new MeterWork(nativeCrypto)
  work.configureWith(features)
  const parts = collected()
  work.start()
  work.seconds(SETTLE_S)
  work.check()
  const rest = less(collected(), parts)
  let peak = rest
  for (const piece of pieces(work, features)) {
    collected()
    piece()
    const now = less(use(), parts)
    if (bytesOf(now) > bytesOf(peak)) peak = now
  }
  work.check()
  return { name, rest, peak }
}

const engine = collected()
const sets = SETS.map(([name, features]) => measure(name, features))
native('budget_print').call(undefined, JSON.stringify({ engine, sets }))
