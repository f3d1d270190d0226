import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { BOARD } from '../../boards/virtual/board.ts'
import { StandardEvent } from '../../src/core/events/codes.ts'
import { SeededRandom } from '../../src/lib/random.ts'
import { pause } from '../contract/until.ts'
import { DlmsTcpClient } from '../support/dlms-client.ts'
import { ANY_PORTS, Ferraris, ferraris, type Report, reportOf, temporaryFolder } from '../support/ferraris.ts'
import { flashPath, type Image, readImage } from './image.ts'

/** Nothing in the recording draws more. */
const HOUSE_MAX_W = 20_000
const SECRET = '12345678'

function imported_mWh(report: Report): number {
  return report.registers['1.0.1.8.0.255'].milli ?? Number.NaN
}

/** Every entry stands at its quarter of an hour, none twice, none out of order. */
function expectGoodProfile({ profileTimes_s }: Image): void {
  for (const [index, utc_s] of profileTimes_s.entries()) {
    expect(utc_s % 900).toBe(0)
    if (index > 0) expect(utc_s).toBeGreaterThan(profileTimes_s[index - 1])
  }
}

async function worldTime_ms(port: number): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${port}/api/state`)
  const { state } = (await answer.json()) as { state: { time_ms: number } }
  return state.time_ms
}

/** Lets the world of a running meter go on by `ms`. */
async function livesOn(meter: Ferraris, ms: number): Promise<void> {
  const port = await meter.httpPort()
  const target_ms = (await worldTime_ms(port)) + ms
  while ((await worldTime_ms(port)) < target_ms) await pause(50)
}

describe('kill -9 in real time and at 600 times of it', () => {
  test.concurrent.each([1, 600])('--speed %i', async (speed) => {
    const data = temporaryFolder()
    const meter = new Ferraris(['run', '--data', data, '--speed', String(speed), '--history', '1d', ...ANY_PORTS])
    const port = await meter.dlmsPort()
    await meter.line(/ of history, now /)
    await livesOn(meter, 1800 * speed)
    const client = await DlmsTcpClient.open(port, SECRET)
    const energy_Wh = await client.number(3, '1.0.1.8.0.255')
    const entries = await client.number(7, '1.0.99.1.0.255', 7)
    client.close()
    const before_ms = await worldTime_ms(await meter.httpPort())
    expect((await meter.end('SIGKILL')).signal).toBe('SIGKILL')
    const killed_ms = Date.now()
    const committed = readImage(data)
    expect(committed.storage.report.damaged).toBe(0)
    expect(committed.storage.profile.count).toBeGreaterThanOrEqual(entries)
    await pause(1500)

    const report = await reportOf(['--data', data, '--for', '20m', '--speed', 'max', ...ANY_PORTS])
    const down_ms = Date.now() - killed_ms
    const from_ms = Date.parse(report.from)
    // Time goes on at the pace of real time while nobody runs it; the last note of it is a second old at most.
    expect(from_ms).toBeGreaterThanOrEqual(committed.lastSign_s * 1000)
    expect(from_ms).toBeGreaterThan(before_ms + 1400 - 1200 * speed)
    expect(from_ms).toBeLessThan(before_ms + down_ms + 5000 * speed)
    // No energy is lost that was in flash, none is counted twice, none while the meter was off.
    expect(imported_mWh(report)).toBeGreaterThanOrEqual(committed.imported_mWh)
    const lived_s = 20 * 60 + 1500 * speed * 0.001 * 2
    expect(imported_mWh(report)).toBeLessThan((energy_Wh + 1) * 1000 + (HOUSE_MAX_W * lived_s) / 3.6)
    const after = readImage(data)
    expectGoodProfile(after)
    expect(after.profileTimes_s.length).toBeGreaterThan(committed.profileTimes_s.length)
    expect(after.profileTimes_s.slice(0, committed.profileTimes_s.length)).toEqual(committed.profileTimes_s)
    // The power failure lasted from the last sign of life to the start.
    expect(report.powerFailures).toBe(1)
    const failure = after.powerFailures.at(-1)
    expect(failure?.parameter).toBe(Math.floor(from_ms / 1000) - committed.lastSign_s)
    const overdue_s = (failure?.parameter ?? 0) - down_ms / 1000
    expect(overdue_s).toBeLessThan(62 + 2 * speed)
    expect(report.terminal).toMatch(/Power down \(1\)\n.*Power up \(2\)\n.*Power failure ended after /)
  })
})

describe('kill -9 at full speed', () => {
  test('time does not go back, and the profile has no entry twice', async () => {
    const data = temporaryFolder()
    const words = ['--data', data, '--speed', 'max', ...ANY_PORTS]
    const meter = new Ferraris(['run', '--for', '3650d', ...words])
    await livesOn(meter, 2 * 86_400_000)
    await meter.end('SIGKILL')
    const committed = readImage(data)
    expect(committed.profileTimes_s.length).toBeGreaterThan(96)
    const report = await reportOf(['--for', '1h', ...words])
    expect(Date.parse(report.from)).toBeGreaterThanOrEqual(committed.lastSign_s * 1000)
    expect(imported_mWh(report)).toBeGreaterThanOrEqual(committed.imported_mWh)
    expect(report.profileEntries).toBeGreaterThanOrEqual(committed.profileTimes_s.length + 3)
    expectGoodProfile(readImage(data))
  })

  test('ten kills in a row, anywhere, leave a consistent flash', async () => {
    const data = temporaryFolder()
    const random = new SeededRandom(20_061_216)
    const words = ['--data', data, '--speed', 'max', ...ANY_PORTS]
    await reportOf(['--for', '1h', ...words])
    let last = readImage(data)
    for (let kill = 0; kill < 10; kill++) {
      const delay_ms = 200 + random.below(900)
      const meter = new Ferraris(['run', '--for', '3650d', ...words])
      await pause(delay_ms)
      await meter.end('SIGKILL')
      const image = readImage(data)
      const what = `kill ${kill} after ${delay_ms} ms`
      expect(image.storage.report.damaged, what).toBe(0)
      expect(image.imported_mWh, what).toBeGreaterThanOrEqual(last.imported_mWh)
      expect(image.lastSign_s, what).toBeGreaterThanOrEqual(last.lastSign_s)
      expect(image.profileTimes_s.slice(0, last.profileTimes_s.length), what).toEqual(last.profileTimes_s)
      expectGoodProfile(image)
      last = image
    }
    const report = await reportOf(['--for', '1h', ...words])
    expect(report.terminal).not.toContain('memory error')
    expect(imported_mWh(report)).toBeGreaterThanOrEqual(last.imported_mWh)
    expect(report.powerFailures).toBeGreaterThanOrEqual(1)
  })

  test('inside XS a killed host leaves a consistent flash too', async () => {
    const data = temporaryFolder()
    const words = ['--data', data, '--speed', 'max', ...ANY_PORTS]
    const meter = new Ferraris(['run', '--engine', 'xs', '--for', '3650d', ...words])
    const started = await Promise.race([meter.line(/^dlms:/m), meter.ended])
    if ('code' in started) {
      console.log('skipped: xsnap is not built')
      expect(started.stderr).toContain('npm rebuild @agoric/xsnap')
      return
    }
    await livesOn(meter, 3_600_000)
    await meter.end('SIGKILL')
    const committed = readImage(data)
    expect(committed.storage.report.damaged).toBe(0)
    expect(committed.imported_mWh).toBeGreaterThan(0)
    const report = await reportOf(['--for', '1h', ...words])
    expect(imported_mWh(report)).toBeGreaterThanOrEqual(committed.imported_mWh)
    expect(report.terminal).not.toContain('memory error')
  })
})

describe('a damaged flash image', () => {
  /** Two days of a meter, made once; each test damages its own copy. */
  let whole: Uint8Array | undefined
  async function twoDays(): Promise<Uint8Array> {
    if (whole === undefined) {
      const data = temporaryFolder()
      await reportOf(['--data', data, '--for', '2d', '--speed', 'max', ...ANY_PORTS])
      whole = readFileSync(flashPath(data))
    }
    return whole
  }

  function folderWith(image: Uint8Array): string {
    const data = temporaryFolder()
    writeFileSync(flashPath(data), image)
    return data
  }

  const restart = (data: string) => ['--data', data, '--for', '1h', '--speed', 'max', ...ANY_PORTS]

  test('a whole one is no reason to complain', async () => {
    const data = folderWith(await twoDays())
    const report = await reportOf(restart(data))
    expect(report.terminal).not.toContain('memory error')
    expect(report.profileEntries).toBe(2 * 96 + 4)
  })

  test.each(['superblocks', 'registers', 'profile', 'events'] as const)('damage in %s: event 14, and the meter goes on', async (area) => {
    const image = Uint8Array.from(await twoDays())
    const sound = readImage(folderWith(image))
    const { ring } = area === 'superblocks' ? { ring: undefined } : { ring: sound.storage[area === 'registers' ? 'profile' : area].ring }
    const registers = sound.storage.layout.areas.find((extent) => extent.area === 2)
    const { blockLength } = BOARD.flash
    if (area === 'superblocks') image.fill(0x55, 0, 64)
    else if (area === 'registers') {
      const first = (registers?.firstBlock ?? 0) * blockLength
      // The header of every block in use.
      for (let at = first; at < first + (registers?.blocks ?? 0) * blockLength; at += blockLength)
        if (image[at] !== 0xff) image[at + 5] ^= 0x5a
    } else if (ring !== undefined) image.fill(0, ring.offset(ring.newest) + 4, ring.offset(ring.newest) + 40)
    const data = folderWith(image)
    const report = await reportOf(restart(data))
    expect(report.terminal).toContain('Non-volatile memory error (14)')
    const after = readImage(data)
    expect(after.events.some(({ code }) => code === StandardEvent.memoryNonVolatileError)).toBe(true)
  })

  test('random bytes anywhere never crash it, and nothing is lost in silence', async () => {
    const sound = await twoDays()
    const { imported_mWh: committed_mWh, profileTimes_s } = readImage(folderWith(sound))
    for (let seed = 1; seed <= 6; seed++) {
      const random = new SeededRandom(seed)
      const image = Uint8Array.from(sound)
      const places = [1, 5, 50, 500, 5000, image.length][seed - 1]
      // In the part that is in use, mostly.
      for (let i = 0; i < places; i++) image[random.below(seed % 2 === 0 ? 64 * 4096 : image.length)] = random.below(256)
      const data = folderWith(image)
      const { code, stdout, stderr } = await ferraris(['run', ...restart(data), '--json'])
      expect(stderr, `seed ${seed}`).not.toMatch(/\n\s+at /)
      if (code !== 0) {
        expect(stderr, `seed ${seed}`).toMatch(/^ferraris: [^\n]+\n$/m)
        continue
      }
      const report = JSON.parse(stdout) as Report
      const complete = imported_mWh(report) >= committed_mWh && report.profileEntries >= profileTimes_s.length
      if (!complete) expect(stderr, `seed ${seed}`).toContain('Non-volatile memory error (14)')
    }
  })

  test.each([
    ['cut short', (path: string) => truncateSync(path, 1_000_000)],
    ['empty', (path: string) => truncateSync(path, 0)],
    ['too long', (path: string) => truncateSync(path, 3_000_000)],
  ])('%s: refused in one line that says so', async (_, damage) => {
    const data = folderWith(await twoDays())
    damage(flashPath(data))
    const before = readFileSync(flashPath(data))
    const { code, stderr } = await ferraris(['run', ...restart(data)])
    expect(code).toBe(1)
    expect(stderr).toMatch(/^ferraris: flash image \S+ has \d+ bytes, expected 2097152\n$/)
    expect(readFileSync(flashPath(data)).equals(before)).toBe(true)
  })

  test.each(['{"time_ms":', 'null', '{"time_ms":"x","wall_ms":1}', '{"time_ms":1e300,"wall_ms":-1e300}'])(
    'world.json with %s does not stop it',
    async (text) => {
      const data = folderWith(await twoDays())
      writeFileSync(join(data, 'world.json'), text)
      const report = await reportOf(restart(data))
      expect(report.profileEntries).toBe(2 * 96 + 4)
      expect(report.from).toMatch(/^2006-12-18T16:24/)
    },
  )

  test('world.json that is a folder is a clear line', async () => {
    const data = folderWith(await twoDays())
    mkdirSync(join(data, 'world.json'))
    const { code, stderr } = await ferraris(['run', ...restart(data)])
    expect(code).toBe(1)
    expect(stderr).toMatch(/^ferraris: [^\n]*world\.json[^\n]*\n$/)
  })
})

test("a secret of its own stays the meter's, whatever a later configuration says", async () => {
  const data = temporaryFolder()
  const configFile = join(temporaryFolder(), 'c.json')
  writeFileSync(configFile, JSON.stringify({ meter: { dlms: { readingSecret: 'a better one' } } }))
  const first = new Ferraris(['run', configFile, '--data', data, '--history', '0s', ...ANY_PORTS])
  await first.dlmsPort()
  expect(first.stdout).toContain('LLS secret stored in the meter')
  expect(first.stdout).not.toContain('a better one')
  expect((await first.end('SIGINT')).code).toBe(0)

  const later = new Ferraris(['run', '--data', data, '--no-http', '--dlms-port', '0'])
  const port = await later.dlmsPort()
  expect(later.stdout).toContain('LLS secret stored in the meter')
  expect(later.stdout).not.toContain(SECRET)
  for (const wrong of [SECRET, '', 'a better one ', 'a better on']) {
    const client = await DlmsTcpClient.connect(port)
    expect(await client.associate(wrong), JSON.stringify(wrong)).toBe(false)
    client.close()
  }
  const client = await DlmsTcpClient.open(port, 'a better one')
  expect(await client.number(3, '1.0.1.8.0.255')).toBeGreaterThanOrEqual(0)
  client.close()
  expect((await later.end('SIGINT')).code).toBe(0)
})
