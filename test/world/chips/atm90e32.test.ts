import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ATM90E32, type ATM90E32Options } from '../../../src/world/chips/atm90e32.ts'
import { createElectrical } from '../../../src/world/electrical.ts'

/** A chip at 1 MHz with a clock that the test moves, and byte frames as a driver sends them. */
function bench(options: Partial<ATM90E32Options> = {}) {
  const time = { us: 0 }
  const chip = new ATM90E32({ now_us: () => time.us, ...options })
  const inputs = createElectrical()
  const frame = new Uint8Array(4)
  const read = (address: number): number => {
    frame.set([0x80 | (address >> 8), address & 0xff, 0, 0])
    chip.transfer(frame)
    return (frame[2] << 8) | frame[3]
  }
  const write = (address: number, value: number): void => {
    frame.set([address >> 8, address & 0xff, value >> 8, value & 0xff])
    chip.transfer(frame)
  }
  const configure = (address: number, value: number): void => {
    write(0x7f, 0x55aa)
    write(address, value)
    write(0x7f, 0)
  }
  const read32 = (address: number): number => (read(address) << 16) | read(address + 0x10)
  /** Constant power on phase A at 230 V. */
  const load = (active_W: number, reactive_var = 0, phase = 0): void => {
    inputs.voltage_V.fill(230)
    inputs.frequency_Hz = 50
    inputs.active_W[phase] = active_W
    inputs.reactive_var[phase] = reactive_var
    inputs.current_A[phase] = Math.sqrt(active_W * active_W + reactive_var * reactive_var) / 230
    chip.setInputs(inputs)
  }
  const pass = (us: number): void => {
    time.us += us
  }
  return { chip, inputs, time, read, write, configure, read32, load, pass }
}

/** A bench with metering on and all configuration closed. */
function metering(options: Partial<ATM90E32Options> = {}) {
  const it = bench(options)
  it.configure(0x00, 1)
  return it
}

describe('SPI frames (Atmel-46003B 4.2)', () => {
  // From the unit tests of jethub-iot/atm90e32-async-rs @28c36c2, tests/proto.rs.
  const frames = [
    { op: 'read', addr: 5, tx: '80050000', val: 0x143f },
    { op: 'read', addr: 1023, tx: '83ff0000', val: 0 },
    { op: 'write', addr: 127, tx: '007f55aa', val: 0x55aa },
    { op: 'write', addr: 112, tx: '0070789a', val: 0 },
  ]
  test.each(frames)('$op $addr: $tx', ({ op, val, tx }) => {
    const { chip } = bench()
    const buffer = Uint8Array.from(Buffer.from(tx, 'hex'))
    chip.transfer(buffer)
    if (op === 'read') expect((buffer[2] << 8) | buffer[3]).toBe(val)
    else expect(chip.peek(0x78)).toBe(val)
  })

  test('a write with 24, 31 or 40 clocks is discarded, LastSPIData unchanged', () => {
    const { chip, read, write } = bench()
    write(0x7f, 0x55aa)
    chip.transfer(Uint8Array.of(0, 0x08, 0x12))
    chip.transfer(Uint8Array.of(0, 0x08, 0x12, 0x34, 0))
    chip.loseClock(5)
    write(0x08, 0x1234)
    expect(chip.peek(0x78)).toBe(0x55aa)
    expect(read(0x08)).toBe(0x1000)
  })

  test.each([17, 20, 31])('clock %i lost: the word is distorted, LastSPIData has it, the register is clear', (at) => {
    const { chip, read, load, pass } = metering()
    load(1000)
    pass(60_000_000)
    const truth = chip.peek(0x80)
    expect(truth).toBe(5333)
    chip.loseClock(at)
    const k = at - 16
    const top = (0xffff << (16 - k)) & 0xffff
    expect(read(0x80)).toBe((truth & top) | ((truth >> 1) & ~top & 0xffff))
    expect(read(0x78)).toBe(truth)
    expect(read(0x78)).toBe(truth)
    expect(read(0x80)).toBe(0)
  })

  test('a stuck bus shows one level and reaches nothing', () => {
    const { chip, read, load, pass } = metering()
    load(1000)
    pass(1_000_000)
    chip.stick(1)
    expect(read(0x80)).toBe(0xffff)
    chip.stick(0)
    expect(read(0x80)).toBe(0)
    chip.stick(undefined)
    expect(read(0x80)).toBe(88)
  })
})

