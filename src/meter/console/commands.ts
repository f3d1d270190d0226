import { formatInstant, parseInstant } from '../../lib/iso8601.ts'
import { type Answer, error, firstWord } from './answer.ts'
import { calibrate, calibrationState } from './calibrate.ts'
import { CONSOLE_LOGS, type ConsoleTarget } from './target.ts'

const EVENTS_DEFAULT = 10
const EVENTS_MAX = 200

export interface ConsoleCommand {
  readonly name: string
  readonly parameters: string
  readonly help: string
  /** Changes something: needs a login where there is a management secret. */
  readonly writes: boolean
  /** `rest` is what stands behind the name, without spaces around it. */
  readonly run: (target: ConsoleTarget, rest: string) => Answer
}

/** An answer to a change: its mistakes, or what is done. */
function outcome(errors: readonly string[], done: string): string[] {
  return errors.length > 0 ? errors.map(error) : [done]
}

function* status(target: ConsoleTarget): Answer {
  for (const [name, value] of target.status()) yield `${name.padEnd(12)} ${value}`
}

function* registers(target: ConsoleTarget): Answer {
  for (const { code, value, unit, name } of target.registers()) yield `${code.padEnd(8)} ${value.padStart(14)} ${unit.padEnd(5)} ${name}`
}

function* events(target: ConsoleTarget, rest: string): Answer {
  const [first, second] = firstWord(rest)
  const named = CONSOLE_LOGS.find((name) => name === (second === '' ? first : second))
  const number = second === '' && named !== undefined ? '' : first
  const count = number === '' ? EVENTS_DEFAULT : Number(number)
  if (!/^\d*$/.test(number) || count < 1 || count > EVENTS_MAX) {
    yield error(`events: found ${JSON.stringify(number)}, allowed is an integer 1..${EVENTS_MAX}`)
    return
  }
  if (second !== '' && named === undefined) {
    yield error(`events: found ${JSON.stringify(second)}, allowed is ${CONSOLE_LOGS.join(', ')}`)
    return
  }
  for (const { utc_s, sequence, code, text, parameter } of target.events(count, named ?? 'standard')) {
    yield `${formatInstant(utc_s * 1000)} ${String(sequence).padStart(6)} ${String(code).padStart(3)} ${text}${parameter === 0 ? '' : ` (${parameter})`}`
  }
}

function* get(target: ConsoleTarget, rest: string): Answer {
  let found = false
  for (const [section, fields] of Object.entries(target.configuration())) {
    for (const [field, value] of Object.entries(fields)) {
      const path = `${section}.${field}`
      if (rest !== '' && rest !== section && rest !== path) continue
      found = true
      yield `${path} ${JSON.stringify(value)}`
    }
  }
  if (!found) yield error(`get: nothing is configured under ${JSON.stringify(rest)}`)
}

/** JSON, or a text that needs no quotes. */
function parseValue(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (reason) {
    if (!(reason instanceof SyntaxError)) throw reason
    return text
  }
}

function set(target: ConsoleTarget, rest: string): Answer {
  const [path, json] = firstWord(rest)
  if (json === '') return [error('set: a path and a value are needed, such as dlms.port 4059; null takes a change back')]
  return outcome(target.setConfig([{ path, value: parseValue(json) }]), 'stored; it counts from the next start on')
}

function secret(target: ConsoleTarget, rest: string): Answer {
  const [name, text] = firstWord(rest)
  if (text === '') return [error('secret: a name and a secret are needed')]
  return outcome(target.setSecret(name, text), 'stored')
}

function key(target: ConsoleTarget, rest: string): Answer {
  const [name, text] = firstWord(rest)
  if (name !== 'firmware') return [error('key: allowed is "key firmware" and 130 hexadecimal digits')]
  return outcome(target.setFirmwareKey(text), 'stored')
}

function token(target: ConsoleTarget, rest: string): Answer {
  if (rest === '') return [error('token: 20 digits are needed, or the word emergency')]
  return rest === 'emergency' ? target.takeEmergency() : target.enterToken(rest)
}

function clock(target: ConsoleTarget): Answer {
  return [formatInstant(target.now_ms())]
}

function setClock(target: ConsoleTarget, rest: string): Answer {
  const parsed = parseInstant(rest)
  if (!parsed.ok) return [error(`clock: ${parsed.reason}`)]
  const { utc_ms, offset_min } = parsed.value
  if (offset_min === undefined) return [error('clock: allowed is a time with Z or an offset such as +01:00')]
  const errors = target.setClock(utc_ms)
  return outcome(errors, errors.length > 0 ? '' : formatInstant(target.now_ms()))
}

function* restart(target: ConsoleTarget): Answer {
  yield target.restart() ? 'restarting' : error('restart: this board cannot start itself; switch its supply off and on')
}

function* factoryReset(target: ConsoleTarget, rest: string): Answer {
  if (rest !== '' && rest !== 'all') {
    yield error(`factory-reset: found ${JSON.stringify(rest)}, allowed is nothing or all`)
    return
  }
  const errors = target.requestReset(rest === 'all')
  if (errors.length > 0) yield* errors.map(error)
  else {
    yield rest === 'all' ? 'everything is erased at the next start' : 'configuration and secrets are erased at the next start'
    yield* restart(target)
  }
}

function command(name: string, parameters: string, help: string, run: ConsoleCommand['run'], writes = false): ConsoleCommand {
  return Object.freeze({ name, parameters, help, run, writes })
}

/** Commands that the session does not answer itself. `clock` and `calibrate` stand here twice: reading is free, changing is not. */
export const COMMANDS: readonly ConsoleCommand[] = Object.freeze([
  command('status', '', 'what the meter is and how it is', status),
  command('registers', '', 'all registers', registers),
  command('events', '[n] [log]', `the newest events of a log (standard), 1 to ${EVENTS_MAX}`, events),
  command('get', '[path]', 'configuration of the next start, such as get dlms', get),
  command('clock', '', 'time of the meter', clock),
  // A token proves itself what it may do.
  command('token', 'digits|emergency', 'enter a prepayment token; take the emergency credit', token),
  command('calibrate', '', 'how the metering IC is calibrated', calibrationState),
  command('set', 'path json', 'change the configuration, such as set dlms.port 4060', set, true),
  command('secret', 'name text|hex:..', 'store a secret; it can never be read', secret, true),
  command('key', 'firmware hex', 'public key that signs new firmware', key, true),
  command('clock', 'time', 'set the clock, such as clock 2026-03-01T12:00:00Z', setClock, true),
  command('calibrate', 'step ...', 'calibrate the metering IC, with the seal open; see calibrate help', calibrate, true),
  command('factory-reset', '[all]', 'erase configuration and secrets; all: everything, with the seal open', factoryReset, true),
  command('restart', '', 'start the firmware again', restart, true),
])

/** The command for a line; with two of a name, the one that takes a parameter when there is one. */
export function findCommand(name: string, rest: string): ConsoleCommand | undefined {
  const found = COMMANDS.filter((known) => known.name === name)
  return found.length < 2 ? found[0] : found.find((known) => (known.parameters !== '') === (rest !== ''))
}
