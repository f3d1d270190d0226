import { hostCrypto } from '../hal/host/crypto.ts'
import { FEATURES, type Feature } from './meter-work.ts'
import { answerCrypto } from './native-crypto.ts'
import { COUNT, capture, garbage, insideSample } from './sample-xs.ts'
import { bundle, XsGuest } from './xs-guest.ts'

/** Byte codes or slots by the name of the figure; integers, the same in every run. */
export type Figures = Readonly<Record<string, number>>

/** A start looks through its logs for the first minutes; then half a minute before the next uplink, as long after the one before. */
const SETTLE_S = 210
/** Has one end of a minute in it; with LoRaWAN every other one has an uplink. */
const MINUTE_S = 60

/** Measures one meter in an engine of its own. */
class Measurement {
  readonly figures: Record<string, number> = {}
  readonly #guest: XsGuest
  readonly #feature: Feature
  /** Slots of everything that is not the meter. */
  #parts = 0
  #peak = 0

  constructor(guest: XsGuest, feature: Feature) {
    this.#guest = guest
    this.#feature = feature
  }

  async start(source: string): Promise<void> {
    const guest = this.#guest
    await guest.freeze()
    const empty = await guest.slots()
    await guest.load(source)
    const loaded = await guest.slots()
    await guest.run('f', FEATURES.indexOf(this.#feature))
    this.#parts = await guest.slots()
    if (this.#feature === 'core') this.figures['code.slots'] = loaded - empty
    await guest.run('m')
    await guest.run('c', SETTLE_S)
    await guest.run('k')
    this.figures[`${this.#feature}.rest_slots`] = (await guest.slots()) - this.#parts
  }

  /** Byte codes of one of `count` pieces of work. What they allocate counts for the peak, as if the collector did not run in between. */
  async work(name: string, count = 1): Promise<number> {
    await this.#guest.slots()
    const idle = await this.#guest.run('n')
    const busy = await this.#guest.run(name, count)
    this.#peak = Math.max(this.#peak, busy.currentHeapCount - this.#parts)
    return (busy.compute - idle.compute) / count
  }

  note(name: string, compute: number): void {
    this.figures[name] = Math.round(compute)
  }

  end(): Figures {
    this.figures[`${this.#feature}.peak_slots`] = this.#peak
    return this.figures
  }
}

/** What a meter with these features does besides measuring; the figures of the last one are noted. */
async function featureWork(measurement: Measurement, feature: Feature): Promise<void> {
  const has = (name: Feature) => FEATURES.indexOf(feature) >= FEATURES.indexOf(name)
  if (has('dlms')) {
    const associate = await measurement.work('o')
    // The first GET finds things out that the others know.
    await measurement.work('g')
    const get = await measurement.work('g')
    if (feature === 'dlms') measurement.note('dlms.associate_codes', associate)
    if (feature === 'dlms') measurement.note('dlms.get_codes', get)
  }
  if (has('face')) {
    await measurement.work('p')
    const state = await measurement.work('p')
    if (feature === 'face') measurement.note('face.state_codes', state)
  }
}

async function measureFeature(feature: Feature, source: string): Promise<Figures> {
  const guest = new XsGuest({ onQuery: (request) => answerCrypto(hostCrypto, request) })
  try {
    const measurement = new Measurement(guest, feature)
    await measurement.start(source)
    const first = await measurement.work(feature === 'lorawan' ? 'u' : 'c', MINUTE_S)
    const second = await measurement.work('c', MINUTE_S)
    measurement.note(`${feature}.second_codes`, second)
    if (feature === 'lorawan') measurement.note('lorawan.uplink_codes', MINUTE_S * (first - second))
    await featureWork(measurement, feature)
    await guest.run('a')
    await measurement.work('c', 1)
    await guest.run('k')
    return measurement.end()
  } finally {
    await guest.close()
  }
}

async function measureSample(root: string | undefined): Promise<Figures> {
  return insideSample(async (guest) => {
    const driver = await guest.compute('s', COUNT)
    const second = await guest.compute('c', COUNT)
    return {
      'sample.garbage_slots': await garbage(guest, 's', COUNT),
      'sample.driver_codes': Math.round(driver),
      'sample.second_codes': Math.round(second),
      'sample.capture_codes': Math.round(await capture(guest, second)),
    }
  }, root)
}

async function measureFeatures(root: string | undefined): Promise<Figures> {
  const source = bundle('meter-guest', root)
  const figures: Record<string, number> = {}
  for (const feature of FEATURES) Object.assign(figures, await measureFeature(feature, source))
  return figures
}

/** The budget of the firmware on XS with frozen built-ins; `root` is the folder of the package. Two engines at a time. */
export async function measureBudget(root?: string): Promise<Figures> {
  const [sample, features] = await Promise.all([measureSample(root), measureFeatures(root)])
  return { ...sample, ...features }
}
