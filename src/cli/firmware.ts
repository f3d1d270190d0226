import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import type { FirmwareVersion } from '../../hal/api/firmware.ts'
import { hostCrypto } from '../../hal/host/crypto.ts'
import { signedImage, unsignedImage } from '../core/firmware/encode.ts'
import { formatVersion, type ImageInfo, type ImageSource, readImage } from '../core/firmware/image.ts'
import { POINT_LENGTH, subjectPublicKeyInfo } from '../core/firmware/signature.ts'
import { ImageVerifier } from '../core/firmware/verify.ts'
import { DecodeError } from '../lib/bytes.ts'
import { FerrarisError } from '../lib/errors.ts'
import { fromHex, toHex } from '../lib/hex.ts'

const FIRMWARE_USAGE = `Usage: ferraris firmware keygen --out KEY.pem
       ferraris firmware sign --key KEY.pem --version 1.2.3[+BUILD] [--model M] [--security-counter N]
                              --payload FILE --out FILE
       ferraris firmware info FILE
       ferraris firmware verify FILE --key PUBLIC

keygen  makes a P-256 key: KEY.pem for the signer, KEY.pub.pem for the meters
sign    wraps a payload into an MCUboot image and signs it
info    prints what an image says of itself
verify  checks hash and signature; PUBLIC is a PEM file (public or private) or 130 hexadecimal digits`

function usage(reason: string): never {
  throw new FerrarisError('USAGE', `${reason} (see ferraris firmware --help)`)
}

function fail(reason: string, cause?: unknown): never {
  throw new FerrarisError('FIRMWARE', reason, { cause })
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
  const known: Readonly<Record<string, string>> = {
    ENOENT: 'no such file',
    EACCES: 'not allowed',
    EISDIR: 'is a folder',
    EEXIST: 'exists already',
  }
  return known[code] ?? code
}

function readBytes(path: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(path))
  } catch (error) {
    fail(`${path}: ${reasonOf(error)}`, error)
  }
}

function writeBytes(path: string, content: Uint8Array | string, options: { mode?: number; flag?: string } = {}): void {
  try {
    writeFileSync(path, content, options)
  } catch (error) {
    fail(`${path}: ${reasonOf(error)}`, error)
  }
}

/** `1`, `1.2`, `1.2.3`, `1.2.3+4`, as imgtool takes them. Errors: FerrarisError `USAGE`. */
export function parseVersion(text: string): FirmwareVersion {
  const match = /^(\d{1,3})(?:\.(\d{1,3})(?:\.(\d{1,5})(?:\+(\d{1,10}))?)?)?$/.exec(text)
  const [major, minor, revision, build] = (match ?? []).slice(1).map((part) => Number(part ?? 0))
  if (match === null || major > 0xff || minor > 0xff || revision > 0xffff || build > 0xffffffff) {
    usage(`--version: found "${text}", allowed is MAJOR.MINOR.REVISION+BUILD up to 255.255.65535+4294967295`)
  }
  return { major, minor, revision, build }
}

function pointOf(key: KeyObject, name: string): Uint8Array {
  const der = key.asymmetricKeyType === 'ec' ? new Uint8Array(key.export({ type: 'spki', format: 'der' })) : new Uint8Array(0)
  const point = der.slice(-POINT_LENGTH)
  if (toHex(subjectPublicKeyInfo(point)) !== toHex(der)) fail(`${name}: not a key on the curve P-256`)
  return point
}

/**
 * The public key in a text: PEM (of the public or of the private key), or the 65 bytes of the point as hexadecimal digits. `name` is for messages.
 * Returns SEC 1 uncompressed, 65 bytes. Errors: FerrarisError `FIRMWARE`.
 */
export function importPublicKey(text: string, name = 'key'): Uint8Array {
  if (!text.includes('-----BEGIN')) return importPoint(text, name)
  let key: KeyObject
  try {
    key = createPublicKey(text)
  } catch (error) {
    fail(`${name}: not a key in PEM form`, error)
  }
  return pointOf(key, name)
}

function importPoint(text: string, name: string): Uint8Array {
  const form = `${name}: neither PEM nor ${2 * POINT_LENGTH} hexadecimal digits that begin with 04`
  if (!/^\s*04[0-9a-fA-F\s]*$/.test(text)) fail(form)
  const digits = text.replace(/\s+/g, '')
  if (digits.length !== 2 * POINT_LENGTH) fail(form)
  const point = fromHex(digits)
  try {
    // Refuses a point beside the curve.
    return pointOf(createPublicKey({ key: Buffer.from(subjectPublicKeyInfo(point)), format: 'der', type: 'spki' }), name)
  } catch (error) {
    fail(`${name}: not a point of the curve P-256`, error)
  }
}

/** `KEY.pem` → `KEY.pub.pem`. */
function publicName(path: string): string {
  return path.endsWith('.pem') ? `${path.slice(0, -4)}.pub.pem` : `${path}.pub`
}

/**
 * Makes a key pair: the private key as PKCS #8 PEM in `out` (readable by its owner only, and never over an existing file), the public one beside it. Returns
 * the lines to print. Errors: FerrarisError `FIRMWARE`.
 */
function keygen(out: string): string {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const beside = publicName(out)
  writeBytes(out, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flag: 'wx' })
  writeBytes(beside, publicKey.export({ type: 'spki', format: 'pem' }))
  return `private key  ${out}\npublic key   ${beside}\npoint        ${toHex(pointOf(publicKey, out))}\n`
}

export interface SignOptions {
  readonly version: FirmwareVersion
  readonly model?: string
  readonly securityCounter?: number
}

