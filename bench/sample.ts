import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { FREEZE_BUILT_INS } from '../src/cli/xs/freeze.ts'
import { type Meter, XsnapWorker } from '../src/cli/xs/xsnap-worker.ts'
import { type Bench, rate } from './harness.ts'
import { SampleWork } from './sample-work.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const BUNDLE = 'build/xs-bench/sample-guest.js'
/** Byte codes that an ESP32 runs in a second, within a factor of two. */
const ESP32_PER_S = 4_000_000
const COUNT = 200

/** Nanoseconds of one piece of work on the engine of this process. */
function time_ns(choose: (work: SampleWork) => (count: number) => void): number {
  const work = choose(new SampleWork())
  const perSecond = rate(() => {
    work(1000)
    return 1000
  })
  return 1e9 / perSecond
}

/** The same work inside XS. */
class Guest {
  readonly #worker = new XsnapWorker()

  async start(): Promise<void> {
    execFileSync(process.execPath, ['scripts/build-xs.mjs', 'bench/sample-guest.ts', BUNDLE], { cwd: ROOT })
    await this.#worker.evaluate(FREEZE_BUILT_INS)
    await this.#worker.evaluate(readFileSync(`${ROOT}/${BUNDLE}`, 'utf8'))
  }

  async run(name: string, count: number): Promise<Meter> {
    const { meter } = await this.#worker.issueCommand(Uint8Array.of(name.charCodeAt(0), count >> 8, count & 0xff))
    return meter
  }

  /** Byte codes of one piece of work. */
  async compute(name: string, count: number): Promise<number> {
    const idle = await this.run('n', 0)
    const busy = await this.run(name, count)
    return (busy.compute - idle.compute) / count
  }

  close(): Promise<void> {
    return this.#worker.close()
  }
}

async function inside(measure: (guest: Guest) => Promise<number>): Promise<number> {
  const guest = new Guest()
  try {
    await guest.start()
    // Away from every end of a period.
    await guest.run('a', 0)
    await guest.run('c', 30)
    return await measure(guest)
  } finally {
    await guest.close()
  }
}

/** Slots that a second leaves behind for the garbage collector, beside those of the command that asks. */
async function slots(guest: Guest): Promise<number> {
  const left = async (count: number): Promise<number> => {
    const before = await guest.run('c', count)
    const after = await guest.run('c', count)
    return after.currentHeapCount - before.currentHeapCount
  }
  return ((await left(COUNT)) - (await left(0))) / COUNT
}

/** The second that ends a capture period, without what every second costs. */
async function capture(guest: Guest): Promise<number> {
  const second = await guest.compute('c', COUNT)
  await guest.run('a', 0)
  return (await guest.compute('c', 1)) - second
}

const micro_s = (compute: number) => (compute / ESP32_PER_S) * 1e6

function xs(name: string, unit: string, measure: (guest: Guest) => Promise<number>): Bench {
  return { name: `sample.xs.${name}`, unit, run: async () => ({ value: await inside(measure) }) }
}

const v8: readonly Bench[] = [
  {
    name: 'sample.v8.driver',
    unit: 'ns per sample of the ATM90E32',
    isolated: true,
    run: async () => ({ value: time_ns((work) => (count) => work.samples(count)) }),
  },
  {
    name: 'sample.v8.second',
    unit: 'ns per second of the core, sample included',
    isolated: true,
    run: async () => ({ value: time_ns((work) => (count) => work.seconds(count)) }),
  },
]

export const benches: readonly Bench[] = [
  ...v8,
  xs('driver', 'byte codes per sample of the ATM90E32', (guest) => guest.compute('s', COUNT)),
  xs('second', 'byte codes per second of the core, sample included', (guest) => guest.compute('c', COUNT)),
  xs('esp32', 'us per second of the core on an ESP32, estimated', async (guest) => micro_s(await guest.compute('c', COUNT))),
  xs('slots', 'slots left behind per second', slots),
  xs('capture', 'byte codes per profile entry, image included', capture),
  xs('capture.esp32', 'us per profile entry on an ESP32, estimated', async (guest) => micro_s(await capture(guest))),
]
