import fc from 'fast-check'
import type { Fields, Schema } from '../../src/lib/schema.ts'
import { array, boolean, integer, mayBeAbsent, number, object, oneOf, optional, string } from '../../src/lib/schema.ts'

const name = fc.stringMatching(/^[a-z]{1,6}$/)

function ranged(make: (options: { min: number; max: number }) => Schema<unknown>, bound: fc.Arbitrary<number>) {
  return fc.tuple(bound, bound).map(([a, b]) => make({ min: Math.min(a, b), max: Math.max(a, b) }))
}

/** Any schema, a few levels deep. */
export const anySchema: fc.Arbitrary<Schema<unknown>> = fc.letrec<{ schema: Schema<unknown>; leaf: Schema<unknown> }>((tie) => ({
  leaf: fc.oneof(
    ranged(integer, fc.integer()),
    ranged(number, fc.double({ noNaN: true, noDefaultInfinity: true })),
    fc.tuple(fc.nat(3), fc.nat(9)).map(([minLength, more]) => string({ minLength, maxLength: minLength + more })),
    fc.constant(string({ pattern: '^[0-9a-f]{4}$', meaning: 'four hexadecimal digits' })),
    fc.constant(boolean()),
    fc.uniqueArray(fc.oneof(fc.string(), fc.integer(), fc.boolean()), { minLength: 1, maxLength: 4 }).map((values) => oneOf(values)),
  ),
  schema: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    tie('leaf'),
    fc.tuple(tie('schema'), fc.nat(2)).map(([of, minItems]) => array(of, { minItems, maxItems: 4 })),
    fc
      .uniqueArray(fc.tuple(name, tie('schema'), fc.boolean()), { selector: ([key]) => key, maxLength: 5 })
      .map((fields) => object(Object.fromEntries(fields.map(([key, of, may]) => [key, may ? optional(of) : of])))),
  ),
})).schema

/** A value that a schema describes. */
export function arbitraryOf(schema: Schema<unknown>): fc.Arbitrary<unknown> {
  switch (schema.type) {
    case 'integer':
      return fc.integer({ min: schema.min, max: schema.max })
    case 'number':
      return fc.double({ min: schema.min, max: schema.max, noNaN: true, noDefaultInfinity: true })
    case 'string':
      if (schema.pattern !== undefined) return fc.stringMatching(new RegExp(schema.pattern))
      return fc.string({ minLength: schema.minLength, maxLength: schema.maxLength, unit: 'binary' })
    case 'boolean':
      return fc.boolean()
    case 'oneOf':
      return fc.constantFrom(...schema.values)
    case 'array':
      return fc.array(arbitraryOf(schema.of), { minLength: schema.minItems, maxLength: schema.maxItems })
    case 'object':
      return arbitraryOfObject(schema.fields)
  }
}

function arbitraryOfObject(fields: Fields): fc.Arbitrary<unknown> {
  const values = Object.fromEntries(Object.keys(fields).map((key) => [key, arbitraryOf(fields[key])]))
  return fc.record(values, { requiredKeys: Object.keys(fields).filter((key) => !mayBeAbsent(fields[key])) })
}
