import { describe, expect, test } from 'vitest'
import { Command, EventCode, Peripheral, Status } from '../../src/hil/bridge/protocol-table.ts'
import { BridgeRig } from './bridge-rig.ts'
import { JUMPER } from './emulated-board.ts'

const uint32 = (value: number) => Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value)

describe('bridge firmware', () => {
  test('says what it is and what it has', () => {
    const { rest } = new BridgeRig().ask(Command.hello, 1, 0)
    expect(rest.slice(0, 2)).toEqual([1, 0])
    // digital, spi, i2c, serial, pulseCount, spiTarget; no I2C target.
    expect((rest[2] << 8) | rest[3]).toBe(0b0111111)
    expect(String.fromCharCode(...rest.slice(10))).toBe('emulated')
  })

  test('refuses another version, unknown commands, handles and bodies, each with its status', () => {
    const rig = new BridgeRig()
    expect(rig.ask(Command.hello, 2, 0)).toMatchObject({ status: Status.range, text: 'protocol 2, this bridge speaks 1' })
    expect(rig.ask(0x7f).status).toBe(Status.unknown)
    expect(rig.ask(Command.digitalRead, 3).status).toBe(Status.handle)
    expect(rig.ask(Command.digitalRead).status).toBe(Status.malformed)
    expect(rig.ask(Command.open, 1, 99, 0).status).toBe(Status.malformed)
    expect(rig.ask(Command.open, 1, Peripheral.i2cTarget, 0).status).toBe(Status.unsupported)
    expect(rig.open(1, Peripheral.digital, { pin: 99, pull: 'Input' })).toBe(Status.range)
    expect(rig.open(1, Peripheral.digital, { pin: 9, pull: 'Input' })).toBe(Status.ok)
    expect(rig.open(1, Peripheral.digital, { pin: 10, pull: 'Input' })).toBe(Status.busy)
    expect(rig.open(2, Peripheral.digital, { pin: 9, pull: 'Input' })).toBe(Status.failed)
    expect(rig.ask(Command.spiWrite, 1, 0).status).toBe(Status.handle)
    expect(rig.ask(Command.digitalWrite, 1, 1)).toMatchObject({ status: Status.failed, text: 'pin is an input' })
  })

  test('a command that comes again is answered again and not carried out twice', () => {
    const rig = new BridgeRig()
    rig.open(1, Peripheral.pulseCount, { signal: 7 })
    rig.open(2, Peripheral.digital, { pin: JUMPER.output, pull: 'Output', initialValue: 0 })
    rig.open(3, Peripheral.digital, { pin: JUMPER.input, pull: 'Input', edge: 'both', events: 1 })
    const script = Uint8Array.of(9, 1, 2, 1, 1, 2, 0)
    rig.repeat(Command.script, 200, script)
    rig.repeat(Command.script, 200, script)
    expect(rig.answers.slice(-2)).toEqual([
      { sequence: 200, bytes: [Status.ok] },
      { sequence: 200, bytes: [Status.ok] },
    ])
    expect(rig.events.filter(({ event }) => event === EventCode.done)).toHaveLength(1)
  })

  test('a script makes levels with exact pauses, and events have the time of their edge', () => {
    const rig = new BridgeRig()
    rig.open(1, Peripheral.digital, { pin: JUMPER.output, pull: 'Output', initialValue: 0 })
    rig.open(2, Peripheral.digital, { pin: JUMPER.input, pull: 'Input', edge: 'both', events: 1 })
    rig.ask(Command.script, 5, ...[1, 1, 1], 2, uint32(7), ...[1, 1, 0], 2, uint32(1500), ...[1, 1, 1])
    const edges = rig.events.filter(({ event }) => event === EventCode.edge)
    expect(edges.map(({ time_us }) => time_us - edges[0].time_us)).toEqual([0, 7, 1507])
    expect(edges.map(({ handle, data }) => [handle, ...data])).toEqual([
      [2, 1],
      [2, 0],
      [2, 1],
    ])
    expect(rig.events.find(({ event }) => event === EventCode.done)).toMatchObject({ handle: 5, data: [0, 0, 0, 5] })
  })

  test('a train has its count of pulses and its period, can be stopped, and refuses what the board cannot make', () => {
    const rig = new BridgeRig()
    rig.open(1, Peripheral.digital, { pin: JUMPER.output, pull: 'Output', initialValue: 1 })
    rig.open(2, Peripheral.digital, { pin: JUMPER.input, pull: 'Input', edge: 'falling', events: 1 })
    const train = (count: number, period_us: number, width_us: number) =>
      rig.ask(Command.pulses, 5, 1, 0, uint32(count), uint32(period_us), uint32(width_us))
    expect(train(3, 5, 2)).toMatchObject({ status: Status.range })
    expect(train(3, 100, 100)).toMatchObject({ status: Status.range })
    expect(train(40, 333, 30).status).toBe(Status.ok)
    const edges = rig.events.filter(({ event }) => event === EventCode.edge)
    expect(edges).toHaveLength(40)
    expect(edges.map(({ time_us }) => time_us - edges[0].time_us)).toEqual(Array.from({ length: 40 }, (_, i) => 333 * i))
    expect(rig.events.at(-1)).toMatchObject({ event: EventCode.done, handle: 5, data: [0, 0, 0, 40] })
    train(0, 1000, 500)
    expect(train(1, 1000, 500).status).toBe(Status.busy)
    rig.ask(Command.stop, 5)
    const count = rig.events.length
    rig.pass(50_000)
    expect(rig.events).toHaveLength(count)
    expect(rig.board.pins.level(JUMPER.output)).toBe(1)
  })

  test('a handle that is closed under a script ends the script', () => {
    const rig = new BridgeRig()
    rig.open(1, Peripheral.digital, { pin: JUMPER.output, pull: 'Output', initialValue: 0 })
    rig.ask(Command.script, 5, ...[1, 1, 1], 2, uint32(100_000), ...[1, 1, 0])
    rig.ask(Command.close, 1)
    rig.pass(200_000)
    expect(rig.events.at(-1)).toMatchObject({ event: EventCode.done, handle: 5, data: [0, 0, 0, 2] })
  })

  test('hello closes what somebody left open', () => {
    const rig = new BridgeRig()
    rig.open(1, Peripheral.digital, { pin: 9, pull: 'Output' })
    rig.ask(Command.hello, 1, 0)
    expect(rig.open(1, Peripheral.digital, { pin: 9, pull: 'Output' })).toBe(Status.ok)
  })

  test('events that find no room are counted and told', () => {
    const rig = new BridgeRig()
    rig.open(1, Peripheral.digital, { pin: JUMPER.output, pull: 'Output', initialValue: 0 })
    rig.open(2, Peripheral.digital, { pin: JUMPER.input, pull: 'Input', edge: 'both', events: 1 })
    rig.ask(Command.pulses, 5, 1, 1, uint32(20_000), uint32(20), uint32(10))
    rig.pass(2_000_000)
    const edges = rig.events.filter(({ event }) => event === EventCode.edge).length
    const lost = rig.events.filter(({ event }) => event === EventCode.lost).reduce((sum, { data }) => sum + ((data[0] << 8) | data[1]), 0)
    expect(lost).toBeGreaterThan(0)
    // The rest is counted once there is something to tell again.
    rig.ask(Command.digitalWrite, 1, 1)
    const told = rig.events.filter(({ event }) => event === EventCode.lost).reduce((sum, { data }) => sum + ((data[0] << 8) | data[1]), 0)
    expect(edges + 1 + told).toBeGreaterThanOrEqual(40_000)
  })
})