/** The signed image around a payload. `pem` is the private key. Errors: FerrarisError `FIRMWARE`. */
export function signImage(payload: Uint8Array, pem: string, options: SignOptions, name = 'key'): Uint8Array {
  let key: KeyObject
  try {
    key = createPrivateKey(pem)
  } catch (error) {
    fail(`${name}: not a private key in PEM form`, error)
  }
  const keyHash = hostCrypto.digest('SHA256', subjectPublicKeyInfo(pointOf(createPublicKey(key), name)))
  let unsigned: Uint8Array
  try {
    unsigned = unsignedImage(payload, options)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    fail(error.message, error)
  }
  const digest = new Uint8Array(createHash('sha256').update(unsigned).digest())
  return signedImage(unsigned, digest, keyHash, new Uint8Array(sign('sha256', unsigned, key)))
}

function sourceOf(image: Uint8Array): ImageSource {
  return { size: image.length, read: (buffer, offset) => buffer.set(image.subarray(offset, offset + buffer.length)) }
}

function infoOf(image: Uint8Array, path: string): ImageInfo {
  try {
    return readImage(sourceOf(image))
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    fail(`${path}: ${error.message}`, error)
  }
}

/** What an image says of itself, as lines to print. Nothing of it is proven. Errors: FerrarisError `FIRMWARE`. */
function describeImage(image: Uint8Array, path: string): string {
  const { version, model, securityCounter, payloadLength, digest, keyHash } = infoOf(image, path)
  const rows: readonly (readonly [string, string])[] = [
    ['version', formatVersion(version)],
    ['model', model ?? 'none'],
    ['security counter', securityCounter === undefined ? 'none' : String(securityCounter)],
    ['payload', `${payloadLength} bytes`],
    ['SHA-256', toHex(digest)],
    ['signer', `${toHex(keyHash)} (SHA-256 of the public key)`],
  ]
  return rows.map(([label, value]) => `${label.padEnd(16)}  ${value}\n`).join('')
}

/** Checks hash and signature with the public key `point`, not whether a certain meter would take it. Errors: FerrarisError `FIRMWARE`. */
function verifyImage(image: Uint8Array, point: Uint8Array, path: string): string {
  const { model, version } = infoOf(image, path)
  const policy = { crypto: hostCrypto, publicKey: point, model, running: version, securityCounter: 0 }
  const verifier = new ImageVerifier(sourceOf(image), policy)
  while (!verifier.step(image.length));
  if (verifier.refusal !== undefined) fail(`${path}: ${verifier.detail}`)
  return `${path}: good, version ${formatVersion(version)}${model === undefined ? '' : ` for ${model}`}\n`
}

/** Named values and the rest; every name is allowed and given once. */
function options(words: readonly string[], allowed: readonly string[], files: number): { values: Map<string, string>; rest: string[] } {
  const values = new Map<string, string>()
  const rest: string[] = []
  for (let i = 0; i < words.length; i++) {
    if (!words[i].startsWith('-')) {
      rest.push(words[i])
      continue
    }
    const [name, inline] = words[i].split(/=(.*)/s, 2)
    if (!allowed.includes(name)) usage(`unknown option ${name}`)
    if (values.has(name)) usage(`${name} is given twice`)
    const value = inline ?? words[++i]
    if (value === undefined || (inline === undefined && value.startsWith('--'))) usage(`${name} needs a value`)
    values.set(name, value)
  }
  if (rest.length !== files) usage(files === 0 ? `unexpected ${rest[0]}` : `one image expected, found ${rest.length}`)
  return { values, rest }
}

function required(values: ReadonlyMap<string, string>, name: string): string {
  const value = values.get(name)
  if (value === undefined) usage(`${name} is missing`)
  return value
}

function counterOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  if (!(value <= 0xffffffff)) usage(`--security-counter: found "${text}", allowed is an integer 0..4294967295`)
  return value
}

function runSign(words: readonly string[]): string {
  const { values } = options(words, ['--key', '--version', '--model', '--security-counter', '--payload', '--out'], 0)
  const [keyPath, payloadPath, out] = ['--key', '--payload', '--out'].map((name) => required(values, name))
  const version = parseVersion(required(values, '--version'))
  const securityCounter = counterOf(values.get('--security-counter'))
  const pem = Buffer.from(readBytes(keyPath)).toString('latin1')
  const image = signImage(readBytes(payloadPath), pem, { version, model: values.get('--model'), securityCounter }, keyPath)
  writeBytes(out, image)
  return `${out}: version ${formatVersion(version)}, ${image.length} bytes\n`
}

function runVerify(words: readonly string[]): string {
  const { values, rest } = options(words, ['--key'], 1)
  const given = required(values, '--key')
  const inline = /^04[0-9a-fA-F]{128}$/.test(given)
  const point = importPublicKey(inline ? given : Buffer.from(readBytes(given)).toString('latin1'), inline ? '--key' : given)
  return verifyImage(readBytes(rest[0]), point, rest[0])
}

/**
 * `ferraris firmware …`: `words` is what follows. Returns what to print. Errors: FerrarisError `USAGE` for the command line, `FIRMWARE` for
 * files, keys and images.
 */
export function firmware(words: readonly string[]): string {
  const [command, ...rest] = words
  if (command === undefined || words.includes('--help') || words.includes('-h')) return `${FIRMWARE_USAGE}\n`
  if (command === 'keygen') return keygen(required(options(rest, ['--out'], 0).values, '--out'))
  if (command === 'sign') return runSign(rest)
  if (command === 'verify') return runVerify(rest)
  if (command !== 'info') usage(`unknown command firmware ${command}`)
  const [path] = options(rest, [], 1).rest
  return describeImage(readBytes(path), path)
}
