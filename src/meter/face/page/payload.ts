import { ByteReader, DecodeError } from '../../../lib/bytes.ts'
import type { Field } from '../../../links/lorawan/command-fields.ts'
import { decodeUplink } from '../../../protocols/cbor/decode.ts'
import { CBOR_PORT } from '../../../protocols/cbor/keys-table.ts'
import { decodeAnswer, type MeterAnswer, type MeterRequest, REQUEST_PORT, readRequest } from '../../../protocols/meter-request/codec.ts'
import { decodeAcknowledgement, decodeFragment, FRAGMENT_PORT } from '../../../protocols/schc/message.ts'
import { WRAPPER_RULE } from '../../../protocols/schc/rules.ts'
import { type Command, decodeCommands } from '../../../protocols/yobiiq/commands.ts'
import { decodeReadings } from '../../../protocols/yobiiq/decode.ts'
import { Channel, Info, Port } from '../../../protocols/yobiiq/types-table.ts'
import { localTime } from './format.ts'

/** A payload in words. */
export interface PayloadText {
  readonly fields?: readonly Field[]
  readonly parts?: readonly { readonly name: string; readonly fields: readonly Field[] }[] | undefined
}

/** Units of the measurements and what their numbers are counted in, by the beginning of their names. */
const UNITS: readonly (readonly [name: string, unit: string, step: number])[] = [
  ['activeImport', 'Wh', 1],
  ['activeExport', 'Wh', 1],
  ['reactiveImport', 'varh', 1],
  ['reactiveExport', 'varh', 1],
  ['voltage', 'V', 0.1],
  ['current', 'A', 0.001],
  ['activePower', 'W', 1],
  ['reactivePower', 'var', 1],
  ['apparentPower', 'VA', 1],
  ['powerFactor', '', 0.01],
  ['phaseAngle', '°', 0.01],
  ['frequency', 'Hz', 0.01],
]

/** `activeImportT1` as `active import T1`. */
function words(name: string): string {
  return name.replace(/[A-Z][a-z]+/g, (word) => ` ${word.toLowerCase()}`).replace(/[LT]\d$/, (end) => ` ${end}`)
}

function readingText(name: string, value: number, offset_min: number): string {
  if (/^time$|timestamp/i.test(name)) {
    const { date, time } = localTime(value * 1000, offset_min)
    return `${date} ${time}`
  }
  const [, unit = '', step = 1] = UNITS.find(([prefix]) => name.startsWith(prefix)) ?? []
  return `${Number((value * step).toFixed(3))} ${unit}`.trim()
}

function commandText(command: Command): Field {
  const { type, ...rest } = command
  return [
    words(type),
    Object.entries(rest)
      .map(([name, value]) => `${words(name.replace(/_.*/, ''))} ${value}`)
      .join(', '),
  ]
}

/** State of supply or relay, result of a command. */
function stateFields(fPort: number, [first, second, third]: Uint8Array): Field[] {
  if (fPort === Port.change) return [['relay', third === 1 ? 'closed' : 'open']]
  if (first === Channel.info && second === Info.power) return [['supply', third === 1 ? 'good' : 'failed']]
  if (second === undefined && first <= 1) return [['downlink', first === 0 ? 'done' : 'not done']]
  return []
}

/** A CBOR report: values, states, and rows of the profile. */
function cborText(payload: Uint8Array, offset_min: number): PayloadText {
  const { readings, flags, profile } = decodeUplink(payload)
  const fields: Field[] = readings.map(([name, value]) => [words(name), readingText(name, value, offset_min)])
  for (const [name, value] of flags) fields.push([name, value ? 'yes' : 'no'])
  const parts = profile.map(({ time, status, values }) => ({
    name: readingText('time', time, offset_min),
    fields: [['registers', values.map((value) => value ?? '–').join(', ')] as const, ['status', `${status}`] as const],
  }))
  return { fields, parts }
}

function requestText({ kind, id, ...rest }: MeterRequest, offset_min: number): Field {
  const values = Object.entries(rest).map(([name, value]) => {
    return name.endsWith('_s') ? readingText('time', Number(value), offset_min) : [value].flat().join(', ')
  })
  return [`request ${id}`, [kind, ...values].join(' ')]
}

function answerFields(answer: MeterAnswer): Field[] {
  const first: Field = [`answer ${answer.id}`, answer.kind]
  if (answer.kind === 'failure') return [first, ['reason', `${answer.failure}`]]
  if (answer.kind === 'profile') return [first, ['entries', `${answer.entries}`]]
  return [first, ...answer.registers.map(({ code, value, scaler }): Field => [code, `${Number((value * 10 ** scaler).toPrecision(12))}`])]
}

/** Requests to the meter, and what it answers. */
function requestFields(payload: Uint8Array, up: boolean, offset_min: number): Field[] {
  const reader = new ByteReader(payload)
  if (up) return answerFields(decodeAnswer(reader))
  const fields: Field[] = []
  while (reader.remaining > 0) fields.push(requestText(readRequest(reader), offset_min))
  return fields
}

/** A fragment of a longer message, or its acknowledgement (RFC 9011). */
function fragmentText(payload: Uint8Array, up: boolean): PayloadText {
  const { type, ...rest } = up ? decodeFragment(payload) : decodeAcknowledgement(payload)
  const fields = Object.entries(rest).map(
    ([name, value]): Field => [
      name,
      value instanceof Uint8Array ? (name === 'bitmap' ? value.join('') : `${value.length} bytes`) : `${value}`,
    ],
  )
  return { fields: [['SCHC', type], ...fields] }
}

/** What a payload in clear says; nothing for a format that the page does not know. */
export function payloadFields(fPort: number, payload: Uint8Array, up: boolean, offset_min: number): PayloadText {
  try {
    if (fPort === REQUEST_PORT) return { fields: requestFields(payload, up, offset_min) }
    if (fPort === FRAGMENT_PORT) return fragmentText(payload, up)
    if (up && fPort === CBOR_PORT) return cborText(payload, offset_min)
    if (up && fPort === WRAPPER_RULE) return { fields: [['DLMS', `data-notification of ${payload.length} bytes`]] }
    if (!up) return { fields: decodeCommands(payload).map(commandText) }
    if (fPort !== Port.measurement) return { fields: stateFields(fPort, payload) }
    return { fields: decodeReadings(payload).map(([name, value]) => [words(name), readingText(name, value, offset_min)]) }
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return {}
  }
}
