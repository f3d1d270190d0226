import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { AccuracyBench, type Point } from '../../src/cli/accuracy/bench.ts'
import { ACCURACY_CLASSES, type AccuracyClass, limitOf, type PowerFactor } from '../../src/cli/accuracy/classes.ts'
import { benchAccuracy } from '../../src/cli/accuracy/command.ts'
import {
  BenchADE7953,
  BenchATM90E32,
  type BenchMeter,
  type BenchMeterOptions,
  type BenchMeterType,
  meterTypeOf,
} from '../../src/cli/accuracy/meters.ts'
import { Rig } from '../../src/cli/accuracy/rig.ts'
import { seededSkew } from '../../src/world/chips/skew.ts'
import { CALIBRATION_KEY, storeOn } from '../core/calibration/sealed-rig.ts'

const [CLASS_1, CLASS_05S] = ACCURACY_CLASSES
const DOCUMENTED = new URL('../../docs/accuracy.svg', import.meta.url)

function loads(rig: Rig): Point[] {
  return new AccuracyBench(rig).run(['load'])
}

function failed(points: readonly Point[]): Point[] {
  return points.filter((point) => !point.passed)
}

/** A meter whose IC the test can reach. */
function reach<Meter extends BenchMeter>(
  name: string,
  make: (options: BenchMeterOptions) => Meter,
  accuracyClass: AccuracyClass,
  seed?: number,
) {
  const made: Meter[] = []
  const type: BenchMeterType = {
    ...meterTypeOf(name),
    create: (options) => {
      made.push(make(options))
      return made[0]
    },
  }
  const rig = new Rig({ type, accuracyClass, skew: seed === undefined ? undefined : seededSkew(seed, accuracyClass.rating) })
  return { rig, meter: made[0] }
}

function reachable(accuracyClass: AccuracyClass, seed?: number) {
  return reach('ATM90E32', (options) => new BenchATM90E32(options), accuracyClass, seed)
}

function reachableADE7953(accuracyClass: AccuracyClass, seed?: number) {
  return reach('ADE7953', (options) => new BenchADE7953(options), accuracyClass, seed)
}

describe('the table', () => {
  test.each([
    [CLASS_1, 'balanced', '1', 0.25, 1.5],
    [CLASS_1, 'balanced', '1', 0.5, 1],
    [CLASS_1, 'balanced', '0.8C', 0.5, 1.5],
    [CLASS_1, 'balanced', '0.5L', 60, 1],
    [CLASS_1, 'single', '1', 0.5, 2],
    [CLASS_1, 'single', '0.5L', 0.5, undefined],
    [CLASS_1, 'single', '0.8C', 5, undefined],
    [CLASS_1, 'balanced', '1', 61, undefined],
    [CLASS_05S, 'balanced', '1', 0.05, 1],
    [CLASS_05S, 'balanced', '1', 0.25, 0.5],
    [CLASS_05S, 'balanced', '0.5L', 0.1, 1],
    [CLASS_05S, 'balanced', '0.8C', 0.5, 0.6],
    [CLASS_05S, 'balanced', '0.25L', 0.5, 1],
    [CLASS_05S, 'single', '1', 0.25, 0.6],
    [CLASS_05S, 'single', '0.5L', 5, 1],
  ] as const)('%#: limit', (accuracyClass, load, powerFactor, current_A, limit) => {
    expect(limitOf(accuracyClass, load, powerFactor, current_A)?.limit_percent).toBe(limit)
  })

  test.each(ACCURACY_CLASSES)('class $name: each point has a limit, each number its source', (accuracyClass) => {
    for (const [powerFactor, currents_A] of Object.entries(accuracyClass.currents_A)) {
      for (const current_A of currents_A) expect(limitOf(accuracyClass, 'balanced', powerFactor as PowerFactor, current_A)).toBeDefined()
    }
    const rows = [...accuracyClass.limits, ...accuracyClass.influences, accuracyClass.start, accuracyClass.noLoad, accuracyClass.reactive]
    for (const { source } of rows) expect(source).toMatch(/IEC 62053.*from memory/)
  })
})