describe('power to energy', () => {
  test('the datasheet example: +0.005, -0.004, -0.005, -0.007 CF give one reverse 0.01', () => {
    const { read, load, pass, chip } = metering()
    // 0.01 CF is 11.25 J at 3200 imp/kWh, so 0.001 CF is 1.125 s at 1 W.
    const move = (milliCF: number): void => {
      load(milliCF < 0 ? -1 : 1)
      pass(1_125_000 * Math.abs(milliCF))
      chip.advance()
    }
    for (const step of [5, -4, -5]) move(step)
    expect([read(0x80), read(0x84)]).toEqual([0, 0])
    move(-7)
    expect([read(0x80), read(0x84), read(0x81), read(0x85)]).toEqual([0, 1, 0, 1])
    move(-9)
    expect(read(0x84)).toBe(1)
  })

  test('a day equals the integral, whatever the split', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: -15_000, max: 15_000 }), fc.integer({ min: 1, max: 4_000_000_000 })), { maxLength: 30 }),
        (steps) => {
          const { chip, load, pass } = metering({ saturate: false })
          let sum = 0n
          for (const [watts, us] of steps) {
            load(watts)
            pass(us)
            sum += BigInt(watts) * BigInt(us)
          }
          // One count is 11.25 J. Forward minus reverse, truncated towards zero, can differ from the net by less than one count.
          const net = chip.generated(0x80) - chip.generated(0x84)
          expect(Math.abs(net - Number((sum * 1000n) / 11_250_000n) / 1000)).toBeLessThan(1.001)
        },
      ),
    )
  })

  test('looking often does not change the count', () => {
    const often = metering()
    const once = metering()
    often.load(777, 333)
    once.load(777, 333)
    let total = 0
    for (let i = 0; i < 86_400; i++) {
      often.pass(1_000_000)
      total += often.read(0x80)
    }
    once.pass(86_400_000_000)
    expect(total).toBe(once.chip.generated(0x80))
    expect(total).toBe(Math.floor((777 * 86_400) / 11.25))
    expect(often.chip.generated(0x88)).toBe(once.chip.generated(0x88))
  })

  test('quadrants: directions go to their own registers, apparent has none', () => {
    const { read, load, pass } = metering()
    load(-225, 450)
    pass(10_000_000)
    load(225, -450)
    pass(10_000_000)
    expect([0x80, 0x81, 0x84, 0x85, 0x88, 0x89, 0x8c, 0x8d].map(read)).toEqual([200, 200, 200, 200, 400, 400, 400, 400])
    expect([read(0x90), read(0x91), read(0x92)]).toEqual([894, 894, 0])
    expect([read(0x80), read(0x90)]).toEqual([0, 0])
  })

  test('registers wrap, or stop if asked to', () => {
    for (const saturate of [false, true]) {
      const { read, load, pass } = metering({ saturate })
      load(22_000)
      pass(34_000_000)
      expect(read(0x80)).toBe(saturate ? 0xffff : Math.floor((22_000 * 34) / 11.25) - 0x10000)
    }
  })

  test('MeterEn off: nothing counts, values are measured', () => {
    const { read, load, pass, read32 } = bench()
    load(1000)
    pass(10_000_000)
    expect(read(0x80)).toBe(0)
    expect(read32(0xb0)).toBe(3_125_000)
    expect(read(0x71) & 0x70).toBe(0x70)
  })

  test('phase gate and starting threshold (Atmel-46103 5.1)', () => {
    const { read, load, pass, configure } = metering()
    for (const address of [0x35, 0x36, 0x37]) configure(address, 5156)
    for (const address of [0x38, 0x39, 0x3a]) configure(address, 344)
    load(0.1)
    pass(3600_000_000)
    expect([read(0x80), read(0x81), read(0x91)]).toEqual([0, 0, 0])
    load(1.6)
    pass(3600_000_000)
    expect([read(0x80), read(0x81)]).toEqual([0, 512])
    expect(read(0x71) & 0x20).toBe(0x20)
    load(1.7)
    pass(3600_000_000)
    expect([read(0x80), read(0x81)]).toEqual([544, 544])
    expect(read(0x71) & 0x70).toBe(0x40)
  })

  test('the sum: arithmetic, absolute, only enabled phases', () => {
    const { read, read32, load, pass, configure } = metering()
    load(900, 0, 0)
    load(-450, 0, 1)
    expect(read32(0xb0)).toBe(450 * 3125)
    pass(10_000_000)
    expect([read(0x80), read(0x84)]).toEqual([400, 0])
    configure(0x33, 0x008f)
    pass(10_000_000)
    expect(read(0x80)).toBe(1200)
    configure(0x33, 0x0083)
    pass(10_000_000)
    expect([read(0x80), read(0x84)]).toEqual([0, 400])
    expect([read(0x81), read(0x86)]).toEqual([2400, 1200])
  })

  test('CF1: one pulse per 100 counts, at its microsecond, also in a long step', () => {
    const pulses: [number, number][] = []
    const { chip, load, pass } = metering({ pulse: (output, time_us) => pulses.push([output, time_us]) })
    load(1125)
    pass(3_500_000)
    chip.advance()
    expect(pulses.filter(([output]) => output === 1)).toEqual([
      [1, 1_000_000],
      [1, 2_000_000],
      [1, 3_000_000],
    ])
    load(-1125)
    pass(2_000_000)
    chip.advance()
    expect(pulses.filter(([output]) => output === 1).slice(3)).toEqual([
      [1, 4_000_000],
      [1, 5_000_000],
    ])
    expect(chip.peek(0x71) & 8).toBe(8)
  })
})

