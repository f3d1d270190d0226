import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Town } from '../../bench/lorawan-town.ts'
import { captureFrame, captureHeader } from '../../src/headend/lorawan/capture.ts'
import { toHex } from '../../src/lib/hex.ts'
import { decodeData, frameType, isDataFrame } from '../../src/links/lorawan/frame.ts'
import { ANY_PORTS, ferraris, temporaryFolder } from '../support/ferraris.ts'

const available = spawnSync('tshark', ['--version']).error === undefined
if (!available) console.log('skipped: no tshark')

/** Chosen fields of each frame. */
function dissect(file: string, fields: readonly string[], options: readonly string[] = []): string[][] {
  const words = ['-r', file, ...options, '-T', 'fields', ...fields.flatMap((field) => ['-e', field])]
  const { status, stdout, stderr } = spawnSync('tshark', words, { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'))
}

/** Wireshark's table of keys has addresses in the order of the air. */
function keys(devAddr: number, nwkSKey: Uint8Array, appSKey: Uint8Array): string[] {
  const address = toHex(Uint8Array.of(devAddr, devAddr >> 8, devAddr >> 16, devAddr >> 24))
  return ['-o', `uat:encryption_keys_lorawan:"${address}","${toHex(nwkSKey)}","${toHex(appSKey)}","0000000000000000"`]
}

function hasNoPort(phy: Uint8Array): boolean {
  return isDataFrame(frameType(phy)) && decodeData(phy).fPort === undefined
}

describe.skipIf(!available)('Wireshark', () => {
  test('reads a session: every MIC is right, every payload is what was sent', () => {
    const town = new Town('EU868')
    const node = town.addNode({ x_m: 300, y_m: 0 })
    town.join(node)
    node.mac.requestLinkCheck()
    for (let i = 0; i < 25; i++) {
      if (i % 5 === 0) town.server.enqueue(node.id, { fPort: 7, payload: Uint8Array.of(0xd0, i), confirmed: false })
      town.send(node, Uint8Array.of(1, 2, 3, i), i % 4 === 0)
    }
    const file = join(temporaryFolder(), 'session.pcap')
    const frames = town.signals.map(({ transmission, begin_us }) => captureFrame({ ...transmission, utc_ms: begin_us / 1000 }))
    writeFileSync(file, Buffer.concat([captureHeader(), ...frames]))
    const [{ session }] = town.server.devices
    if (session === undefined) throw new Error('no session')
    const fields = [
      'loratap.channel.frequency',
      'lorawan.mhdr.mtype',
      'lorawan.mic.status',
      'lorawan.frmpayload_decrypted',
      'lorawan.fhdr.fcnt',
      '_ws.malformed',
    ]
    const rows = dissect(file, fields, keys(session.devAddr, session.keys.nwkSKey, session.keys.appSKey))
    expect(rows).toHaveLength(town.signals.length)
    expect(rows.map(([frequency]) => Number(frequency))).toEqual(town.signals.map(({ transmission }) => transmission.frequency_Hz))
    // Wireshark 4.0 takes the MIC of a frame without a port for its port, and has nothing left then.
    const portless = town.signals.map(({ transmission }) => hasNoPort(transmission.payload))
    expect(rows.map(([, , , , , malformed = '']) => malformed !== '')).toEqual(portless)
    const data = rows.filter(([, type], i) => Number(type) >= 2 && !portless[i])
    expect(data).toHaveLength(30)
    // 1: good.
    expect(new Set(data.map(([, , status]) => status))).toEqual(new Set(['1']))
    const decrypted = new Set(data.map(([, , , payload]) => payload).filter((payload) => payload !== ''))
    for (let i = 0; i < 25; i++) expect(decrypted.has(toHex(Uint8Array.of(1, 2, 3, i))), `uplink ${i}`).toBe(true)
    for (let i = 0; i < 25; i += 5) expect(decrypted.has(toHex(Uint8Array.of(0xd0, i))), `downlink ${i}`).toBe(true)
    // The negative twin: with another key no MIC is right.
    const wrong = dissect(file, fields, keys(session.devAddr, session.keys.appSKey, session.keys.nwkSKey))
    expect(wrong.some(([, type, status]) => Number(type) >= 2 && status === '1')).toBe(false)
  })

  test('reads what a run of the meter captures', async () => {
    const file = join(temporaryFolder(), 'run.pcap')
    const words = ['run', 'test/peers/lorawan.json', '--no-http', ...ANY_PORTS, '--speed', 'max', '--for', '1h', '--lorawan-capture', file]
    const { code } = await ferraris(words)
    expect(code).toBe(0)
    const rows = dissect(file, ['loratap.syncword', 'lorawan.mhdr.mtype', 'lorawan.join_request.deveui', 'loratap.channel.sf'])
    expect(rows[0].slice(0, 3)).toEqual(['0x34', '0', '00:04:a3:0b:00:1c:05:30'])
    expect(rows[1][1]).toBe('1')
    expect(rows.filter(([, type]) => type === '2').length).toBeGreaterThan(5)
  })
})
