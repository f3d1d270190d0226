import { afterAll, beforeAll } from 'vitest'
import type { I2COptions } from '../../hal/api/i2c.ts'
import type { Digital, SerialOptions, SPIOptions } from '../../hal/api/io.ts'
import { Command, EventCode, Peripheral, writeOptions } from '../../src/hil/bridge/protocol-table.ts'
import { remoteDigital, remoteI2C, remotePulseCount, remoteSerial, remoteSPI } from '../../src/hil/remote.ts'
import { SyncBridge, type SyncBridgeOptions } from '../../src/hil/sync-bridge.ts'
import { ByteWriter } from '../../src/lib/bytes.ts'
import { digitalContract } from '../contract/digital.ts'
import { i2cContract } from '../contract/i2c.ts'
import { pulseCountContract } from '../contract/pulse-count.ts'
import { serialContract } from '../contract/serial.ts'
import { spiContract } from '../contract/spi.ts'
import { pause, until } from '../contract/until.ts'

/** What is connected to the bridge. What is absent is skipped. */
export interface Wiring {
  /** Two pins with a jumper (better: 1 kilohm) between them. */
  readonly jumper?: { readonly output: number; readonly input: number }
  /** Longest filter of the pulse counter, in nanoseconds. */
  readonly counter?: { readonly filter_ns: number; readonly tooLong_ns: number; readonly shortest_us?: number }
  /** A UART with a jumper from TX to RX. */
  readonly serial?: Omit<SerialOptions, 'onReadable' | 'onWritable' | 'onError' | 'device'>
  /** An SPI, with a jumper from MOSI to MISO where `exchange` is absent. */
  readonly spi?: readonly {
    readonly name: string
    readonly options: SPIOptions
    readonly exchange?: { readonly send: readonly number[]; readonly receive: readonly (number | undefined)[] }
  }[]
  readonly i2c?: {
    readonly name: string
    readonly options: I2COptions
    readonly absent: number
    readonly exchange: { readonly write: readonly number[]; readonly read: readonly number[] }
    readonly store: { readonly pointer: number; readonly bytes: readonly number[] }
  }
}

const LOOP = [0x00, 0xff, 0x55, 0xaa, 0x01, 0x80, 0x7e]
/** Pauses of so many microseconds or more are waited for; shorter ones lie inside a script that the bridge carries out. */
const SCRIPT_END_US = 20_000

/** The far end of the jumper, driven by scripts at the bridge: a PC cannot make a pulse of some microseconds. */
class ScriptedPin {
  readonly #bridge: SyncBridge
  readonly #pin: number
  #handle: number | undefined
  readonly #operations = new ByteWriter(256, 1024)

  constructor(bridge: SyncBridge, pin: number) {
    this.#bridge = bridge
    this.#pin = pin
  }

  drive(level: 0 | 1): void {
    this.#operations.uint8(1)
    this.#operations.uint8(this.#open(level))
    this.#operations.uint8(level)
  }

  async pass(duration_us: number): Promise<void> {
    this.#operations.uint8(2)
    this.#operations.uint32(duration_us)
    if (duration_us < SCRIPT_END_US) return
    let done = false
    const id = this.#bridge.claim(({ event }) => {
      done ||= event === EventCode.done
    })
    const operations = this.#operations.copy()
    this.#operations.reset()
    this.#bridge.call(Command.script, Uint8Array.of(id, ...operations))
    await until(() => done, 'the end of the script')
    this.#bridge.release(id)
  }

  #open(level: 0 | 1): number {
    if (this.#handle !== undefined) return this.#handle
    this.#handle = this.#bridge.claim()
    const body = new ByteWriter()
    body.uint8(this.#handle)
    body.uint8(Peripheral.digital)
    writeOptions(body, { pin: this.#pin, pull: 'Output', initialValue: level })
    this.#bridge.call(Command.open, body.copy())
    return this.#handle
  }
}

/** The suites of `test/contract` at the pins and buses of a bridge board. `connect` is called once; `wiring` says what is connected to the board. */
export function bridgeSuites(name: string, wiring: Wiring, connect: () => SyncBridgeOptions | Promise<SyncBridgeOptions>): void {
  let bridge: SyncBridge
  beforeAll(async () => {
    bridge = new SyncBridge(await connect())
  })
  afterAll(() => bridge?.close())
  /** What a test that failed left open is closed. */
  const fresh = (): SyncBridge => {
    bridge.call(Command.reset, new Uint8Array(0))
    return bridge
  }

  const { jumper, counter, serial, spi = [], i2c } = wiring
  if (jumper !== undefined) digitalSuite(name, jumper, fresh)
  if (jumper !== undefined && counter !== undefined) {
    pulseCountContract(name, () => {
      fresh()
      const far = new ScriptedPin(bridge, jumper.output)
      return {
        PulseCount: remotePulseCount(bridge),
        signal: jumper.input,
        filter: counter.filter_ns,
        tooLong: counter.tooLong_ns,
        shortest_us: counter.shortest_us,
        drive: (level) => far.drive(level),
        pass: (duration_us) => far.pass(duration_us),
      }
    })
  }
  if (serial !== undefined) {
    serialContract(name, () => {
      fresh()
      return { Serial: remoteSerial(bridge), options: serial }
    })
  }
  for (const { name: part, options, exchange = { send: LOOP, receive: LOOP } } of spi) {
    spiContract(`${name}, ${part}`, () => {
      fresh()
      return { SPI: remoteSPI(bridge), options, exchange }
    })
  }
  if (i2c !== undefined) {
    const { name: part, ...chip } = i2c
    i2cContract(`${name}, ${part}`, () => {
      fresh()
      return { I2C: remoteI2C(bridge), ...chip }
    })
  }
}

/** What happened at the board before the second answer was sent was told before it, and waits for this thread. */
async function settled(bridge: SyncBridge): Promise<void> {
  bridge.call(Command.time, new Uint8Array(0))
  await pause(5)
  bridge.call(Command.time, new Uint8Array(0))
  await pause(5)
}

function digitalSuite(name: string, { output, input }: { readonly output: number; readonly input: number }, open: () => SyncBridge): void {
  digitalContract(name, () => {
    const bridge = open()
    const Digital = remoteDigital(bridge)
    // Opened when it is needed: two outputs that drive against each other would be a short circuit.
    let far: Digital | undefined
    const drive = (level: 0 | 1): void => {
      far ??= new Digital({ pin: output, mode: 'Output', initialValue: level })
      far.write(level)
    }
    const level = (): 0 | 1 => {
      far ??= new Digital({ pin: output, mode: 'Input' })
      return far.read()
    }
    return { Digital, pin: input, drive, level, settle: () => settled(bridge) }
  })
}
