import type { Schema, Spec } from './schema.ts'
import { mayBeAbsent } from './schema.ts'

type Json = { [name: string]: unknown }

/** A JSON Schema (draft 2020-12) document that accepts what `validate` accepts. Plain data, ready for `JSON.stringify`. */
export function jsonSchema(schema: Schema<unknown>, document: { readonly id: string; readonly title: string }): Json {
  return { $schema: 'https://json-schema.org/draft/2020-12/schema', $id: document.id, title: document.title, ...node(schema) }
}

function node(spec: Spec): Json {
  const json = body(spec)
  const unit = spec.unit === undefined ? undefined : `Unit: ${spec.unit}.`
  const description = [spec.description, unit].filter((part) => part !== undefined).join(' ')
  if (description !== '') json.description = description
  if (spec.default !== undefined) json.default = spec.default
  return json
}

function body(spec: Spec): Json {
  switch (spec.type) {
    // `validate` takes safe integers only: beyond them JSON.parse has already rounded.
    case 'integer':
      return { type: 'integer', minimum: spec.min ?? Number.MIN_SAFE_INTEGER, maximum: spec.max ?? Number.MAX_SAFE_INTEGER }
    case 'number':
      return compact({ type: 'number', minimum: spec.min, maximum: spec.max })
    case 'string':
      return compact({ type: 'string', minLength: spec.minLength, maxLength: spec.maxLength, pattern: spec.pattern })
    case 'boolean':
      return { type: 'boolean' }
    case 'oneOf':
      return { enum: [...spec.values] }
    case 'array':
      return { type: 'array', items: node(spec.of), minItems: spec.minItems, maxItems: spec.maxItems }
    case 'object':
      return objectBody(spec)
  }
}

function objectBody(spec: Extract<Spec, { type: 'object' }>): Json {
  const properties: Json = {}
  const required: string[] = []
  for (const name of Object.keys(spec.fields)) {
    properties[name] = node(spec.fields[name])
    if (!mayBeAbsent(spec.fields[name])) required.push(name)
  }
  return { type: 'object', properties, required, additionalProperties: false }
}

function compact(json: Json): Json {
  for (const name of Object.keys(json)) if (json[name] === undefined) delete json[name]
  return json
}
