import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import { VIRTUAL_CONFIG } from '../../boards/virtual/config.ts'
import type { SessionEvent, Summary } from '../../boards/virtual/session.ts'
import { createHostNetwork } from '../../hal/host/sockets.ts'
import { xsnapWorkerIfBuilt } from '../../src/cli/xs/binary.ts'
import { GuestClient } from '../../src/cli/xs/guest-client.ts'
import { validate } from '../../src/lib/schema-validate.ts'
import { DlmsTcpClient } from '../support/dlms-client.ts'
import { type DeviceModule, DeviceXs } from './device-xs.ts'

const built = xsnapWorkerIfBuilt() !== undefined
if (!built) console.log('skipped: xsnap is not built')

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const OUTPUT = 'build/xs-test/modules.json'
const ROOMS = ['hal/portable', 'src/lib', 'src/core', 'src/drivers', 'src/links', 'src/protocols', 'src/meter', 'src/gateway', 'src/world']
const START_MS = Date.parse('2026-03-28T16:29:00Z')

let xs: DeviceXs | undefined
afterEach(async () => {
  await xs?.close()
  xs = undefined
})

async function linked(modules: readonly DeviceModule[], main?: string): Promise<DeviceXs> {
  xs = new DeviceXs()
  await xs.link(modules, main)
  return xs
}

/** A module `m` with a function `f` that is called once it is linked. */
const calling = async (source: string): Promise<unknown> =>
  (await linked([{ id: 'm', source, imports: {} }])).value(`device.namespaces.m.f()`)

/** Real sockets, a meter and its house on XS, all of it from modules that were loaded one by one. */
async function live(device: DeviceXs, minutes: number): Promise<{ readonly summary: Summary; readonly energy: number }> {
  const network = createHostNetwork()
  const guest = new GuestClient(device.worker, { network })
  const config = validate(VIRTUAL_CONFIG, {
    meter: {
      dlms: { port: 0 },
      face: { port: 0 },
      lorawan: { enabled: true, appKey: '2b7e151628aed2a6abf7158809cf4f3c', interval_min: 1, spread_s: 0 },
    },
    world: { load: 'none', appliances: [{ id: 'heater', name: 'Heater', active_W: 2000, on: true }] },
  })
  if (!config.ok) throw new Error(config.errors[0].text)
  try {
    await guest.call('init', { session: { config: config.value, start_ms: START_MS, seed: 1, speed: 0 }, traceLength: 0 })
    const events = async (until_ms: number) => (await guest.step(until_ms)).events as readonly SessionEvent[]
    const ready: SessionEvent[] = []
    for (let minute = 1; minute <= minutes; minute++) ready.push(...(await events(START_MS + minute * 60_000)))
    const port = ready.flatMap((event) => (event.kind === 'ready' && event.service === 'dlms' ? [event.port] : []))[0]
    let done = false
    const serving = (async () => {
      while (!done) {
        await guest.step(START_MS + minutes * 60_000)
        await guest.waitForWork(5)
      }
    })()
    const client = await DlmsTcpClient.open(port, '12345678')
    const energy = await client.number(3, '1.0.1.8.0.255')
    client.close()
    done = true
    await serving
    return { summary: (await guest.call('summary')).value as Summary, energy }
  } finally {
    network.closeAll()
  }
}

describe.skipIf(!built)('the modules of the device on XS, one by one', () => {
  test('all can be linked, a meter made of them lives, and what was linked is as it was', async () => {
    const entries = [...ROOMS, 'boards/virtual'].map((room) => `build/js/${room}`)
    execFileSync(process.execPath, ['scripts/build-modules.mjs', OUTPUT, ...entries], { cwd: ROOT })
    const modules = JSON.parse(readFileSync(`${ROOT}/${OUTPUT}`, 'utf8')) as readonly DeviceModule[]
    const device = await linked(modules, 'build/js/boards/virtual/guest.js')
    const { summary, energy } = await live(device, 3)
    expect(summary.registers['1.0.1.8.0.255'].value).toBeGreaterThan(90)
    expect(energy).toBe(summary.registers['1.0.1.8.0.255'].value)
    expect(summary.profileEntries).toBe(1)
    expect(await device.written()).toEqual([])
    expect(await device.value('device.made()')).toBeGreaterThan(10)
  })
})

describe.skipIf(!built)('what fails on a device fails here', () => {
  const FAILING: Readonly<Record<string, readonly [source: string, message: RegExp]>> = {
    'the name of an error': ['export function f() { new Error("a").name = "b" }', /name.*not writable/],
    'the message of an error without one': ['export function f() { new Error().message = "b" }', /message.*not writable/],
    'toString of an instance': ['export function f() { ({}).toString = () => "" }', /toString.*not writable/],
    'constructor of an instance': ['export function f() { ({}).constructor = f }', /constructor.*not writable/],
    'a method of an array': ['export function f() { [].push = f }', /push.*not writable/],
    'a patched prototype': ['export function f() { Array.prototype.last = f }', /last.*not extensible/],
    'a patched namespace': ['export function f() { Math.sum = f }', /sum.*not extensible/],
    'a static field of a class': ['export class A {} A.count = 0; export function f() { A.count++ }', /count.*not writable/],
    'a method of a class': ['export class A { g() {} } export function f() { A.prototype.g = f }', /g.*not writable/],
    'a map of the module': ['const m = new Map([[1, 2]]); export function f() { m.set(1, 3) }', /read-only/],
    'a set of the module': ['const m = new Set(); export function f() { m.add(1) }', /read-only/],
    'a filled buffer of the module': ['const m = new Uint8Array(4); export function f() { m.fill(1) }', /read-only/],
    'a view of the module': ['const m = new DataView(new ArrayBuffer(4)); export function f() { m.setUint8(0, 1) }', /read-only/],
    normalize: ['export function f() { "a".normalize() }', /not built-in/],
    'a newer library': ['export function f() { [].toSorted() }', /no function/],
    'a timer': ['export function f() { setTimeout(f, 1) }', /setTimeout/],
    'an encoder': ['export function f() { new TextEncoder() }', /TextEncoder/],
    'the console': ['console.log(1)', /console/],
  }
  for (const [what, [source, message]] of Object.entries(FAILING)) {
    test(what, () => expect(calling(source)).rejects.toThrow(message))
  }

  test('an index of a buffer of the module', async () => {
    const device = await linked([
      { id: 'a', source: 'import { BYTES } from "./b.js"; export function f() { BYTES[1] = 7 }', imports: { './b.js': 'b' } },
      { id: 'b', source: 'export const BYTES = new Uint8Array(4); BYTES[0] = 1', imports: {} },
    ])
    expect(await device.written()).toEqual([])
    await device.value('device.namespaces.a.f()')
    expect(await device.written()).toEqual(['b'])
  })

  test('and what a device does, works', async () => {
    const source =
      'export class E extends Error { name = "E" } const m = new Map([[1, 2]]); export function f() { return [new E().name, m.get(1), new Map().set(1, 2).size] }'
    expect(await calling(source)).toEqual(['E', 2, 1])
  })
})
