import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ascii } from '../../src/lib/ascii.ts'
import { fromHex } from '../../src/lib/hex.ts'
import { checkReading, firmwareKey, unreadableSecrets, usesDemoSecret } from '../../src/meter/secrets.ts'
import { blankFlash, KEY, lies, OTHER_KEY } from '../core/security/rig.ts'
import { PUBLIC_KEY, startOn } from './provisioning-rig.ts'

describe('configuration', () => {
  test('stored in the meter goes over the file, which goes over the defaults', () => {
    const flash = blankFlash()
    const file = { profile: { period_min: 30 }, dlms: { port: 5000 } }
    const first = startOn(flash, { file })
    expect(first.provisioning.setConfig([{ path: 'dlms.port', value: 4060 }])).toEqual([])
    expect(first.provisioning.setConfig([{ path: 'display', value: { codes: ['1.8.0'] } }])).toEqual([])
    expect(first.changes).toEqual([
      { kind: 'configuration', name: 'dlms' },
      { kind: 'configuration', name: 'display' },
    ])
    expect(first.config.dlms.port).toBe(5000)
    const { config, ignored } = startOn(flash, { file })
    expect([config.dlms.port, config.profile.period_min, config.face.port, config.display.codes]).toEqual([4060, 30, 8080, ['1.8.0']])
    expect(ignored).toEqual([])
  })

  test('only what differs is stored, as compact JSON', () => {
    const { provisioning, storage } = startOn(blankFlash())
    provisioning.setConfig([
      { path: 'dlms.port', value: 4060 },
      { path: 'dlms.connections_max', value: 3 },
    ])
    expect(String.fromCharCode(...(storage.settings.get('config.dlms') ?? []))).toBe('{"port":4060,"connections_max":3}')
    expect(storage.settings.keys().filter((key) => key.startsWith('config.'))).toEqual(['config.dlms'])
  })

  test('null takes a change back', () => {
    const { provisioning, storage, changes } = startOn(blankFlash())
    provisioning.setConfig([{ path: 'dlms', value: { port: 4060, connections_max: 3 } }])
    provisioning.setConfig([{ path: 'dlms.port', value: null }])
    expect(provisioning.configuration().dlms).toMatchObject({ port: 4059, connections_max: 3 })
    provisioning.setConfig([{ path: 'dlms', value: null }])
    expect(storage.settings.get('config.dlms')).toBeUndefined()
    expect(changes).toHaveLength(3)
    expect(provisioning.setConfig([{ path: 'dlms', value: null }])).toEqual([])
    expect(changes).toHaveLength(3)
  })

  test.each([
    ['dlms.port', 'abc', 'dlms.port: found "abc", allowed is an integer 0..65535'],
    ['dlms.prt', 1, 'dlms.prt: unknown field, did you mean "port"?'],
    ['dlsm.port', 1, 'dlsm: unknown field, did you mean "dlms"?'],
    ['dlms', 5, 'dlms: allowed is an object, or null'],
    ['dlms.port.x', 5, '"dlms.port.x": allowed is a section such as dlms, or a field such as dlms.port'],
    ['', 5, '"": allowed is a section such as dlms, or a field such as dlms.port'],
    ['__proto__.x', 5, '"__proto__.x": allowed is a section such as dlms, or a field such as dlms.port'],
    ['constructor.x', 5, 'constructor: unknown field'],
    ['localTime.standardOffset_min', 330, 'localTime.standardOffset_min: found 330, allowed with daylightSaving "eu" is 0, 60 or 120'],
    ['display.codes', ['9.9.9'], 'display.codes[0]: found "9.9.9", allowed is the OBIS code of a register of this meter'],
    ['display.codes', new Array(32).fill('1.8.0'), 'display: found 267 bytes of JSON, allowed are 240'],
    ['dlms.readingSecret', 'abc', 'dlms.readingSecret: is no configuration but the secret dlms.reading'],
    ['lorawan.appKey', '000102030405060708090a0b0c0d0e0f', 'lorawan.appKey: is no configuration but the secret lorawan.appkey'],
  ])('%s = %j is refused with a line that names it', (path, value, line) => {
    const { provisioning, storage, changes } = startOn(blankFlash())
    const before = storage.settings.keys()
    const errors = provisioning.setConfig([
      { path: 'face.port', value: 8081 },
      { path, value },
    ])
    expect(errors.join('\n')).toContain(line)
    expect(storage.settings.keys()).toEqual(before)
    expect(changes).toEqual([])
  })

  test('fields that depend on each other can be changed together', () => {
    const { provisioning } = startOn(blankFlash())
    expect(provisioning.setConfig([{ path: 'localTime', value: { standardOffset_min: 330, daylightSaving: 'none' } }])).toEqual([])
    expect(provisioning.setConfig([{ path: 'localTime.daylightSaving', value: 'eu' }])).toHaveLength(1)
  })

  test('what another firmware stored and this one does not know is left out, with a line', () => {
    const flash = blankFlash()
    const { storage } = startOn(flash)
    storage.settings.set('config.dlms', ascii('{"port":4060,"baud":300}'))
    storage.settings.set('config.face', ascii('{"port":8081}'))
    storage.settings.set('config.tariff', ascii('{"count":4}'))
    storage.settings.set('config.save', ascii('{"interval_s":'))
    storage.settings.set('config.mains', ascii('[1]'))
    storage.settings.set('config.profile', Uint8Array.of(0xff, 0xfe))
    const { config, ignored } = startOn(flash)
    expect([config.dlms.port, config.face.port]).toEqual([4059, 8081])
    expect(ignored).toHaveLength(5)
    expect(ignored.join('\n')).toMatch(/dlms\.baud: unknown field/)
  })
})

