import fc from 'fast-check'
import { describe, expect, expectTypeOf, test } from 'vitest'
import type { Infer, Schema } from '../../src/lib/schema.ts'
import { array, boolean, integer, number, object, oneOf, optional, string } from '../../src/lib/schema.ts'
import { jsonSchema } from '../../src/lib/schema-json.ts'
import { validate } from '../../src/lib/schema-validate.ts'
import { anySchema, arbitraryOf } from './schema-arbitrary.ts'

const meter = object({
  serial: string({ pattern: '^[A-Z]{3}\\d{8}$', description: 'Printed on the front.' }),
  phases: oneOf([1, 3], { default: 3 }),
  dlms: object({
    port: integer({ min: 0, max: 65535, default: 4059 }),
    secret: optional(string({ minLength: 1, maxLength: 16 })),
  }),
  capture: string({ default: '15m', meaning: 'a duration such as "15m"', pattern: '^\\d+[smh]$' }),
  loads: array(object({ name: string(), power: number({ min: 0, unit: 'W' }), on: boolean({ default: false }) }), {
    maxItems: 3,
    default: [],
  }),
})

function errorsOf(schema: Schema<unknown>, input: unknown): string[] {
  const result = validate(schema, input)
  return result.ok ? [] : result.errors.map((error) => error.text)
}

describe('the type', () => {
  test('follows the schema', () => {
    expectTypeOf<Infer<typeof meter>>().toEqualTypeOf<{
      readonly serial: string
      readonly phases: 1 | 3
      readonly dlms: { readonly port: number; readonly secret?: string }
      readonly capture: string
      readonly loads: readonly { readonly name: string; readonly power: number; readonly on: boolean }[]
    }>()
  })
})

describe('validate', () => {
  test('applies defaults, also those of an absent object, and leaves optional fields out', () => {
    const result = validate(meter, { serial: 'FER00000001', loads: [{ name: 'kettle', power: 2000 }] })
    expect(result).toEqual({
      ok: true,
      value: {
        serial: 'FER00000001',
        phases: 3,
        dlms: { port: 4059 },
        capture: '15m',
        loads: [{ name: 'kettle', power: 2000, on: false }],
      },
    })
  })

  test('names path, what was found and what is allowed, for all errors at once', () => {
    const input = { serial: 'x', phases: 2, dlms: { prot: 1, port: 'abc', secret: '' }, loads: [{ name: 1, power: -1 }], capture: 'soon' }
    expect(errorsOf(meter, input)).toEqual([
      'serial: found "x", allowed is a text matching /^[A-Z]{3}\\d{8}$/',
      'phases: found 2, allowed is 1 or 3',
      'dlms.prot: unknown field, did you mean "port"?',
      'dlms.port: found "abc", allowed is an integer 0..65535',
      'dlms.secret: found "", allowed is a text, length 1..16',
      'capture: found "soon", allowed is a duration such as "15m"',
      'loads[0].name: found 1, allowed is a text',
      'loads[0].power: found -1, allowed is a number of at least 0 (W)',
    ])
  })

  test.each([
    [[], 'configuration: found a list of 0, allowed is an object'],
    [null, 'configuration: found null, allowed is an object'],
    [undefined, 'configuration: found nothing, allowed is an object'],
    [new Date(0), 'configuration: found a value of type object, allowed is an object'],
    [{}, 'serial: missing, allowed is a text matching /^[A-Z]{3}\\d{8}$/'],
    [{ serial: 'FER00000001', loads: [1, 2, 3, 4] }, 'loads: found a list of 4, allowed is a list of 0..3 entries'],
    [{ serial: 'FER00000001', dlms: { port: Number.NaN } }, 'dlms.port: found NaN, allowed is an integer 0..65535'],
    [{ serial: 'FER00000001', dlms: { port: 1.5 } }, 'dlms.port: found 1.5, allowed is an integer 0..65535'],
    [{ serial: 'FER00000001', colour: 1 }, 'colour: unknown field, known are serial, phases, dlms, capture, loads'],
    [{ serial: 'FER00000001', Phases: 1 }, 'Phases: unknown field, did you mean "phases"?'],
  ])('%j', (input, text) => {
    expect(errorsOf(meter, input)).toEqual([text])
  })

  test('a prototype neither brings fields in nor takes any out', () => {
    const input: unknown = JSON.parse('{"serial":"FER00000001","__proto__":{"phases":1},"constructor":{"prototype":1}}')
    expect(errorsOf(meter, input).map((text) => text.split(':')[0])).toEqual(['__proto__', 'constructor'])
    expect(errorsOf(meter, Object.create({ serial: 'FER00000001' }))).toEqual([
      'serial: missing, allowed is a text matching /^[A-Z]{3}\\d{8}$/',
    ])
    expect(Object.hasOwn({}, 'phases')).toBe(false)
    expect(() => object(JSON.parse('{"__proto__":{"type":"boolean"}}'))).toThrow(RangeError)
  })

  test('a wrong default is found, not passed on', () => {
    expect(errorsOf(object({ port: integer({ max: 10, default: 11 }) }), {})).toEqual([
      'port: found 11, allowed is an integer of at most 10',
    ])
  })

  test('lengths count characters', () => {
    expect(errorsOf(string({ minLength: 2, maxLength: 2 }), 'a😀')).toEqual([])
    expect(errorsOf(string({ maxLength: 1 }), '😀')).toEqual([])
  })

  test('messages stay short and on one line', () => {
    const [text] = errorsOf(integer(), `a\nb${'c'.repeat(1e6)}`)
    expect(text).toMatch(/^configuration: found "a\\nbc{37}…", allowed is an integer$/)
    const [name] = errorsOf(object({}), { ['n'.repeat(1e6)]: 1 })
    expect(name.length).toBeLessThan(100)
  })

  test('the count of errors is bounded', () => {
    const input = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`field${i}`, i]))
    expect(errorsOf(object({}), input).length).toBe(100)
  })

  test('a hundred thousand levels are not walked', () => {
    let deep: unknown = 1
    for (let i = 0; i < 100_000; i++) deep = i % 2 === 0 ? [deep] : { serial: deep }
    expect(errorsOf(meter, deep).length).toBeGreaterThan(0)
    expect(errorsOf(meter, { serial: deep }).length).toBe(1)
  })
})

