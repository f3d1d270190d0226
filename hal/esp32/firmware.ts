import { activate, confirm, image, label, onTrial, spareGivenUp } from 'ferraris/firmware'
import { ByteReader, ByteWriter } from '../../src/lib/bytes.ts'
import { FerrarisError } from '../../src/lib/errors.ts'
import type { Device } from '../api/device.ts'
import type { FirmwareSlots, FirmwareVersion } from '../api/firmware.ts'
import type { Flash } from '../api/flash.ts'
import { Esp32Flash } from './flash.ts'
import { readNvs, writeNvs } from './nvs.ts'

const DIGEST_BYTES = 32
/** In NVS: version of the firmware in a slot behind the digest of its image, by label of the slot. */
const versionKey = (slot: string) => `fw.${slot}`
/** In NVS: that the meter has been told of a rollback. */
const SEEN_KEY = 'fw.seen'

const refused = (what: string, code: number) => new FerrarisError('FIRMWARE_SLOT', `${what} (ESP-IDF error ${code})`)

function digestOf(spare: boolean): Uint8Array {
  const digest = new Uint8Array(DIGEST_BYTES)
  image(spare, digest)
  return digest
}

function storeVersion(slot: string, digest: Uint8Array, { major, minor, revision, build }: FirmwareVersion): void {
  const writer = new ByteWriter(DIGEST_BYTES + 8)
  writer.write(digest)
  writer.uint8(major)
  writer.uint8(minor)
  writer.uint16(revision)
  writer.uint32(build)
  writeNvs(versionKey(slot), writer.copy())
}

/** Undefined when another firmware was written into the slot meanwhile, over the serial port. */
function storedVersion(slot: string, digest: Uint8Array): FirmwareVersion | undefined {
  const stored = readNvs(versionKey(slot))
  if (stored === undefined || stored.length !== DIGEST_BYTES + 8) return undefined
  if (digest.some((byte, i) => byte !== stored[i])) return undefined
  const reader = new ByteReader(stored, DIGEST_BYTES)
  return { major: reader.uint8(), minor: reader.uint8(), revision: reader.uint16(), build: reader.uint32() }
}

/** The OTA partitions of ESP-IDF with "app rollback". */
class Esp32FirmwareSlots implements FirmwareSlots {
  readonly running: FirmwareVersion
  readonly spare: Flash = new Esp32Flash('nextota')
  readonly #spareLabel: string
  #trial = onTrial()
  #rolledBack: boolean

  constructor(running: string, spare: string, factory: FirmwareVersion) {
    this.#spareLabel = spare
    this.running = storedVersion(running, digestOf(false)) ?? factory
    this.#rolledBack = spareGivenUp() && readNvs(SEEN_KEY) === undefined
  }

  get trial(): boolean {
    return this.#trial
  }

  get rolledBack(): boolean {
    return this.#rolledBack
  }

  activate(_length: number, version: FirmwareVersion): void {
    if (this.#trial) throw new FerrarisError('FIRMWARE_SLOT', 'the running firmware is on trial')
    this.#store(() => {
      storeVersion(this.#spareLabel, digestOf(true), version)
      writeNvs(SEEN_KEY, undefined)
    })
    const code = activate()
    if (code !== 0) throw refused('the image cannot be started', code)
    this.#rolledBack = false
  }

  confirm(): void {
    const code = this.#trial ? confirm() : 0
    if (code !== 0) throw refused('the image cannot be confirmed', code)
    this.#trial = false
    if (!this.#rolledBack) return
    this.#store(() => writeNvs(SEEN_KEY, Uint8Array.of(1)))
    this.#rolledBack = false
  }

  #store(work: () => void): void {
    try {
      work()
    } catch (cause) {
      throw new FerrarisError('FIRMWARE_SLOT', 'NVS takes no more', { cause })
    }
  }
}

/** Undefined on a flash with a single place for firmware. `factory`: version of a firmware that came over the serial port. */
export function esp32FirmwareSlots(factory: FirmwareVersion): FirmwareSlots | undefined {
  const [running, spare] = [label(false), label(true)]
  return running === undefined || spare === undefined ? undefined : new Esp32FirmwareSlots(running, spare, factory)
}

/** The image that runs, and the digest that it carries; undefined when it carries none. */
export function esp32Program(): Device['program'] {
  const expected = new Uint8Array(DIGEST_BYTES)
  const length = image(false, expected)
  if (length === 0) return undefined
  const partition = new Esp32Flash('running', 'r')
  return { length, expected, read: (buffer, offset) => partition.read(buffer, offset) }
}