describe('all points', () => {
  test.each(['1', '0.5S'])('ATM90E32, class %s', (name) => {
    const { text, passed } = benchAccuracy(['--class', name, '--json'])
    const { runs, rating } = JSON.parse(text)
    expect(failed(runs[0].points)).toEqual([])
    expect(passed).toBe(true)
    const groups = new Set(runs[0].points.map(({ group }: Point) => group))
    expect([...groups]).toEqual(['load', 'influence', 'quadrant', 'start', 'no-load', 'register'])
    for (const point of runs[0].points as Point[]) {
      expect(Number.isFinite(point.value) && point.limit > 0, JSON.stringify(point)).toBe(true)
      // A converter without noise: what is left is one count of the register.
      if (point.unit === '%') expect(Math.abs(point.value)).toBeLessThan(0.02)
      if (point.group === 'load') expect(Math.abs(point.led_percent ?? 9)).toBeLessThan(0.2)
    }
    expect(rating.meterConstant).toBe(name === '1' ? 1000 : 10_000)
  })

  test('ADE7953, class 1', () => {
    const { text, passed } = benchAccuracy(['--ic', 'ADE7953', '--json'])
    const points: Point[] = JSON.parse(text).runs[0].points
    expect(failed(points)).toEqual([])
    expect(passed).toBe(true)
    expect(points.filter(({ group, direction }) => group === 'load' && direction === 'export').length).toBeGreaterThan(10)
    for (const point of points) if (point.unit === '%') expect(Math.abs(point.value)).toBeLessThan(0.02)
  })

  test('CSE7766, class 1 under reference conditions', () => {
    const points = loads(new Rig({ type: meterTypeOf('cse7766'), accuracyClass: CLASS_1 }))
    expect(points.map(({ direction, current_A }) => `${direction} ${current_A}`)).toContain('import 30')
    expect(points.filter(({ direction, current_A }) => direction === 'export' || current_A > 30)).toEqual([])
    expect(failed(points)).toEqual([])
  })

  test('BL0942, class 1 in both directions', () => {
    const points = new AccuracyBench(new Rig({ type: meterTypeOf('BL0942'), accuracyClass: CLASS_1 })).run(['quadrant'])
    expect(points.length).toBe(8)
    expect(failed(points)).toEqual([])
  })
})

describe('calibration', () => {
  test('class 1: a front end with tolerances is outside, and inside afterwards', () => {
    const { rig, meter } = reachable(CLASS_1, 7)
    expect(failed(loads(rig)).length).toBeGreaterThan(10)
    meter.calibrate(rig.compare)
    expect(failed(loads(rig))).toEqual([])
  })

  test.each([1, 2, 3, 4, 5, 6])('class 0.5S, front end %i: the same in four quadrants', (seed) => {
    const { rig, meter } = reachable(CLASS_05S, seed)
    expect(failed(new AccuracyBench(rig).run(['quadrant'])).length).toBeGreaterThan(0)
    meter.calibrate(rig.compare)
    expect(failed(new AccuracyBench(rig).run(['quadrant']))).toEqual([])
  })

  test('stored, applied to a new driver, and there again after the IC lost it', () => {
    const flash = new Map<string, Uint8Array>()
    const { store } = storeOn(flash)
    const bench = reachable(CLASS_05S, 7)
    store.save('ATM90E32', bench.meter.calibrate(bench.rig.compare), 0)

    const { rig, meter } = reachable(CLASS_05S, 7)
    const state = store.load('ATM90E32')
    expect(state.state).toBe('good')
    if (state.state === 'good') meter.configure(state.record.phases)
    for (const [address, bit] of [
      [0x61, 14],
      [0x4a, 5],
      [0x41, 9],
    ]) {
      meter.chip.spontaneousReset()
      rig.run(2)
      meter.chip.flip(address, bit)
      rig.run(2)
    }
    expect(failed(new AccuracyBench(rig).run(['quadrant', 'start']))).toEqual([])
    expect(meter.source.intact).toBe(true)

    const record = flash.get(CALIBRATION_KEY) as Uint8Array
    record[40] ^= 1
    expect(store.load('ATM90E32')).toMatchObject({ state: 'damaged' })
  })
})

