import { generateKeyPairSync } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { hostCrypto } from '../../hal/host/crypto.ts'
import { DataDirectory } from '../../src/cli/data-directory.ts'
import { deviceKey } from '../../src/cli/device-key.ts'
import { type ProvisionOptions, provision, reset } from '../../src/cli/provision.ts'
import { ascii } from '../../src/lib/ascii.ts'
import { openAfterReset } from '../../src/meter/factory-reset.ts'
import { firmwareKey, openKeys, usesDemoSecret } from '../../src/meter/secrets.ts'
import { applyStored } from '../../src/meter/stored-config.ts'
import { configOf } from '../meter/provisioning-rig.ts'

let folder = ''
let data = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ferraris-provision-'))
  data = join(folder, 'meter')
})
afterEach(() => rmSync(folder, { recursive: true }))

function given(options: Partial<ProvisionOptions>): string[] {
  const lines: string[] = []
  provision({ dataDirectory: data, set: [], secrets: [], ...options }, (line) => lines.push(line))
  return lines
}

function written(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

/** What the meter finds when it starts; `reading`: whether that is the reading secret. */
function found(reading = '') {
  const directory = new DataDirectory(data)
  try {
    const { storage } = openAfterReset(directory.flash)
    const keys = openKeys(storage, { crypto: hostCrypto, key: deviceKey(data) })
    const { config } = applyStored(configOf(), storage.settings)
    return {
      config,
      names: keys.names(),
      demo: usesDemoSecret(storage, keys),
      reading: keys.check('dlms.reading', ascii(reading)),
      firmwareKey: firmwareKey(keys),
    }
  } finally {
    directory.close()
  }
}

describe('ferraris provision', () => {
  test('stores configuration, secrets and the firmware key in the image; the secrets encrypted', () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const file = written(
      'p.json',
      '{ "configuration": { "dlms": { "port": 4060 } }, "secrets": { "dlms.management": "management secret" } }',
    )
    const keyFile = written('pub.pem', publicKey.export({ type: 'spki', format: 'pem' }).toString())
    const set = ['identity.serial="4711"', 'localTime.daylightSaving=none', 'display.codes=["1.8.0"]']
    expect(given({ file, keyFile, set, secrets: ['dlms.reading=own=secret'] }).sort()).toEqual([
      'configuration display stored',
      'configuration dlms stored',
      'configuration identity stored',
      'configuration localTime stored',
      'firmware key stored',
      'secret dlms.management stored',
      'secret dlms.reading stored',
    ])
    const meter = found('own=secret')
    expect([meter.config.dlms.port, meter.config.identity.serial, meter.config.localTime.daylightSaving]).toEqual([4060, '4711', 'none'])
    expect(meter.names).toEqual(['dlms.management', 'dlms.reading', 'firmware.key'])
    expect(meter.reading).toBe(true)
    expect(meter.demo).toBe(false)
    expect(meter.firmwareKey).toEqual(new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }).subarray(-65)))
    const image = readFileSync(join(data, 'meter.flash'))
    for (const secret of ['own=secret', 'management secret']) expect(image.includes(secret)).toBe(false)
    expect(given({ file })).toEqual(['nothing to change'])
  })

  test('of a new meter leaves it the demo secret', () => {
    given({ set: ['dlms.port=4060'] })
    expect(found()).toMatchObject({ demo: true, names: [] })
  })

  test.each<[string, Partial<ProvisionOptions>, RegExp]>([
    ['a wrong value', { set: ['dlms.port=x', 'face.port=8081'] }, /^dlms\.port: found "x", allowed is an integer 0\.\.65535$/],
    ['no value', { set: ['dlms.port'] }, /^--set: allowed is path=json/],
    ['no secret', { secrets: ['dlms.reading'] }, /^--secret: allowed is name=text/],
    [
      'an unknown secret',
      { secrets: ['other=abc'] },
      /^secret "other": unknown, known are dlms\.reading, dlms\.management, lorawan\.appkey, lorawan\.nwkskey, lorawan\.appskey, lorawan\.genappkey, sts\.key$/,
    ],
    ['no file', { file: '/nonexistent.json' }, /^provisioning file \/nonexistent\.json: /],
    ['no key', { keyFile: '/nonexistent.pem' }, /^key \/nonexistent\.pem: /],
  ])('%s is told in one line, and nothing is stored', (_, options, line) => {
    given({})
    const before = readFileSync(join(data, 'meter.flash'))
    expect(() => given(options)).toThrow(line)
    expect(readFileSync(join(data, 'meter.flash')).equals(before)).toBe(true)
  })

  test('files that are none are refused without repeating their secrets', () => {
    const broken = written('broken.json', '{ "secrets": { "dlms.reading": "geheim" ')
    expect(() => given({ file: broken })).toThrow(/^.*broken\.json: not JSON$/)
    expect(() => given({ file: written('list.json', '[1]') })).toThrow(/^provisioning: allowed is an object/)
    expect(() => given({ keyFile: written('key.pem', 'geheim') })).toThrow(/^key .*key\.pem: not a public key in PEM$/)
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
    const other = written('p384.pem', publicKey.export({ type: 'spki', format: 'pem' }).toString())
    expect(() => given({ keyFile: other })).toThrow(/allowed is a key of the curve P-256$/)
  })

  test('keeps out of the folder of a running meter', () => {
    const running = new DataDirectory(data)
    try {
      expect(() => given({ set: ['dlms.port=1'] })).toThrow(/lock|use/i)
    } finally {
      running.close()
    }
  })
})

describe('ferraris reset', () => {
  const lines: string[] = []
  const print = (line: string) => void lines.push(line)

  test('makes the meter one from the factory', () => {
    given({ set: ['dlms.port=4060'], secrets: ['dlms.reading=own secret'] })
    reset({ dataDirectory: data, all: false, sealOpen: false }, print)
    expect(found()).toMatchObject({ demo: true, names: [], config: { dlms: { port: 4059 } } })
  })

  test('of everything needs an open seal', () => {
    given({ set: ['dlms.port=4060'] })
    expect(() => reset({ dataDirectory: data, all: true, sealOpen: false }, print)).toThrow(/seal is closed/)
    expect(found().config.dlms.port).toBe(4060)
    reset({ dataDirectory: data, all: true, sealOpen: true }, print)
    expect(found().config.dlms.port).toBe(4059)
  })

  test('makes no new meter', () => {
    expect(() => reset({ dataDirectory: data, all: false, sealOpen: false }, print)).toThrow(/there is no meter/)
    expect(existsSync(data)).toBe(false)
  })
})

describe('device key', () => {
  test('is made once, for the owner only', () => {
    const key = deviceKey(folder)
    expect(key).toHaveLength(32)
    expect(deviceKey(folder)).toEqual(key)
    expect(statSync(join(folder, 'device.key')).mode & 0o777).toBe(0o600)
    expect(new Set(key).size).toBeGreaterThan(8)
  })

  test('of a wrong length or that cannot be read is an error, and never replaced', () => {
    writeFileSync(join(folder, 'device.key'), 'short')
    expect(() => deviceKey(folder)).toThrow(/device\.key: found 5 bytes, expected 32/)
    expect(readFileSync(join(folder, 'device.key'), 'utf8')).toBe('short')
    expect(() => deviceKey(join(folder, 'nowhere'))).toThrow(expect.objectContaining({ code: 'DATA' }))
  })
})