describe('secrets', () => {
  test('count at once, take the demo secret away, and are shown nowhere', () => {
    const flash = blankFlash()
    const { provisioning, storage, keys, changes } = startOn(flash)
    expect(usesDemoSecret(storage, keys)).toBe(true)
    expect(checkReading(storage, keys, ascii('12345678'))).toBe(true)
    expect(provisioning.setSecret('dlms.reading', 'my own secret')).toEqual([])
    expect(checkReading(storage, keys, ascii('12345678'))).toBe(false)
    expect(checkReading(storage, keys, ascii('my own secret'))).toBe(true)
    expect(provisioning.setSecret('dlms.management', 'hex:000102030405060708')).toEqual([])
    expect(keys.check('dlms.management', fromHex('000102030405060708'))).toBe(true)
    expect(JSON.stringify([provisioning.configuration(), changes])).not.toMatch(/my own|000102/)
    expect(lies(flash, ascii('my own secret'))).toBe(false)
    const later = startOn(flash)
    expect(checkReading(later.storage, later.keys, ascii('my own secret'))).toBe(true)
  })

  test.each([
    ['dlms.reading', ''],
    ['dlms.reading', 'x'.repeat(33)],
    ['dlms.reading', 'tschüs-secret'],
    ['dlms.reading', 'hex:secret'],
    ['dlms.reading', 'hex:5ec'],
    ['dlms.management', 'secret7'],
    ['other', 'secret'],
    ['firmware.key', 'secret'],
  ])('%s = "%s" is refused without repeating it', (name, text) => {
    const { provisioning, keys } = startOn(blankFlash())
    const [line, ...more] = provisioning.setSecret(name, text)
    expect(line).toContain(name)
    expect(more).toEqual([])
    if (text.length > 0) expect(line.slice(`secret ${name}`.length)).not.toContain(text)
    expect(keys.names()).toEqual([])
  })

  test('of the configuration go into flash at the first start; then the flash decides', () => {
    const flash = blankFlash()
    const file = { dlms: { readingSecret: 'first one', managementSecret: 'management' }, firmware: { publicKey: PUBLIC_KEY } }
    const first = startOn(flash, { file })
    expect(first.keys.names()).toEqual(['dlms.management', 'dlms.reading', 'firmware.key'])
    expect(firmwareKey(first.keys)).toEqual(fromHex(PUBLIC_KEY))
    expect(JSON.stringify(first.provisioning.configuration())).not.toMatch(/first one|management|0460fed4/)
    const second = startOn(flash, { file: { dlms: { readingSecret: 'second' } } })
    expect(second.keys.check('dlms.reading', ascii('first one'))).toBe(true)
    expect(usesDemoSecret(second.storage, second.keys)).toBe(false)
  })

  test('in a flash that was moved to another board nobody gets in, not even with the demo secret', () => {
    const flash = blankFlash()
    startOn(flash).provisioning.setSecret('dlms.reading', 'my own secret')
    const { storage, keys } = startOn(flash, { key: OTHER_KEY, file: { dlms: { readingSecret: 'of the file' } } })
    expect(unreadableSecrets(keys)).toEqual(['dlms.reading'])
    for (const secret of ['12345678', 'my own secret', 'of the file']) expect(checkReading(storage, keys, ascii(secret))).toBe(false)
    expect(usesDemoSecret(storage, keys)).toBe(false)
  })

  test('a meter whose settings were lost refuses everybody', () => {
    const flash = blankFlash()
    const { storage, keys } = startOn(flash)
    storage.settings.set('anything', ascii('a life behind it'))
    storage.settings.delete('dlms.lls.demo')
    expect(checkReading(storage, keys, ascii('12345678'))).toBe(false)
    const later = startOn(flash)
    expect(checkReading(later.storage, later.keys, ascii('12345678'))).toBe(false)
  })

  test('of the firmware before, and of a time without key, are encrypted at the first start, and their traces erased', () => {
    const flash = blankFlash()
    const old = startOn(flash, { key: null })
    old.storage.settings.set('dlms.lls.secret', ascii('secret of old'))
    old.provisioning.setSecret('dlms.management', 'management of old')
    expect(lies(flash, ascii('secret of old'))).toBe(true)
    expect(lies(flash, ascii('management of old'))).toBe(true)
    const { keys, storage } = startOn(flash)
    expect(keys.check('dlms.reading', ascii('secret of old'))).toBe(true)
    expect(keys.check('dlms.management', ascii('management of old'))).toBe(true)
    expect(lies(flash, ascii('secret of old'))).toBe(false)
    expect(lies(flash, ascii('management of old'))).toBe(false)
    expect(usesDemoSecret(storage, keys)).toBe(false)
  })

  test('on a device without a key they lie open, as the documents say', () => {
    const flash = blankFlash()
    const { provisioning, keys } = startOn(flash, { key: null })
    provisioning.setSecret('dlms.reading', 'my own secret')
    expect(keys.sealing).toBe(false)
    expect(lies(flash, ascii('my own secret'))).toBe(true)
  })
})