describe('measured values', () => {
  test('three phases, all registers', () => {
    const { inputs, chip, read, read32 } = bench()
    inputs.voltage_V.set([230.5, 231, 229.995])
    inputs.current_A.set([10, 5, 2.5])
    inputs.active_W.set([2000, -1000, 500])
    inputs.reactive_var.set([1000, 500, -250])
    inputs.frequency_Hz = 49.98
    chip.temperature_C = -7
    chip.setInputs(inputs)
    expect([0xd9, 0xda, 0xdb].map(read)).toEqual([23050, 23100, 22999])
    expect(read(0xeb)).toBe(0x8000)
    expect([0xdd, 0xde, 0xdf].map(read)).toEqual([10000, 5000, 2500])
    expect([0xb0, 0xb1, 0xb2, 0xb3].map(read32)).toEqual([1500, 2000, -1000, 500].map((watts) => watts * 3125))
    expect([0xb4, 0xb5, 0xb6, 0xb7].map(read32)).toEqual([1250, 1000, 500, -250].map((vars) => vars * 3125))
    expect(read32(0xb9)).toBe(2305 * 3125)
    expect(read(0xbd)).toBe(868)
    expect(read(0xbe)).toBe(0x10000 - 866)
    expect([0xf9, 0xfa, 0xfb].map(read)).toEqual([266, 1534, 3334])
    expect([0xfd, 0xfe, 0xff].map(read)).toEqual([0, 1200, 2400])
    expect(read(0xf8)).toBe(4998)
    expect(read(0xfc)).toBe(0xfff9)
    expect(read32(0xd1)).toBe(2000 * 3125)
    // UPeak = U * sqrt2 * 100 * 2^13 / Ugain.
    expect(read(0xf1)).toBe(Math.round(230.5 * Math.SQRT2 * 25))
  })

  test('the neutral carries the vector sum', () => {
    const { inputs, chip, read } = bench()
    inputs.voltage_V.fill(230)
    inputs.current_A.fill(10)
    inputs.active_W.fill(2300)
    chip.setInputs(inputs)
    expect(read(0xdc)).toBe(0)
    inputs.current_A[2] = 0
    inputs.active_W[2] = 0
    chip.setInputs(inputs)
    expect(read(0xdc)).toBe(10000)
  })

  test('gains are relative to the front end, PGA multiplies, offsets add', () => {
    const { read, read32, load, configure } = metering({ frontEnd: { voltageGain: 40_000, currentGain: 20_000 } })
    load(2300)
    expect(read(0xd9)).toBe(Math.floor((23000 * 32768) / 40_000))
    configure(0x61, 40_000)
    configure(0x62, 20_000)
    expect([read(0xd9), read(0xdd)]).toEqual([23000, 10000])
    expect(read32(0xb1)).toBe(2300 * 3125)
    configure(0x34, 1)
    expect([read(0xdd), read(0xde)]).toEqual([20000, 0])
    configure(0x62, 10_000)
    expect(read32(0xb1)).toBe(2300 * 3125)
    configure(0x41, 0x10000 - 5)
    configure(0x47, 0x2000)
    expect(read32(0xb1)).toBe(2300 * 3125 * 1.25 - 5)
    configure(0x63, 512)
    expect(read(0xd9)).toBe(23001)
  })

  test('a wrong channel map shows as wrong power', () => {
    const { read32, load, configure } = metering()
    load(2300)
    configure(0x02, 0x0645)
    // U2 leads I1's own voltage by -120 degrees: cos(120) = -0.5.
    expect(read32(0xb1)).toBe((-2300 * 3125) / 2)
    configure(0x02, 0x0643)
    expect(read32(0xb1)).toBe(0)
  })
})

