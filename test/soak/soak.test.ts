import { expect, test } from 'vitest'
import { soakFleet } from './fleet.ts'
import { parseOptions } from './options.ts'
import { soakPower } from './power.ts'

test('a fleet lives through an afternoon of faults', () => {
  const lines: string[] = []
  const output = { print: (line: string) => lines.push(line), progress: (line: string) => lines.push(line) }
  const sound = soakFleet(parseOptions(['--hours', '4', '--meters', '4', '--json'], 1), output)
  expect(lines.filter((line) => line.startsWith('FAULT'))).toEqual([])
  expect(sound).toBe(true)
  const { meters } = JSON.parse(lines.find((line) => line.startsWith('{')) ?? '{}')
  for (const { starts, cuts, reads } of meters) expect(starts * cuts * reads).toBeGreaterThan(0)
})

test('random cuts of a script', () => {
  const options = parseOptions(['--power', '--cuts', '200', '--length', '600', '--warm', '900'], 1)
  let told = 0
  expect(soakPower(options, () => told++).starts).toBeGreaterThan(100)
  expect(told).toBeGreaterThan(10)
})

test('a failure can be seen again by its words', () => {
  const words = [
    '--cut 20 --tear bits --fault 7',
    '--cut 20 --tear none --fault 7 --again 2 --tear2 garbage',
    '--reorder 20 --fault 3',
    '--drop 20',
  ]
  for (const fault of words) {
    const options = parseOptions(['--power', '--length', '300', '--warm', '300', ...fault.split(' ')], 1)
    expect(soakPower(options, () => {}).starts).toBe(1)
  }
})

test('words that nobody knows are refused', () => {
  expect(() => parseOptions(['--hour', '1'], 1)).toThrow(RangeError)
  expect(() => parseOptions(['--hours'], 1)).toThrow(RangeError)
  expect(() => parseOptions(['--hours', 'many'], 1)).toThrow(RangeError)
})
