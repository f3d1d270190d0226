import type { Device } from '../../hal/api/device.ts'
import type { Bytes } from '../../hal/api/io.ts'
import { KeyStore } from '../core/security/key-store.ts'
import { settleSettings, wipeOldSettings } from '../core/security/wipe.ts'
import { Counter } from '../core/storage/counters.ts'
import type { Settings } from '../core/storage/settings.ts'
import type { Storage } from '../core/storage/storage.ts'
import { ascii } from '../lib/ascii.ts'
import { FerrarisError } from '../lib/errors.ts'
import { fromHex } from '../lib/hex.ts'
import { sameSecret } from '../lib/secret.ts'
import { DEMO_SECRET, type MeterConfig } from './config.ts'

/** Names in the key store. The firmware key is public, but nobody may put another one in its place. */
export const READING = 'dlms.reading'
export const MANAGEMENT = 'dlms.management'
export const FIRMWARE_KEY = 'firmware.key'
export const STS_KEY = 'sts.key'
export const LORAWAN_KEY = 'lorawan.appkey'
/** Keys of a session that is agreed before. */
export const LORAWAN_NWK_KEY = 'lorawan.nwkskey'
export const LORAWAN_APP_KEY = 'lorawan.appskey'
/** Root of the keys of multicast groups. */
export const LORAWAN_GEN_KEY = 'lorawan.genappkey'
/** Session keys and what else a LoRaWAN session is made of. */
export const LORAWAN_SESSION = 'lorawan.session'

/** Where firmware 0.1 kept the reading secret, as it was. */
const OLD_READING_KEY = 'dlms.lls.secret'
/** Mark of a meter that has never had a reading secret of its own. */
export const DEMO_MARK = 'dlms.lls.demo'
/** Mark: secrets that lay open in the flash are still to be wiped. */
const WIPE_MARK = 'wipe.requested'

interface SecretRule {
  readonly name: string
  /** Bytes. */
  readonly min: number
  readonly max: number
  /** No other lengths between them. */
  readonly only?: readonly number[]
  readonly description: string
}

/** Secrets that can be provisioned. */
const SECRETS: readonly SecretRule[] = Object.freeze([
  Object.freeze({ name: READING, min: 1, max: 32, description: 'LLS secret of the DLMS reading client (SAP 17)' }),
  Object.freeze({ name: MANAGEMENT, min: 8, max: 32, description: 'LLS secret of the DLMS management client (SAP 1), and of the console' }),
  Object.freeze({ name: LORAWAN_KEY, min: 16, max: 16, description: 'LoRaWAN AppKey' }),
  Object.freeze({ name: LORAWAN_NWK_KEY, min: 16, max: 16, description: 'LoRaWAN NwkSKey, with activation by personalisation' }),
  Object.freeze({ name: LORAWAN_APP_KEY, min: 16, max: 16, description: 'LoRaWAN AppSKey, with activation by personalisation' }),
  Object.freeze({ name: LORAWAN_GEN_KEY, min: 16, max: 16, description: 'LoRaWAN GenAppKey' }),
  Object.freeze({
    name: STS_KEY,
    min: 8,
    max: 16,
    only: [8, 16],
    description: 'STS decoder key: 8 bytes for EA07 (STA), 16 for EA11 (MISTY1)',
  }),
])

export type Checked<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: string }

/** Bytes of a secret as a person writes it: printable ASCII, or `hex:` and digits; undefined for anything else. */
export function secretBytes(text: string): Bytes | undefined {
  if (text.startsWith('hex:')) return /^hex:([0-9a-fA-F]{2})+$/.test(text) ? fromHex(text.slice(4)) : undefined
  return /^[ -~]+$/.test(text) ? ascii(text) : undefined
}

/** The bytes of a secret that may be stored under a name. Errors never repeat the secret. */
export function checkSecret(name: string, text: unknown): Checked<Bytes> {
  const rule = SECRETS.find((known) => known.name === name)
  if (rule === undefined) {
    return {
      ok: false,
      error: `secret ${JSON.stringify(name.slice(0, 40))}: unknown, known are ${SECRETS.map((known) => known.name).join(', ')}`,
    }
  }
  const value = typeof text === 'string' ? secretBytes(text) : undefined
  const fits = value !== undefined && value.length >= rule.min && value.length <= rule.max && rule.only?.includes(value.length) !== false
  if (fits) return { ok: true, value }
  const found = value === undefined ? 'something else' : `${value.length} bytes`
  return {
    ok: false,
    error: `secret ${name}: found ${found}, allowed are ${rule.only?.join(' or ') ?? `${rule.min} to ${rule.max}`} printable ASCII characters, or hex: and as many bytes`,
  }
}

/** Prime and coefficient b of P-256 (SP 800-186, section 3.2.1.3); a = -3. */
const P = BigInt('0xffffffff00000001000000000000000000000000ffffffffffffffffffffffff')
const B = BigInt('0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b')

/** A public key as `65 bytes, 04 first` in hexadecimal. A slip of the pen gives no point of the curve, and is told at once. */
export function checkFirmwareKey(text: unknown): Checked<Bytes> {
  const allowed = 'allowed is a P-256 public key: 04 and 128 hexadecimal digits (SEC 1, uncompressed)'
  if (typeof text !== 'string' || !/^04[0-9a-fA-F]{128}$/.test(text)) {
    const found = typeof text === 'string' ? `${text.length} characters` : `a value of type ${typeof text}`
    return { ok: false, error: `firmware key: found ${found}, ${allowed}` }
  }
  const x = BigInt(`0x${text.slice(2, 66)}`)
  const y = BigInt(`0x${text.slice(66)}`)
  const onCurve = x < P && y < P && (y * y - (x * x * x - 3n * x + B)) % P === 0n
  if (!onCurve) return { ok: false, error: `firmware key: found no point of the curve, ${allowed}` }
  return { ok: true, value: fromHex(text) }
}