describe('status and interrupts', () => {
  test('sag and phase loss after Sag_Period, clear after three samples; latched both ways', () => {
    const { chip, inputs, read, write, load, pass, configure } = metering()
    configure(0x08, 0x3191)
    configure(0x05, 0xff3f)
    load(1000)
    pass(200_000)
    read(0x72)
    write(0x74, 0xffff)
    inputs.voltage_V[1] = 150
    chip.setInputs(inputs)
    pass(62_999)
    expect(read(0x72) & 0x7700).toBe(0)
    pass(1)
    expect(read(0x72) & 0x7700).toBe(0x2000)
    expect(read(0x74)).toBe(0x2000)
    write(0x74, 0x2000)
    inputs.voltage_V.set([5, 230, 230])
    chip.setInputs(inputs)
    pass(374)
    expect(read(0x72) & 0x7700).toBe(0x2000)
    pass(1)
    expect(read(0x72) & 0x7700).toBe(0)
    pass(70_000)
    expect(read(0x72) & 0x7700).toBe(0x4400)
    expect(read(0x74)).toBe(0x6400)
  })

  test.each([
    ['a sag shorter than the period leaves no trace', 60_000, 0xffff, 0],
    ['a sag that nobody looked at while it lasted is latched', 100_000, 0x7700, 0x4400],
  ])('%s', (_, sag_us, mask, latched) => {
    const { chip, inputs, read, write, load, pass } = metering()
    load(1000)
    pass(200_000)
    read(0x72)
    write(0x74, 0xffff)
    inputs.voltage_V[0] = 10
    chip.setInputs(inputs)
    pass(sag_us)
    inputs.voltage_V[0] = 230
    chip.setInputs(inputs)
    pass(1_000_000)
    expect([read(0x72) & 0x7700, read(0x74) & mask]).toEqual([0, latched])
  })

  test('frequency, sequence, over-voltage, over-current, neutral, direction', () => {
    const { chip, inputs, read, load, configure } = metering()
    load(-1000, -5)
    expect(read(0x72) & 0x88cc).toBe(0x00cc)
    inputs.frequency_Hz = 52
    inputs.angle_deg.set([0, 240, 120])
    chip.setInputs(inputs)
    expect(read(0x72) & 0x8800).toBe(0x8000)
    expect(read(0x71) & 0x0300).toBe(0x0200)
    configure(0x06, 0x4000)
    configure(0x0b, 0x0100)
    configure(0x0a, 1000)
    inputs.voltage_V[2] = 260
    chip.setInputs(inputs)
    expect(read(0x71) & 0xfc80).toBe(0x8480)
    inputs.voltage_V.fill(0)
    chip.setInputs(inputs)
    expect(read(0xf8)).toBe(0)
    expect(read(0x72) & 0x8800).toBe(0x0800)
  })

  test('IRQ pins follow latched and enabled bits; IRQ0 can take IRQ1', () => {
    const edges: string[] = []
    const { chip, inputs, read, write, load, configure } = metering({ interrupt: (irq, level) => edges.push(`${irq}:${level}`) })
    load(100)
    read(0x72)
    write(0x73, 0xffff)
    write(0x74, 0xffff)
    write(0x76, 0x8000)
    inputs.frequency_Hz = 55
    chip.setInputs(inputs)
    expect(edges).toEqual(['1:1'])
    configure(0x0f, 1)
    expect(edges).toEqual(['1:1', '0:1'])
    write(0x74, 0x8000)
    expect(edges).toEqual(['1:1', '0:1', '0:0', '1:0'])
  })
})

