import { ByteReader, ByteWriter } from '../lib/bytes.ts'
import { Command, EventCode, type Options, type Peripheral, writeOptions } from './bridge/protocol-table.ts'
import type { Layout } from './bridge/register-table.ts'
import type { SyncBridge } from './sync-bridge.ts'

/** What is used of a bridge. */
export type BridgeCalls = Pick<SyncBridge, 'call' | 'claim' | 'release'>

/** A register as the chip has it. */
export interface TargetRegister {
  readonly address: number
  readonly bytes: 1 | 2 | 3 | 4
  /** Of `Flag`. */
  readonly flags: number
}

/** The device under test touched a register. */
export interface RegisterAccess {
  readonly write: boolean
  readonly address: number
  readonly value: number
  /** Of the bridge's clock. */
  readonly time_us: number
}

/** Pairs of one frame. */
const PAIRS_MAX = 160

/** A chip whose registers lie at the bridge. Errors: as `SyncBridge.call`. */
export class RegisterTarget {
  readonly #bridge: BridgeCalls
  readonly #handle: number

  constructor(
    bridge: BridgeCalls,
    peripheral: typeof Peripheral.spiTarget | typeof Peripheral.i2cTarget,
    options: Options,
    onAccess: (access: RegisterAccess) => void,
  ) {
    this.#bridge = bridge
    this.#handle = bridge.claim(({ event, time_us, data }) => {
      if (event !== EventCode.access) return
      const reader = new ByteReader(data)
      const write = reader.uint8() === 1
      onAccess({ write, address: reader.uint16(), value: reader.uint32(), time_us })
    })
    const body = new ByteWriter()
    body.uint8(this.#handle)
    body.uint8(peripheral)
    writeOptions(body, options)
    bridge.call(Command.open, body.copy())
  }

  /** From now on the bridge answers. */
  define({ headerBytes, shift, mask, readMask, lastData }: Layout, registers: readonly TargetRegister[]): void {
    const body = this.#body()
    body.uint8(headerBytes)
    body.uint8(shift)
    body.uint32(mask)
    body.uint32(readMask)
    body.uint16(lastData)
    body.uint16(registers.length)
    for (const { address, bytes, flags } of registers) {
      body.uint16(address)
      body.uint8(bytes)
      body.uint8(flags)
    }
    this.#bridge.call(Command.registersDefine, body.copy())
  }

  /** Register and value. */
  set(pairs: readonly (readonly [number, number])[]): void {
    this.#each(Command.registersSet, pairs)
  }

  /** For registers that reading clears. */
  add(pairs: readonly (readonly [number, number])[]): void {
    this.#each(Command.registersAdd, pairs)
  }

  close(): void {
    this.#bridge.call(Command.close, Uint8Array.of(this.#handle))
    this.#bridge.release(this.#handle)
  }

  #body(): ByteWriter {
    const body = new ByteWriter(256, 4096)
    body.uint8(this.#handle)
    return body
  }

  #each(command: number, pairs: readonly (readonly [number, number])[]): void {
    for (let from = 0; from < pairs.length; from += PAIRS_MAX) {
      const body = this.#body()
      for (const [address, value] of pairs.slice(from, from + PAIRS_MAX)) {
        body.uint16(address)
        body.uint32(value)
      }
      this.#bridge.call(command, body.copy())
    }
  }
}