describe('firmware key', () => {
  test('is kept as it is given', () => {
    const { provisioning, keys, changes } = startOn(blankFlash())
    expect(firmwareKey(keys)).toBeUndefined()
    expect(provisioning.setFirmwareKey(PUBLIC_KEY.toUpperCase())).toEqual([])
    expect(firmwareKey(keys)).toEqual(fromHex(PUBLIC_KEY))
    expect(changes).toEqual([{ kind: 'firmware key', name: 'firmware.key' }])
  })

  test.each([
    '',
    'abc',
    PUBLIC_KEY.slice(2),
    `05${PUBLIC_KEY.slice(2)}`,
    `${PUBLIC_KEY.slice(0, -1)}8`,
    `04${'0'.repeat(128)}`,
    `04${'f'.repeat(128)}`,
    `${PUBLIC_KEY}00`,
  ])('%s is none', (text) => {
    const { provisioning, keys } = startOn(blankFlash())
    expect(provisioning.setFirmwareKey(text)).toHaveLength(1)
    expect(keys.names()).toEqual([])
  })
})

describe('a provisioning file', () => {
  test('holds everything; its secrets may stand among the fields of the configuration', () => {
    const { provisioning, keys } = startOn(blankFlash())
    const file = {
      $schema: 'x',
      configuration: { identity: { serial: '4711' }, dlms: { port: 4060, readingSecret: 'in the section' } },
      secrets: { 'dlms.management': 'management secret' },
      firmwareKey: PUBLIC_KEY,
    }
    expect(provisioning.apply(file, { changes: [{ path: 'dlms.port', value: 4061 }], secrets: [['dlms.reading', 'besides']] })).toEqual([])
    expect(provisioning.configuration()).toMatchObject({ identity: { serial: '4711' }, dlms: { port: 4061 } })
    expect(keys.check('dlms.reading', ascii('besides'))).toBe(true)
    expect(keys.check('dlms.management', ascii('management secret'))).toBe(true)
    expect(firmwareKey(keys)).toEqual(fromHex(PUBLIC_KEY))
  })

  test('with any mistake stores nothing and names all of them, but no secret', () => {
    const { provisioning, keys, storage } = startOn(blankFlash())
    const before = storage.settings.keys()
    const errors = provisioning.apply({
      configuration: { dlms: { port: 'x', readingSecret: `geheim${'x'.repeat(40)}` }, face: 7 },
      secrets: { 'dlms.management': 'geheim', 'dlms.reading': 17, 'geheim?': 1 },
      firmwareKey: 'geheim',
      other: 1,
    })
    expect(errors.length).toBeGreaterThanOrEqual(7)
    expect(errors.join('\n').replace('geheim?', '')).not.toContain('geheim')
    expect(storage.settings.keys()).toEqual(before)
    expect(keys.names()).toEqual([])
  })

  test('may be anything: it is refused with lines, or what it sets is valid', () => {
    const leaf = fc.oneof(
      fc.integer(),
      fc.string(),
      fc.boolean(),
      fc.constant(null),
      fc.constant([]),
      fc.constantFrom(PUBLIC_KEY, 'hex:00ff'),
    )
    const fields = fc.constantFrom(
      'port',
      'serial',
      'readingSecret',
      'codes',
      'period_min',
      'enabled',
      '__proto__',
      'constructor',
      'publicKey',
    )
    const section = fc.oneof(leaf, fc.dictionary(fields, leaf, { maxKeys: 3 }))
    const sections = fc.constantFrom('dlms', 'face', 'identity', 'display', 'profile', 'firmware', '__proto__', 'toString')
    const file = fc.oneof(
      fc.jsonValue(),
      fc.record(
        {
          configuration: fc.oneof(leaf, fc.dictionary(sections, section, { maxKeys: 3 })),
          secrets: fc.oneof(
            leaf,
            fc.dictionary(fc.constantFrom('dlms.reading', 'dlms.management', '__proto__', 'x'), leaf, { maxKeys: 2 }),
          ),
          firmwareKey: leaf,
        },
        { requiredKeys: [] },
      ),
    )
    const flash = blankFlash()
    const started = startOn(flash)
    fc.assert(
      fc.property(file, (input) => {
        const keys = () =>
          JSON.stringify(started.storage.settings.keys().map((key) => [key, [...(started.storage.settings.get(key) ?? [])]]))
        const before = keys()
        const errors = started.provisioning.apply(JSON.parse(JSON.stringify(input)))
        if (errors.length > 0) expect(keys()).toBe(before)
        for (const line of errors) expect(line).not.toMatch(/[\n\r]/)
        expect(startOn(flash, { key: KEY }).ignored).toEqual([])
      }),
      { numRuns: 150 },
    )
  })
})