/** A flash that takes no more must not stop the start: what could not be changed stays as it is. False when it did not work. */
export function ifFlashTakesIt(write: () => void): boolean {
  try {
    write()
    return true
  } catch (error) {
    if (error instanceof FerrarisError && (error.code === 'STORAGE_WORN' || error.code === 'SETTINGS_FULL')) return false
    throw error
  }
}

/**
 * The key store of a meter, ready for use: secrets that an earlier firmware, or a device without key, left open in the flash are encrypted and their
 * traces erased.
 */
export function openKeys(storage: Storage, device: Pick<Device, 'crypto' | 'key'>): KeyStore {
  const { settings, counters } = storage
  const { crypto, key } = device
  const keys = new KeyStore({ settings, crypto, key, nextNonce: () => counters.next(Counter.secretNonce) })
  ifFlashTakesIt(() => closeOldSecrets(settings, keys))
  return keys
}

function closeOldSecrets(settings: Settings, keys: KeyStore): void {
  const open = settings.get(OLD_READING_KEY) !== undefined || keys.unsealed().length > 0
  // Before the first change: the traces are to be wiped even when power is lost after the last one.
  if (open && keys.sealing) settings.set(WIPE_MARK, Uint8Array.of(1))
  keys.adopt(OLD_READING_KEY, READING)
  keys.sealAll()
  if (settings.get(WIPE_MARK) !== undefined) {
    wipeOldSettings(settings)
    settings.delete(WIPE_MARK)
  }
}

function textSecret(text: string | undefined): Bytes | undefined {
  return text === undefined ? undefined : ascii(text)
}

/** What of the configuration goes into flash at the first start; from then on the flash decides. */
const CONFIGURED: readonly (readonly [string, (config: MeterConfig) => Bytes | undefined])[] = [
  [READING, ({ dlms }) => textSecret(dlms.readingSecret)],
  [MANAGEMENT, ({ dlms }) => textSecret(dlms.managementSecret)],
  [LORAWAN_KEY, ({ lorawan }) => (lorawan.appKey === undefined ? undefined : fromHex(lorawan.appKey))],
  [LORAWAN_NWK_KEY, ({ lorawan }) => (lorawan.nwkSKey === undefined ? undefined : fromHex(lorawan.nwkSKey))],
  [LORAWAN_APP_KEY, ({ lorawan }) => (lorawan.appSKey === undefined ? undefined : fromHex(lorawan.appSKey))],
  [LORAWAN_GEN_KEY, ({ lorawan }) => (lorawan.genAppKey === undefined ? undefined : fromHex(lorawan.genAppKey))],
  [STS_KEY, ({ prepayment: { decoderKey } }) => (decoderKey === undefined ? undefined : fromHex(decoderKey))],
  [FIRMWARE_KEY, ({ firmware }) => (firmware.publicKey === undefined ? undefined : fromHex(firmware.publicKey))],
]

/**
 * Stores the secrets of the configuration that the meter does not have yet. The demo secret is good for a meter that never had one of its own: a new
 * one is marked so, and one whose settings were damaged, or belong to another device, refuses everybody rather than open up.
 * Call it once after `openKeys`, on the same storage.
 */
export function provisionFirst(storage: Storage, keys: KeyStore, config: MeterConfig): void {
  ifFlashTakesIt(() => storeFirst(storage, keys, config))
}

function storeFirst({ settings, report }: Storage, keys: KeyStore, config: MeterConfig): void {
  if ((report.fresh || report.layout === 'rebuilt') && !keys.has(READING)) settings.set(DEMO_MARK, Uint8Array.of(1))
  for (const [name, read] of CONFIGURED) {
    const value = read(config)
    if (value !== undefined && !keys.has(name)) keys.set(name, value)
  }
  if (keys.has(READING)) endDemo(settings)
}

/**
 * A meter with a reading secret of its own never takes that of the demo configuration again, not even when its secret is lost. The mark goes when the
 * secret is safe, so that there is always one that is good.
 */
export function endDemo(settings: Settings): void {
  if (settings.get(DEMO_MARK) === undefined) return
  settleSettings(settings)
  settings.delete(DEMO_MARK)
}

/** The reading client's secret is the one of the demo configuration. */
export function usesDemoSecret(storage: Storage, keys: KeyStore): boolean {
  return !keys.has(READING) && storage.settings.get(DEMO_MARK) !== undefined
}

/** Is this the secret of the reading client? */
export function checkReading(storage: Storage, keys: KeyStore, candidate: Bytes): boolean {
  if (usesDemoSecret(storage, keys)) return sameSecret(candidate, ascii(DEMO_SECRET))
  return keys.check(READING, candidate)
}

/** The key that new firmware must be signed with; undefined without a readable one: then no firmware is taken. */
export function firmwareKey(keys: KeyStore): Bytes | undefined {
  return keys.use(FIRMWARE_KEY, (key) => key.slice())
}

/** Secrets that are stored and cannot be opened: the flash was moved to another device, or is damaged. */
export function unreadableSecrets(keys: KeyStore): string[] {
  return keys.names().filter((name) => keys.state(name) === 'unreadable')
}
