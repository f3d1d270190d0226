import { describe, expect, test } from 'vitest'
import { joinAll, populate, report, Town } from '../../../bench/lorawan-town.ts'
import { REGIONS } from '../../../src/links/lorawan/regions-table.ts'
import type { AirSignal } from '../../../src/world/lora/air.ts'

const INTERVAL_S = 900

/** Airtime of each sender in each band within any hour that begins with one of its frames, as a share of the hour. */
function largestDuty(town: Town): number {
  const { bands } = REGIONS.EU868
  const bySender = new Map<string, AirSignal[]>()
  for (const signal of town.signals) {
    const own = bySender.get(signal.sender.name) ?? []
    own.push(signal)
    bySender.set(signal.sender.name, own)
  }
  let largest = 0
  for (const [name, own] of bySender) {
    if (!name.startsWith('meter')) continue
    for (const { from_Hz, to_Hz, dutyDivisor } of bands) {
      const inBand = own.filter(({ transmission }) => transmission.frequency_Hz >= from_Hz && transmission.frequency_Hz < to_Hz)
      for (let first = 0, last = 0, sum = 0; last < inBand.length; last++) {
        sum += inBand[last].end_us - inBand[last].begin_us
        while (inBand[last].begin_us - inBand[first].begin_us >= 3.6e9) {
          sum -= inBand[first].end_us - inBand[first].begin_us
          first++
        }
        largest = Math.max(largest, (sum / 3.6e9) * dutyDivisor)
      }
    }
  }
  return largest
}

describe('a town of meters', () => {
  test('a hundred meters for a week: nearly all is delivered, nobody sends too much, no number comes twice', () => {
    const town = new Town('EU868', 3)
    populate(town, 100, 2500)
    expect(joinAll(town)).toBeGreaterThanOrEqual(97)
    const before = town.of('up').length
    const begun = report(town, 7 * 96)
    const delivered = town.of('up').length - before
    console.log(
      `100 meters, 7 days: ${begun} uplinks, ${((100 * delivered) / begun).toFixed(2)} % delivered, ${town.signals.length} frames on the air, busiest band ${(100 * largestDuty(town)).toFixed(1)} % of what it may`,
    )
    expect(begun).toBeGreaterThan(60_000)
    expect(delivered / begun).toBeGreaterThan(0.99)
    // A frame may begin when the pause after the last one is over: one more than fits may stand at the end of an hour.
    expect(largestDuty(town)).toBeLessThan(1.05)
    const numbers = town.of('up').map(({ devEui, fCnt }) => `${devEui} ${fCnt}`)
    expect(new Set(numbers).size).toBe(numbers.length)
    expect(town.of('refused').filter(({ reason }) => reason !== 'malformed')).toEqual([])
  })

  test('collisions on one channel are those of ALOHA, less what capture saves', () => {
    const town = new Town('EU868', 2)
    populate(town, 60, 800, { dataRate: 3, adr: false })
    for (const node of town.nodes) town.join(node)
    for (const { mac } of town.nodes) for (let i = 1; i < mac.plan.size; i++) mac.plan.set(i, undefined)
    const before = town.signals.length
    const beforeUp = town.of('up').length
    const begun = report(town, 40)
    const signals = town.signals.slice(before).filter(({ transmission }) => !transmission.invertedIq)
    const duration_us = 40 * INTERVAL_S * 1e6
    const offered = signals.reduce((sum, { begin_us, end_us }) => sum + end_us - begin_us, 0) / duration_us
    const aloha = 1 - Math.exp(-2 * offered)
    const lost = 1 - (town.of('up').length - beforeUp) / begun
    console.log(
      `one channel, offered load ${offered.toFixed(4)}: lost ${(100 * lost).toFixed(2)} %, pure ALOHA ${(100 * aloha).toFixed(2)} %`,
    )
    expect(lost).toBeLessThan(aloha * 1.15)
    expect(lost).toBeGreaterThan(aloha * 0.25)
  })
})
