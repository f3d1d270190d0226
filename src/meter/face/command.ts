import type { FaceRequest, FaceTamper, WorldCommand } from './state.ts'

/** Longest identifier of an appliance. */
const MAX_ID = 64
const MAX_SPEED = 1_000_000
const MAX_POWER_W = 1_000_000

const TAMPERS: readonly FaceTamper[] = ['terminalCover', 'meterCover', 'magneticField', 'seal']

type Fields = { readonly [name: string]: unknown }

function isWithin(value: unknown, high: number): value is number {
  return typeof value === 'number' && value >= 0 && value <= high
}

function parseCommand(fields: Fields): WorldCommand | undefined {
  const { command, on, phase, state, speed, appliance, power_W } = fields
  const what = TAMPERS.find((candidate) => candidate === fields.what)
  if (command === 'tamper' && what !== undefined && typeof on === 'boolean') return { command, what, on }
  if (command === 'appliance' && typeof appliance === 'string' && appliance.length <= MAX_ID && typeof on === 'boolean') {
    return { command, appliance, on }
  }
  if (command === 'pv' && typeof on === 'boolean' && isWithin(power_W, MAX_POWER_W)) return { command, on, power_W }
  if (command === 'mains' && (phase === 0 || phase === 1 || phase === 2 || phase === 3)) {
    if (state === 'on' || state === 'sag' || state === 'off') return { command, phase, state }
  }
  if (command === 'speed' && (speed === 'max' || isWithin(speed, MAX_SPEED))) return { command, speed }
  return undefined
}

/**
 * A request from the page, taken apart and put together again from known fields only. Undefined when it is no request at all; `command` is
 * undefined when it is one that nobody knows, so that the sender can be told.
 */
export function parseRequest(text: string): { readonly id: FaceRequest['id']; readonly command: WorldCommand | undefined } | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
  if (typeof value !== 'object' || value === null) return undefined
  const fields = value as Fields
  if (fields.type !== 'world' || !isWithin(fields.id, Number.MAX_SAFE_INTEGER)) return undefined
  return { id: fields.id, command: parseCommand(fields) }
}
