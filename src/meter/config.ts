import type { FirmwareVersion } from '../../hal/api/firmware.ts'
import type { Rating } from '../../hal/api/metering.ts'
import { formatVersion } from '../core/firmware/image.ts'
import { EVERYTHING, type Measured } from '../core/metrology/measured.ts'
import { registerOf } from '../core/registers/table.ts'
import { TARIFF_CONFIG, tariffConfigErrors } from '../core/tariff/tariff-config.ts'
import { FerrarisError } from '../lib/errors.ts'
import { array, boolean, type Infer, integer, object, oneOf, optional, string } from '../lib/schema.ts'
import { CLOCK_CONFIG, clockConfigErrors } from './clock-config.ts'
import { LORAWAN_CONFIG } from './lorawan/config.ts'
import { PREPAYMENT_CONFIG } from './prepayment/config.ts'
import { PULSE_CONFIG } from './pulse-config.ts'

const port = (value: number, description: string) => integer({ min: 0, max: 65535, default: value, description })

/**
 * The configuration of a meter: one typed table. It yields the type, the validator whose errors name the field, and the JSON Schema in
 * `docs/config.schema.json`.
 */
export const METER_CONFIG = object({
  identity: object(
    {
      manufacturer: string({
        pattern: '^[A-Z]{3}$',
        meaning: 'three capital letters',
        default: 'FRR',
        description: 'FLAG identification of the manufacturer; the first three characters of the COSEM logical device name',
      }),
      serial: string({
        pattern: '^[0-9A-Za-z]{1,13}$',
        meaning: '1 to 13 letters or digits',
        default: '0000000000001',
        description: 'Serial number; the rest of the COSEM logical device name',
      }),
    },
    { description: 'Who the meter is' },
  ),
  localTime: object(
    {
      standardOffset_min: integer({ min: -720, max: 840, default: 60, unit: 'min', description: 'Local standard time ahead of UTC' }),
      daylightSaving: oneOf(['none', 'eu'], { default: 'eu', description: 'Rule of the daylight saving time' }),
    },
    { description: 'Local time is only a view: the meter keeps UTC' },
  ),
  clock: CLOCK_CONFIG,
  mains: object({
    frequency_Hz: oneOf([50, 60], { default: 50, description: 'Nominal frequency' }),
    nominalVoltage_V: integer({
      min: 50,
      max: 300,
      default: 230,
      unit: 'V',
      description: 'Nominal voltage between phase and neutral; sag and phase loss are parts of it',
    }),
  }),
  profile: object({
    period_min: optional(
      oneOf([1, 5, 15, 30, 60], {
        description: 'Capture period of load profile 1, in minutes; default 15, of a water, gas or heat meter 60',
      }),
    ),
    depth: optional(
      integer({
        min: 24,
        max: 1_000_000,
        description: 'Newest entries of load profile 1 that can be read; without it all that the flash keeps',
      }),
    ),
    missing: oneOf(['absent', 'marked'], {
      default: 'absent',
      description:
        'Periods of load profile 1 that a power failure took: none, or entries with the registers as they stood and the status bits "power down" and "data not valid"',
    }),
  }),
  pulse: PULSE_CONFIG,
  tariff: TARIFF_CONFIG,
  demand: object(
    {
      period_min: oneOf([1, 5, 15, 30, 60], { default: 15, description: 'Length of a sub-interval of the demand, in minutes' }),
      periods: integer({
        min: 1,
        max: 15,
        default: 1,
        description: 'Sub-intervals of a demand period: 1 is block demand, more is sliding demand',
      }),
    },
    { description: 'Average and maximum demand of +A, -A, +R, -R' },
  ),
  billing: object(
    {
      day: integer({ min: 1, max: 28, default: 1, description: 'Day of the month on which a billing period ends, in local time' }),
      hour: integer({ min: 0, max: 23, default: 0, unit: 'h', description: 'Full hour at which it ends' }),
      blockOut_s: integer({
        min: 0,
        max: 86_400,
        default: 900,
        unit: 's',
        description: 'So long after an end of billing no command ends another period',
      }),
    },
    { description: 'Billing periods: snapshots of all registers' },
  ),
  quality: object(
    {
      period_min: oneOf([1, 5, 10, 15, 30, 60], { default: 10, description: 'Capture period of the power quality profile, in minutes' }),
    },
    { description: 'Power quality' },
  ),
  tamper: object(
    {
      generation: boolean({
        default: true,
        description: 'There is generation behind the meter: energy that flows back is no sign of a reversed current',
      }),
      silence_h: integer({
        min: 0,
        max: 8760,
        default: 168,
        unit: 'h',
        description: 'So long without any DLMS client is an event of the communication log; 0: never',
      }),
    },
    { description: 'What the meter takes for a sign of tampering or of a fault outside' },
  ),
  switch: object(
    {
      mode: integer({
        min: 0,
        max: 6,
        default: 4,
        description: 'Control mode of the disconnector (IEC 62056-6-2, class Disconnect control)',
      }),
      position: oneOf(['assert', 'leave'], {
        default: 'assert',
        description: 'After a start: move the relay to the position that is stored, or take the position that it is in',
      }),
    },
    { description: 'Disconnector, on a board with a relay' },
  ),
  prepayment: PREPAYMENT_CONFIG,
  save: object({
    interval_s: integer({
      min: 10,
      max: 3600,
      default: 60,
      unit: 's',
      description: 'Longest time between two saves of the registers; what an unannounced end of the supply can cost',
    }),
  }),
  dlms: object(
    {
      enabled: boolean({ default: true }),
      port: port(4059, 'TCP port of the DLMS/COSEM wrapper (IEC 62056-47); 0 lets the host choose'),
      connections_max: integer({ min: 1, max: 64, default: 8, description: 'Clients at once' }),
      inactivity_s: integer({
        min: 0,
        max: 86_400,
        default: 600,
        unit: 's',
        description: 'Connections on which no request comes in for so long are closed; 0: never',
      }),
      pdu_max: integer({
        min: 128,
        max: 65535,
        default: 65535,
        unit: 'bytes',
        description: 'Largest APDU sent; a client may ask for less',
      }),
      readingSecret: optional(
        string({
          pattern: '^[ -~]{1,32}$',
          meaning: '1 to 32 printable ASCII characters',
          description:
            'LLS secret of the reading client (SAP 17). It is stored in the meter at its first start and is never readable; without it a meter that has no secret uses the demo secret 12345678',
        }),
      ),
      managementSecret: optional(
        string({
          pattern: '^[ -~]{8,32}$',
          meaning: '8 to 32 printable ASCII characters',
          description:
            'LLS secret of the management client (SAP 1), which may set the clock and replace the firmware. Stored like readingSecret; without it nobody is the management client',
        }),
      ),
    },
    { description: 'DLMS/COSEM over TCP' },
  ),
  push: object(
    {
      address: optional(
        string({
          pattern: '^[0-9A-Za-z.:-]{1,64}$',
          meaning: 'an IP address or host name of at most 64 characters',
          description: 'Where messages about the supply go, as DLMS data-notification in UDP datagrams; without it none are sent',
        }),
      ),
      port: integer({ min: 1, max: 65535, default: 4059, description: 'UDP port of the receiver' }),
    },
    { description: 'Messages that the meter sends by itself: the last gasp when the supply fails, and the return of the supply' },
  ),
  lorawan: LORAWAN_CONFIG,
  firmware: object(
    {
      publicKey: optional(
        string({
          pattern: '^04[0-9a-f]{128}$',
          meaning: 'a P-256 public key: 04 and 128 hexadecimal digits in lower case (SEC 1, uncompressed)',
          description:
            'Key that signs new firmware. Stored in the meter at its first start; without one the meter takes no firmware. `ferraris firmware keygen` makes one',
        }),
      ),
      confirm_s: integer({
        min: 1,
        max: 3600,
        default: 60,
        unit: 's',
        description: 'So long new firmware has to measure without a fault before it stays; a reset before that brings the old one back',
      }),
    },
    { description: 'Replacing the firmware in the field' },
  ),
  face: object(
    {
      enabled: boolean({ default: true }),
      port: port(8080, 'TCP port of the web page; 0 lets the host choose'),
      connections_max: integer({ min: 1, max: 32, default: 8, description: 'Browsers at once' }),
    },
    { description: 'The web page of the meter' },
  ),
  display: object(
    {
      codes: optional(
        array(string({ pattern: '^\\d{1,3}\\.\\d{1,2}\\.\\d{1,3}$', meaning: 'an OBIS code C.D.E such as 1.8.0' }), {
          maxItems: 32,
          description:
            'Registers that the display shows in turn; without it energies, power, voltages, currents and frequency, as far as the meter has them',
        }),
      ),
    },
    { description: 'The display' },
  ),
})