describe('properties', () => {
  const pair = anySchema.chain((schema) => fc.tuple(fc.constant(schema), arbitraryOf(schema)))

  test('whatever the schema describes validates and comes back', () => {
    fc.assert(
      fc.property(pair, ([schema, value]) => {
        const result = validate(schema, value)
        expect(result.ok ? [] : result.errors).toEqual([])
        if (result.ok) expect(validate(schema, result.value)).toEqual(result)
      }),
      { numRuns: 200 },
    )
  })

  test('any data at all gives a value or errors, never an exception', () => {
    const anything = fc.anything({
      withBigInt: true,
      withBoxedValues: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withNullPrototype: true,
      withObjectString: true,
      withSparseArray: true,
      withTypedArray: true,
      key: fc.oneof(fc.constantFrom('__proto__', 'constructor', 'toString', 'serial', 'loads', 'dlms'), fc.string()),
    })
    fc.assert(
      fc.property(anySchema, anything, (schema, input) => {
        const result = validate(schema, input)
        if (!result.ok) expect(result.errors.length).toBeGreaterThan(0)
      }),
      { numRuns: 1000 },
    )
    // None of it is a meter: `serial` has a pattern that no such text meets.
    fc.assert(
      fc.property(anything, (input) => {
        expect(validate(meter, input).ok).toBe(false)
      }),
    )
  })
})

describe('the JSON Schema', () => {
  test('says what the validator checks', () => {
    expect(jsonSchema(meter, { id: 'https://example.org/meter.json', title: 'Meter' })).toEqual({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      $id: 'https://example.org/meter.json',
      title: 'Meter',
      type: 'object',
      required: ['serial'],
      additionalProperties: false,
      properties: {
        serial: { type: 'string', pattern: '^[A-Z]{3}\\d{8}$', description: 'Printed on the front.' },
        phases: { enum: [1, 3], default: 3 },
        dlms: {
          type: 'object',
          required: [],
          additionalProperties: false,
          properties: {
            port: { type: 'integer', minimum: 0, maximum: 65535, default: 4059 },
            secret: { type: 'string', minLength: 1, maxLength: 16 },
          },
        },
        capture: { type: 'string', pattern: '^\\d+[smh]$', default: '15m' },
        loads: {
          type: 'array',
          minItems: 0,
          maxItems: 3,
          default: [],
          items: {
            type: 'object',
            required: ['name', 'power'],
            additionalProperties: false,
            properties: {
              name: { type: 'string' },
              power: { type: 'number', minimum: 0, description: 'Unit: W.' },
              on: { type: 'boolean', default: false },
            },
          },
        },
      },
    })
  })

  test('survives JSON', () => {
    fc.assert(
      fc.property(anySchema, (schema) => {
        const document = jsonSchema(schema, { id: 'x', title: 'x' })
        const text = JSON.stringify(document)
        expect(JSON.stringify(JSON.parse(text))).toBe(text)
      }),
    )
  })
})
