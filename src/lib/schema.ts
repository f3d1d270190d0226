/**
 * A typed description of a configuration. One table yields three things: the TypeScript type (`Infer`), the validator (`validate`) and the
 * published JSON Schema (`schema-json.ts`). Schemas are plain frozen data, so a device can keep them in flash.
 */

interface Notes {
  readonly description?: string
  /** Unit of the value, for messages and documents: `ms`, `imp/kWh`. */
  readonly unit?: string
}
interface Field<T> extends Notes {
  /** Taken when the field is absent. */
  readonly default?: T
}
interface Range {
  readonly min?: number
  readonly max?: number
}
interface Length {
  /** Lengths count characters (code points), as in JSON Schema. */
  readonly minLength?: number
  readonly maxLength?: number
}
interface Text extends Length {
  /** ECMAScript regular expression, not anchored by itself. It also runs on foreign text: write none that backtracks without end. */
  readonly pattern?: string
  /** What the pattern stands for, in the words of an error: `a duration such as "15m"`. */
  readonly meaning?: string
}

export type Literal = string | number | boolean | null
export type Fields = { readonly [name: string]: Schema<unknown> }

export type Spec =
  | ({ readonly type: 'integer' | 'number' } & Range & Field<unknown>)
  | ({ readonly type: 'string' } & Text & Field<unknown>)
  | ({ readonly type: 'boolean' } & Field<unknown>)
  | ({ readonly type: 'oneOf'; readonly values: readonly Literal[] } & Field<unknown>)
  | ({ readonly type: 'array'; readonly of: Schema<unknown>; readonly minItems: number; readonly maxItems: number } & Field<unknown>)
  | ({ readonly type: 'object'; readonly fields: Fields } & Field<unknown>)

/** `value` is never set: it carries the type T. */
export type Schema<T> = Spec & { readonly optional?: boolean; readonly value?: T }

export type Infer<S> = S extends { readonly value?: infer T } ? T : never
type OptionalNames<F> = { [N in keyof F]: F[N] extends { readonly optional: true } ? N : never }[keyof F]
type Flat<T> = { [N in keyof T]: T[N] }
export type ObjectOf<F> = Flat<
  { readonly [N in Exclude<keyof F, OptionalNames<F>>]: Infer<F[N]> } & { readonly [N in OptionalNames<F>]?: Infer<F[N]> }
>

export function integer(options: Range & Field<number> = {}): Schema<number> {
  return Object.freeze({ ...options, type: 'integer' as const })
}

/** Any finite number. */
export function number(options: Range & Field<number> = {}): Schema<number> {
  return Object.freeze({ ...options, type: 'number' as const })
}

export function string(options: Text & Field<string> = {}): Schema<string> {
  return Object.freeze({ ...options, type: 'string' as const })
}

export function boolean(options: Field<boolean> = {}): Schema<boolean> {
  return Object.freeze({ ...options, type: 'boolean' as const })
}

/** One of the listed values and no other. */
export function oneOf<const V extends Literal>(values: readonly V[], options: Field<V> = {}): Schema<V> {
  return Object.freeze({ ...options, type: 'oneOf' as const, values })
}

/** Every list has a bound. */
export function array<S extends Schema<unknown>>(
  of: S,
  options: { readonly minItems?: number; readonly maxItems: number } & Field<readonly Infer<S>[]>,
): Schema<readonly Infer<S>[]> {
  return Object.freeze({ minItems: 0, ...options, type: 'array' as const, of })
}

/** No other fields than these. An absent object is read as `{}` where none of its fields is needed. */
export function object<F extends Fields>(fields: F, notes: Notes = {}): Schema<ObjectOf<F>> {
  if (Object.keys(fields).includes('__proto__')) throw new RangeError('a field cannot be called __proto__')
  return Object.freeze({ ...notes, type: 'object' as const, fields: Object.freeze({ ...fields }) as Fields })
}

/** The field may be absent, and then stays absent. */
export function optional<S extends Schema<unknown>>(schema: S): S & { readonly optional: true } {
  return Object.freeze({ ...schema, optional: true as const })
}

/** True where an object may leave the field out. */
export function mayBeAbsent(schema: Schema<unknown>): boolean {
  if (schema.optional || schema.default !== undefined) return true
  return schema.type === 'object' && Object.values(schema.fields).every(mayBeAbsent)
}
