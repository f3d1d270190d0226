import { describe, expect, test } from 'vitest'
import { ByteWriter } from '../../../src/lib/bytes.ts'
import { toHex } from '../../../src/lib/hex.ts'
import { ObjectDirectory } from '../../../src/protocols/dlms/directory.ts'
import { logicalNameKey, writeLogicalName } from '../../../src/protocols/dlms/logical-name.ts'
import { MadeObjects, objectGroup } from '../../../src/protocols/dlms/made-objects.ts'
import { readableBy } from '../../../src/protocols/dlms/objects/access.ts'
import { DataObject, RegisterObject } from '../../../src/protocols/dlms/objects/register.ts'
import type { ObjectList } from '../../../src/protocols/dlms/source.ts'
import { logicalName, objectsOf } from './bytes.ts'
import { memorySource, READER } from './memory-source.ts'

const access = readableBy(READER)
const value = () => {}
const data = (name: string) => new DataObject({ logicalName: name, access, value })
const register = (name: string) => new RegisterObject({ logicalName: name, access, value, scaler: 0, unit: 30 })

function directory(objects: ObjectList): ObjectDirectory {
  return new ObjectDirectory({ ...memorySource().devices[0], objects })
}

describe('logical names', () => {
  test('as a number and as bytes', () => {
    for (const code of ['0.0.0.0.0.0', '1.0.1.8.0.255', '255.255.255.255.255.255', '0.0.96.10.1.255']) {
      const writer = new ByteWriter()
      writeLogicalName(writer, code)
      expect(toHex(writer.copy())).toBe(`0906${toHex(logicalName(code))}`)
      expect(logicalNameKey(code)).toBe(logicalName(code).reduce((key, byte) => key * 256 + byte, 0))
    }
  })

  test('what is not six numbers of a byte is refused', () => {
    for (const code of [
      '',
      '1.0.1.8.0',
      '1.0.1.8.0.255.',
      '1.0.1.8.0.255.1',
      '1.0.1.8..255',
      '1.0.1.8.0.256',
      '1.0.1.8.00.255',
      '1.0.1.8.-1.255',
      '1.0.1.8.a.255',
      'abc',
    ])
      expect(() => logicalNameKey(code), code).toThrow(RangeError)
  })
})

describe('objects that are made on request', () => {
  const made: string[] = []
  const meter = { rates: 2, clock: true, relay: false }
  type Meter = typeof meter
  const objects = new MadeObjects<Meter>(meter, [
    objectGroup<Meter>(
      ({ clock }) => (clock ? data('0.0.1.0.0.255') : undefined),
      ({ relay }) => (relay ? data('0.0.96.3.10.255') : undefined),
    ),
    { count: () => 0, make: () => data('0.0.99.0.0.255') },
    {
      count: ({ rates }) => rates,
      make: (_meter, rate) => {
        made.push(`1.0.1.8.${rate}.255`)
        return register(`1.0.1.8.${rate}.255`)
      },
    },
    objectGroup<Meter>(() => data('1.0.1.8.1.255')),
  ])

  test('come in the order of their groups; a place may be empty', () => {
    expect(objects.length).toBe(5)
    expect(Array.from({ length: 7 }, (_, place) => objects.at(place)?.logicalName)).toEqual([
      '0.0.1.0.0.255',
      undefined,
      '1.0.1.8.0.255',
      '1.0.1.8.1.255',
      '1.0.1.8.1.255',
      undefined,
      undefined,
    ])
    expect(new MadeObjects(meter, []).length).toBe(0)
    expect(new MadeObjects(meter, []).at(0)).toBeUndefined()
  })

  test('are found by class and name, and only the one that is wanted is made', () => {
    const found = directory(objects)
    made.length = 0
    expect(found.find(3, logicalNameKey('1.0.1.8.0.255'))).toMatchObject({ classId: 3, logicalName: '1.0.1.8.0.255' })
    expect(made).toEqual(['1.0.1.8.0.255'])
    expect(found.find(3, logicalNameKey('1.0.1.8.1.255'))?.classId).toBe(3)
    expect(found.find(1, logicalNameKey('1.0.1.8.1.255'))?.classId).toBe(1)
    expect(found.find(4, logicalNameKey('1.0.1.8.1.255'))).toBeUndefined()
    expect(found.find(1, logicalNameKey('0.0.96.3.10.255'))).toBeUndefined()
    expect(found.find(1, 0)).toBeUndefined()
    expect(found.find(1, 2 ** 48)).toBeUndefined()
    expect(objectsOf(objects)).toHaveLength(4)
  })

  test('two of a class with one name, and two clients with one address, are a mistake of the firmware', () => {
    expect(() => directory([data('0.0.1.0.0.255'), register('0.0.1.0.0.255'), data('0.0.1.0.0.255')])).toThrow(
      'object 1 0.0.1.0.0.255 twice',
    )
    const [device] = memorySource().devices
    expect(() => new ObjectDirectory({ ...device, clients: [...device.clients, device.clients[0]] })).toThrow('client 16 twice')
  })
})