describe('configuration lock, CRC, reset', () => {
  test('configuration takes writes only with 55AA', () => {
    const { read, write } = bench()
    for (const key of [0, 0xaa55, 0x1234]) {
      write(0x7f, key)
      write(0x08, 0x2222)
      expect(read(0x08)).toBe(0x1000)
    }
    write(0x7f, 0x55aa)
    expect(read(0x78)).toBe(0x55aa)
    write(0x08, 0x2222)
    expect(read(0x08)).toBe(0x2222)
  })

  test('a flipped bit is found against the golden CRC, and forgiven when the lock opens', () => {
    const { chip, read, write, configure } = bench()
    configure(0x08, 0x2222)
    const digest = read(0x7a)
    expect(read(0x79)).toBe(0)
    chip.flip(0x31, 3)
    expect(read(0x79)).toBe(1)
    expect(read(0x7a)).not.toBe(digest)
    chip.flip(0x31, 3)
    expect([read(0x79), read(0x7a)]).toEqual([0, digest])
    chip.flip(0x31, 3)
    write(0x7f, 0x55aa)
    expect(read(0x79)).toBe(0)
  })

  test('AA55 lets a test write the golden CRC', () => {
    const { read, write, configure } = bench()
    configure(0x08, 0x2222)
    const digest = read(0x7a)
    write(0x7a, 0x1111)
    expect(read(0x79)).toBe(0)
    write(0x7f, 0xaa55)
    write(0x7a, digest ^ 1)
    expect(read(0x79)).toBe(1)
    write(0x7a, digest)
    expect(read(0x79)).toBe(0)
  })

  test('with the times of the datasheet: 5 ms after a reset, 14 ms for the CRC', () => {
    const { read, write, pass } = bench({ datasheetTiming: true })
    expect(read(0x05)).toBe(0)
    pass(4999)
    expect(read(0x05)).toBe(0)
    pass(1)
    expect(read(0x05)).toBe(0x143f)
    write(0x7f, 0x55aa)
    write(0x08, 0x2222)
    write(0x7f, 0)
    const early = read(0x7a)
    pass(13_999)
    expect(read(0x7a)).toBe(early)
    pass(1)
    expect(read(0x7a)).not.toBe(early)
  })

  test('a reset clears all but the detection thresholds; energy and remainders too', () => {
    const { chip, read, write, load, pass, configure } = metering()
    configure(0x11, 0x0123)
    configure(0x08, 0x2222)
    load(1000)
    pass(1_000_000)
    write(0x70, 0x1234)
    expect(read(0x08)).toBe(0x2222)
    write(0x70, 0x789a)
    expect([0x00, 0x08, 0x11, 0x80, 0x70, 0x78].map(read)).toEqual([0, 0x1000, 0x0123, 0, 0, 0])
    configure(0x00, 1)
    pass(1_000_000)
    expect(read(0x80)).toBe(88)
    chip.spontaneousReset()
    expect(read(0x00)).toBe(0)
  })

  test('without supply: bus low, nothing counts; with it: reset values', () => {
    const { chip, read, load, pass } = metering()
    load(1000)
    pass(1_000_000)
    chip.powerOff()
    pass(1_000_000)
    expect(read(0x05)).toBe(0)
    chip.powerOn()
    expect([0x00, 0x05, 0x80].map(read)).toEqual([0, 0x143f, 0])
    expect(chip.generated(0x80)).toBe(88)
  })
})
