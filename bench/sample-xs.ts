import { bundle, XsGuest } from './xs-guest.ts'

export const COUNT = 200

/** The metering part inside XS, away from every end of a period. */
export async function insideSample<Result>(measure: (guest: XsGuest) => Promise<Result>, root?: string): Promise<Result> {
  const guest = new XsGuest()
  try {
    await guest.freeze()
    await guest.load(bundle('sample-guest', root))
    await guest.run('a')
    await guest.run('c', 30)
    return await measure(guest)
  } finally {
    await guest.close()
  }
}

/** Slots that `count` pieces of work leave behind for the garbage collector, beside those of the command that asks. */
export async function garbage(guest: XsGuest, name: string, count: number): Promise<number> {
  const left = async (pieces: number): Promise<number> => {
    const before = await guest.run(name, pieces)
    const after = await guest.run(name, pieces)
    return after.currentHeapCount - before.currentHeapCount
  }
  return (await left(count)) - (await left(0))
}

/** The second that ends a capture period, without what every second costs. */
export async function capture(guest: XsGuest, second?: number): Promise<number> {
  const plain = second ?? (await guest.compute('c', COUNT))
  await guest.run('a')
  return (await guest.compute('c', 1)) - plain
}