describe('calibration of the ADE7953', () => {
  test.each([1, 2])('class 0.5S, front end %i: outside, and inside afterwards, in four quadrants', (seed) => {
    const { rig, meter } = reachableADE7953(CLASS_05S, seed)
    expect(failed(new AccuracyBench(rig).run(['quadrant'])).length).toBeGreaterThan(0)
    meter.calibrate(rig.compare)
    expect(failed(new AccuracyBench(rig).run(['quadrant']))).toEqual([])
  })

  test('class 1: all loads inside; the neutral shows the current of the phase', () => {
    const { rig, meter } = reachableADE7953(CLASS_1, 7)
    expect(failed(loads(rig)).length).toBeGreaterThan(10)
    meter.calibrate(rig.compare)
    expect(failed(loads(rig))).toEqual([])
    const { current_A } = meter.source.fine
    expect(Math.abs(current_A[1] / current_A[0] - 1)).toBeLessThan(0.005)
  })

  test('stored, applied to a new driver, and there again after the IC lost it', () => {
    const flash = new Map<string, Uint8Array>()
    const { store } = storeOn(flash)
    const bench = reachableADE7953(CLASS_05S, 7)
    store.save('ADE7953', bench.meter.calibrate(bench.rig.compare), 0)

    const { rig, meter } = reachableADE7953(CLASS_05S, 7)
    const state = store.load('ADE7953')
    expect(state.state).toBe('good')
    if (state.state === 'good') meter.configure(state.record.phases)
    for (const [address, bit] of [
      [0x382, 14],
      [0x108, 5],
      [0x285, 3],
    ]) {
      meter.chip.spontaneousReset()
      rig.run(3)
      meter.chip.flip(address, bit)
      rig.run(5)
    }
    expect(failed(new AccuracyBench(rig).run(['quadrant', 'start']))).toEqual([])
    expect(meter.source.intact).toBe(true)
  })
})

describe('the bench notices', () => {
  test('an IC that stops answering', () => {
    const { rig, meter } = reachable(CLASS_1)
    meter.chip.stick(0)
    const points = new AccuracyBench(rig).run(['quadrant'])
    expect(failed(points)).toEqual(points)
  })

  test('a meter that starts too late, and one that runs without load', () => {
    const { rig, meter } = reachable(CLASS_1)
    meter.source.configure({ start_W: 20, phaseStart_W: 10 })
    const late = failed(new AccuracyBench(rig).run(['start', 'no-load']))
    expect(late.map(({ group }) => group)).toEqual(['start', 'start', 'start', 'start', 'start'])
    const creeping = reachable(CLASS_1)
    creeping.meter.source.configure({ start_W: 0, phaseStart_W: 0, phases: [{ activeOffset: 30_000 }, {}, {}] })
    const points = failed(new AccuracyBench(creeping.rig).run(['start', 'no-load']))
    expect(points.find(({ group }) => group === 'no-load')?.value).toBeGreaterThan(1)
  })
})

describe('the command', () => {
  test('help names all options and ICs', () => {
    const { text, passed } = benchAccuracy(['--help'])
    for (const word of ['--ic', '--class', '--json', '--plot', 'ATM90E32', 'ADE7953', 'BL0942', 'CSE7766']) expect(text).toContain(word)
    expect(passed).toBe(true)
  })

  test.each([
    [['--class', '2'], /--class: found "2"/],
    [['--ic', 'ADE9000'], /--ic: found "ADE9000", allowed is ATM90E32/],
    [['--ic', 'BL0942', '--class', '0.5S'], /connected directly/],
    [['--ic', 'BL0942', '--skew', '1'], /nominal front end/],
    [['--calibrate'], /--calibrate needs --skew/],
    [['--skew', 'x'], /--skew/],
    [['--plot'], /--plot needs a value/],
    [['--json', '--json'], /given twice/],
    [['--watts'], /unknown option/],
  ])('%j is refused', (words, message) => {
    expect(() => benchAccuracy(words)).toThrow(expect.objectContaining({ code: 'USAGE', message: expect.stringMatching(message) }))
  })

  test('a plot that cannot be written', () => {
    const words = ['--ic', 'cse7766', '--plot', '/nowhere/at/all.svg']
    expect(() => benchAccuracy(words)).toThrow(expect.objectContaining({ code: 'ACCURACY' }))
  })

  test('the plot of the documentation is the one that the command makes', () => {
    const folder = mkdtempSync(join(tmpdir(), 'ferraris-accuracy-'))
    try {
      const file = join(folder, 'plot.svg')
      const { text, passed } = benchAccuracy(['--class=0.5S', '--skew', '7', '--calibrate', '--plot', file])
      expect(text).toMatch(/points are outside their limits[\s\S]*All 108 points are inside their limits/)
      expect(passed).toBe(true)
      expect(existsSync(file)).toBe(true)
      expect(readFileSync(file, 'utf8')).toBe(readFileSync(DOCUMENTED, 'utf8'))
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
