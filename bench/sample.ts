import { type Bench, rate } from './harness.ts'
import { SampleWork } from './sample-work.ts'
import { COUNT, capture, garbage, insideSample } from './sample-xs.ts'
import { esp32_us, type XsGuest } from './xs-guest.ts'

/** Nanoseconds of one piece of work on the engine of this process. */
function time_ns(choose: (work: SampleWork) => (count: number) => void): number {
  const work = choose(new SampleWork())
  const perSecond = rate(() => {
    work(1000)
    return 1000
  })
  return 1e9 / perSecond
}

function xs(name: string, unit: string, measure: (guest: XsGuest) => Promise<number>): Bench {
  return { name: `sample.xs.${name}`, unit, run: async () => ({ value: await insideSample(measure) }) }
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
  xs('esp32', 'us per second of the core on an ESP32, estimated', async (guest) => esp32_us(await guest.compute('c', COUNT))),
  xs('slots', 'slots left behind per second', async (guest) => (await garbage(guest, 'c', COUNT)) / COUNT),
  xs('capture', 'byte codes per profile entry, image included', (guest) => capture(guest)),
  xs('capture.esp32', 'us per profile entry on an ESP32, estimated', async (guest) => esp32_us(await capture(guest))),
]