export type MeterConfig = Infer<typeof METER_CONFIG>

/** Standard times whose daylight saving changes at a whole hour of the same day: Western, Central and Eastern European Time. */
const EUROPEAN_OFFSETS_MIN: readonly number[] = [0, 60, 120]

/** What the table cannot say: fields that depend on each other or on the registers that the meter has. Empty when all is well. */
export function meterConfigErrors(config: MeterConfig, measured: Measured = EVERYTHING): string[] {
  const { localTime, display, tariff, prepayment } = config
  const errors = [...tariffConfigErrors(tariff), ...clockConfigErrors(config.clock, config.demand.period_min)]
  if (prepayment.enabled && measured.medium !== undefined)
    errors.push('prepayment.enabled: found true, allowed on a meter for electricity only')
  if (localTime.daylightSaving === 'eu' && !EUROPEAN_OFFSETS_MIN.includes(localTime.standardOffset_min)) {
    errors.push(`localTime.standardOffset_min: found ${localTime.standardOffset_min}, allowed with daylightSaving "eu" is 0, 60 or 120`)
  }
  for (const [index, code] of (display.codes ?? []).entries()) {
    if (registerOf(code, tariff.rates, measured) === undefined)
      errors.push(`display.codes[${index}]: found "${code}", allowed is the OBIS code of a register of this meter`)
  }
  return errors
}

/** Throws FerrarisError `CONFIG`. */
export function checkMeterConfig(config: MeterConfig, measured?: Measured): void {
  const errors = meterConfigErrors(config, measured)
  if (errors.length > 0) throw new FerrarisError('CONFIG', errors.join('\n'))
}

/** Imp/kWh of the metrological LED. */
export const METER_CONSTANT = 1000
/** Where a board says nothing: 5(60) A. */
export const RATING: Rating = Object.freeze({ reference_A: 5, maximum_A: 60 })
/** Secret of the reading client in the demo configuration. */
export const DEMO_SECRET = '12345678'
/** What the meter calls itself, and what its firmware is made for. */
export function modelOf({ phases, medium }: Pick<Measured, 'phases' | 'medium'>): string {
  return medium?.model ?? `Ferraris ${phases}P`
}
/** Of the firmware that is linked into the program or the image of a device; what was loaded later has its own. */
export const FACTORY_VERSION: FirmwareVersion = Object.freeze({ major: 0, minor: 2, revision: 0, build: 0 })
export const FIRMWARE_VERSION = formatVersion(FACTORY_VERSION)
