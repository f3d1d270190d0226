import { describe, expect, test } from 'vitest'
import { hostCrypto } from '../../hal/host/crypto.ts'
import { MemoryFlash } from '../../hal/portable/flash.ts'
import { openStorage } from '../../src/core/storage/storage.ts'
import { SeededRandom } from '../../src/lib/random.ts'
import { decodeData, frameType, MType } from '../../src/links/lorawan/frame.ts'
import { LoRaWanMac } from '../../src/links/lorawan/mac.ts'
import type { Activation } from '../../src/links/lorawan/mac-options.ts'
import { REGIONS } from '../../src/links/lorawan/regions-table.ts'
import { lorawanStore } from '../../src/meter/lorawan/store.ts'
import { openKeys } from '../../src/meter/secrets.ts'
import { NorFlash, PowerLoss, type Tear } from '../../src/world/chips/nor-flash.ts'
import { LoRaAir } from '../../src/world/lora/air.ts'
import { AirRadio } from '../../src/world/lora/air-radio.ts'
import { Scheduler } from '../../src/world/scheduler.ts'
import { WorldTimer } from '../../src/world/time.ts'
import { APP_KEY, DEV_EUI, JOIN_EUI, TestNetwork } from '../links/lorawan/rig.ts'
import { FLASH } from './life.ts'

/** In a first life. */
const UPLINKS = 4
const REGION = REGIONS.EU868
const DEVICE_KEY = new Uint8Array(32).fill(0x42)
const OTAA: Activation = { type: 'otaa', joinEui: JOIN_EUI, devEui: DEV_EUI, appKey: APP_KEY }
const ABP: Activation = { type: 'abp', devAddr: 0x0100_0001, keys: { nwkSKey: APP_KEY, appSKey: APP_KEY } }

/** A LoRaWAN device whose counters and session lie in flash, and everything that it ever sent. */
class Device {
  readonly flash = new NorFlash(new MemoryFlash(FLASH), { random: new SeededRandom(5) })
  readonly network: TestNetwork
  readonly sent: Uint8Array[] = []
  readonly #scheduler = new Scheduler(1_700_000_000_000_000)
  readonly #air: LoRaAir
  readonly #random = new SeededRandom(6)
  readonly #activation: Activation
  #timer: WorldTimer | undefined
  #mac: LoRaWanMac | undefined
  #over = 0

  constructor(activation: Activation) {
    this.#activation = activation
    this.#air = new LoRaAir({
      scheduler: this.#scheduler,
      seed: 1,
      onSignal: ({ transmission: { payload, invertedIq } }) => {
        if (invertedIq) return
        this.sent.push(payload)
        // Each session has its own address, so that frames tell which one they belong to.
        if (frameType(payload) === MType.joinRequest) this.network.devAddr++
      },
    })
    this.network = new TestNetwork(this.#scheduler, this.#air, REGION)
    // Downlinks change the session too.
    this.network.answer = ({ fCnt }) =>
      fCnt % 2 === 0 ? { window: 'RX1', phy: this.network.down({ fPort: 5 }, Uint8Array.of(fCnt)) } : undefined
  }

  /** Starts, joins if it must, and sends; ends early when power is lost. */
  live(uplinks: number): void {
    try {
      this.flash.powerOn()
      const mac = this.#start()
      if (!mac.joined) mac.join()
      for (let i = 0; i < 60 && !(mac.joined && !mac.busy); i++) this.#run(10)
      for (let i = 0; i < uplinks; i++) {
        const before = this.#over
        mac.send(10, Uint8Array.of(i), i === 1)
        for (let tries = 0; tries < 60 && this.#over === before; tries++) this.#run(5)
      }
    } catch (error) {
      if (!(error instanceof PowerLoss)) throw error
    } finally {
      this.#timer?.stop()
      this.#mac?.close()
    }
  }

  #run(duration_s: number): void {
    this.#scheduler.run(this.#scheduler.now_us + duration_s * 1_000_000)
  }

  #start(): LoRaWanMac {
    const storage = openStorage(this.flash)
    const keys = openKeys(storage, { crypto: hostCrypto, key: DEVICE_KEY })
    this.#timer = new WorldTimer(this.#scheduler)
    this.#mac = new LoRaWanMac({
      region: REGION,
      radio: (events) =>
        new AirRadio({ scheduler: this.#scheduler, air: this.#air, events, name: 'device', position: { x_m: 200, y_m: 0 } }),
      activation: this.#activation,
      store: lorawanStore(storage, keys),
      events: {
        onJoined: () => {},
        onJoinFailed: () => {},
        onSent: () => this.#over++,
        onDownlink: () => {},
        onTime: () => {},
        onLinkCheck: () => {},
        onError: (reason) => {
          throw new Error(reason)
        },
      },
      crypto: hostCrypto,
      timer: this.#timer,
      ticks_ms: () => Math.floor(this.#scheduler.now_us / 1000),
      random: (bytes) => this.#random.fill(bytes),
      deviceClass: 'A',
      adr: false,
      dataRate: 5,
    })
    return this.#mac
  }
}

/** Numbers of join requests, and frame counters in each session, only ever go up; a frame that is repeated is the same one. */
function checkNumbers({ sent, network }: Device): void {
  const nonces = network.devNonces
  for (let i = 1; i < nonces.length; i++) expect(nonces[i]).toBeGreaterThan(nonces[i - 1])
  const last = new Map<number, { fCnt: number; phy: Uint8Array }>()
  for (const phy of sent) {
    if (frameType(phy) === MType.joinRequest) continue
    const { devAddr, fCnt } = decodeData(phy)
    const before = last.get(devAddr)
    if (before !== undefined && before.fCnt === fCnt) expect(phy).toEqual(before.phy)
    else expect(fCnt).toBeGreaterThan(before?.fCnt ?? -1)
    last.set(devAddr, { fCnt, phy })
  }
}

/** Flash operations of a first life. */
function operations(activation: Activation): number {
  const device = new Device(activation)
  device.live(UPLINKS)
  checkNumbers(device)
  return device.flash.operations
}

describe.each([
  ['OTAA', OTAA],
  ['ABP', ABP],
] as const)('numbers of a device with %s', (_, activation) => {
  test.each(['none', 'prefix', 'garbage'] satisfies Tear[])('only go up, wherever the power is cut: %s', (tear) => {
    const end = operations(activation)
    expect(end).toBeGreaterThan(20)
    let frames = 0
    for (let n = 1; n <= end; n++) {
      const device = new Device(activation)
      device.flash.cutAt(n, tear)
      device.live(UPLINKS)
      device.live(2)
      // And once more in the middle of what follows.
      device.flash.powerOn()
      device.flash.cutAt(device.flash.operations + 1 + (n % 7), tear)
      device.live(2)
      device.live(2)
      checkNumbers(device)
      frames += device.sent.length
    }
    expect(frames).toBeGreaterThan(4 * end)
  })
})
