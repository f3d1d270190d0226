import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createHostNetwork, type HostNetwork } from '../../hal/host/sockets.ts'
import { xsnapWorkerIfBuilt } from '../../src/cli/xs/binary.ts'
import { type GuestClient, startXsGuest, type XsGuestOptions } from '../../src/cli/xs/guest-client.ts'
import type { Page, StepResult } from '../../src/cli/xs/protocol.ts'
import { until } from '../contract/until.ts'

const built = xsnapWorkerIfBuilt() !== undefined
if (!built) console.log('skipped: xsnap is not built')

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const BUNDLE = 'build/xs-test/echo-guest.js'

describe.skipIf(!built)('guest inside XS', () => {
  let source = ''
  let network: HostNetwork
  let guest: GuestClient | undefined

  beforeAll(() => {
    execFileSync(process.execPath, ['scripts/build-xs.mjs', 'test/xs/fixtures/echo-guest.ts', BUNDLE], { cwd: ROOT })
    source = readFileSync(`${ROOT}/${BUNDLE}`, 'utf8')
  })

  async function start(options: Partial<XsGuestOptions> = {}): Promise<GuestClient> {
    network = createHostNetwork()
    guest = await startXsGuest({ source, network, ...options })
    return guest
  }

  afterEach(async () => {
    await guest?.close()
    guest = undefined
    network.closeAll()
  })

  test('calls carry JSON and bytes both ways', async () => {
    const guest = await start()
    const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => i & 0xff)
    const argument = { text: 'ä€😀', list: [1, null, true] }
    expect(await guest.call('echo', argument, bytes)).toEqual({ value: argument, bytes })
    expect(await guest.call('later', 5)).toMatchObject({ value: 5 })
    // FIPS 180-2, appendix B.1.
    const { value } = await guest.call('sha256', undefined, Uint8Array.of(0x61, 0x62, 0x63))
    expect(value).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  })

  test('failures keep their code, and the machine lives on', async () => {
    const guest = await start()
    await expect(guest.call('fail')).rejects.toMatchObject({ code: 'DEMO', message: 'it failed: ä' })
    await expect(guest.call('failLater')).rejects.toMatchObject({ code: 'DEMO' })
    await expect(guest.call('nobody')).rejects.toMatchObject({ code: 'UNKNOWN_CALL' })
    await expect(guest.call('never')).rejects.toMatchObject({ code: 'GUEST' })
    expect((await guest.call('echo', 1)).value).toBe(1)
  })

  test('with frozen built-ins assigning the name of an error throws, as on the device', async () => {
    const guest = await start()
    await expect(guest.call('assignName')).rejects.toMatchObject({ code: 'TypeError', message: expect.stringMatching(/name/) as string })
  })

  test('without the freeze the same code would go unnoticed', async () => {
    const guest = await start({ changeableBuiltIns: true })
    expect((await guest.call('assignName')).value).toBe('Other')
  })

  test('the guest asks its host and waits for the answer', async () => {
    const asked: unknown[] = []
    const guest = await start({
      onAsk: (name, argument) => {
        asked.push([name, argument])
        return { value: 42 }
      },
    })
    expect((await guest.call('ask', { a: 1 })).value).toBe(42)
    expect(asked).toEqual([['question', { a: 1 }]])
  })

  test('a host without answers is a failure at the guest', async () => {
    const guest = await start()
    await expect(guest.call('ask')).rejects.toMatchObject({ code: 'UNKNOWN_CALL' })
  })

  test('changed flash pages arrive once each', async () => {
    const pages: Page[] = []
    const guest = await start({ pages: { write: (written) => pages.push(...written) } })
    await guest.call('write', { offset: 4096 + 16 }, new Uint8Array(16).fill(0x5a))
    expect(pages.map((page) => [page.offset, page.bytes.length])).toEqual([[4096, 4096]])
    expect(pages[0]?.bytes[16]).toBe(0x5a)
    await guest.call('echo')
    expect(pages).toHaveLength(1)
  })

  test('a step reaches its time and costs the same every time', async () => {
    const guest = await start()
    await guest.step(1000)
    const first = await guest.step(2000)
    const second = await guest.step(3000)
    expect([first.now_ms, first.next_ms, first.events]).toEqual([2000, 3000, []])
    expect(first.compute).toBeGreaterThan(0)
    expect(second.compute).toBe(first.compute)
    // Beyond 32 bits, as real times are.
    expect((await guest.step(1_800_000_000_123)).now_ms).toBe(1_800_000_000_123)
  })

  test('an echo server inside XS serves several real clients', async () => {
    const guest = await start()
    const client = createHostNetwork()
    let now_ms = 0
    const events: StepResult['events'][number][] = []
    const turn = async (): Promise<void> => {
      await guest.waitForWork(5)
      events.push(...(await guest.step(++now_ms)).events)
    }
    await guest.call('listen', { port: 0 })
    while (events.length === 0) await turn()
    const { port } = events[0] as { port: number }
    const size = 300_000
    const sent = Uint8Array.from({ length: size }, (_, i) => (i * 31) & 0xff)
    const transfers = Array.from({ length: 3 }, () => {
      const received: number[] = []
      let written = 0
      const tcp = new client.TCP({
        address: '127.0.0.1',
        port,
        onWritable: () => {
          const count = Math.min(tcp.writable, size - written)
          tcp.write(sent.subarray(written, written + count))
          written += count
        },
        onReadable: () => {
          for (const byte of tcp.read() ?? []) received.push(byte)
        },
      })
      return { tcp, received }
    })
    while (transfers.some(({ received }) => received.length < size)) await turn()
    for (const { tcp, received } of transfers) {
      expect(Buffer.compare(Uint8Array.from(received), sent)).toBe(0)
      tcp.close()
    }
    while (events.length < 4) await turn()
    expect(events.slice(1)).toEqual(new Array(3).fill({ event: 'closed' }))
    client.closeAll()
  }, 60_000)

  test('a port that is busy is told to the guest', async () => {
    const guest = await start()
    const other = createHostNetwork()
    let port = 0
    new other.Listener({ port: 0, onReady: (ready) => (port = ready) })
    await until(() => port > 0, 'ready')
    await guest.call('listen', { port })
    await guest.waitForWork(2000)
    const { events } = await guest.step(1)
    expect(events).toEqual([{ event: 'error', reason: expect.stringContaining('EADDRINUSE') as string }])
    other.closeAll()
  })
})
