import { readFileSync } from 'node:fs'
import { FerrarisError } from '../lib/errors.ts'
import { type Infer, integer, object, oneOf, optional, string } from '../lib/schema.ts'
import { validate } from '../lib/schema-validate.ts'

const PIN = integer({ min: 0, max: 63 })
const device = (description: string) => string({ minLength: 1, maxLength: 256, description })
const baud = integer({ min: 300, max: 3_000_000, default: 115_200 })
const OUTPUT = object({ pin: PIN, active: oneOf([0, 1], { default: 1, description: 'Level that closes the relay, or tampers' }) })

const BENCH = object(
  {
    console: object({
      port: optional(device('Serial port at the service port of the board, such as /dev/ttyUSB0 or COM4')),
      tcp: optional(
        string({
          pattern: '^[0-9A-Za-z.-]{1,64}:\\d{1,5}$',
          meaning: 'a host and a port such as 127.0.0.1:5555',
          description: 'Instead of a port: the UART of an emulator, or a serial device server',
        }),
      ),
      baud,
    }),
    bridge: optional(
      object(
        {
          port: device('Serial port of the bridge board'),
          baud,
          relay: optional({ ...OUTPUT, description: 'Relay board in the supply of the device' }),
          tamper: optional(
            object(
              { terminalCover: optional(OUTPUT), meterCover: optional(OUTPUT), magneticField: optional(OUTPUT), seal: optional(OUTPUT) },
              { description: 'Pins of the bridge at the contacts of the board' },
            ),
          ),
        },
        { description: 'A bridge board: docs/bridge.md' },
      ),
    ),
    metering: optional(
      object(
        {
          port: optional(device('Serial adapter at the UART to which the metering IC would be wired')),
          uart: optional(
            object({ transmit: optional(PIN), receive: optional(PIN), port: optional(PIN) }, { description: 'Such a UART of the bridge' }),
          ),
          spi: optional(
            object(
              { select: optional(PIN), clock: optional(PIN), in: optional(PIN), out: optional(PIN), port: optional(PIN) },
              { description: 'Bus of the metering IC, at which the bridge answers' },
            ),
          ),
        },
        { description: 'The PC plays the metering IC; without it the real one measures real mains' },
      ),
    ),
  },
  { description: 'What is connected to what' },
)

export type BenchFile = Infer<typeof BENCH>

function crossErrors({ console, bridge, metering }: BenchFile): string[] {
  const errors: string[] = []
  if ((console.port === undefined) === (console.tcp === undefined)) errors.push('console: allowed is either port or tcp')
  if (metering === undefined) return errors
  const ways = (['port', 'uart', 'spi'] as const).filter((way) => metering[way] !== undefined)
  if (ways.length !== 1) errors.push(`metering: found ${ways.join(' and ') || 'nothing'}, allowed is one of port, uart, spi`)
  else if (ways[0] !== 'port' && bridge === undefined) errors.push(`metering.${ways[0]}: needs a bridge`)
  return errors
}

/** Reads and checks a bench. Throws FerrarisError `BENCH_FILE` with all mistakes. */
export function loadBench(path: string): BenchFile {
  let input: unknown
  try {
    input = JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    throw new FerrarisError('BENCH_FILE', `${path}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
  const result = validate(BENCH, input)
  const errors = result.ok ? crossErrors(result.value) : result.errors.map(({ text }) => text.replace(/^configuration:/, 'bench:'))
  if (!result.ok || errors.length > 0) throw new FerrarisError('BENCH_FILE', errors.map((error) => `${path}: ${error}`).join('\n'))
  return result.value
}
