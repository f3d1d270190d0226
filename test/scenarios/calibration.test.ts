import { describe, expect, test } from 'vitest'
import type { MemoryFlash } from '../../hal/portable/flash.ts'
import { LogId, ProfileStatus } from '../../src/core/events/codes.ts'
import { eventText, FraudEvent } from '../../src/core/events/log-codes-table.ts'
import { MeteringStatus } from '../../src/lib/metering-sample.ts'
import { START_MS } from '../meter/views/rig.ts'
import { Terminal } from '../support/terminal.ts'
import { CalibrationRig } from './calibration-rig.ts'
import { blankFlash, Rig } from './rig.ts'

const OTHER_KEY = new Uint8Array(32).fill(9)

function fraud({ rig }: CalibrationRig): string[] {
  return (rig.core.logs.get(LogId.fraud)?.newest(100) ?? []).reverse().map(({ code }) => eventText(LogId.fraud, code))
}

function stored(it: CalibrationRig): string {
  return it.say('calibrate', 1).split('\n')[0]
}

describe.each(['virtual', 'virtual-1pn'] as const)('a front end with tolerances on the board %s', (board) => {
  test('outside its class; inside after the procedure at the console, and after restarts and resets of the IC', () => {
    const it = new CalibrationRig({ board })
    expect(it.outside().length).toBeGreaterThan(2)
    const said = it.calibrate()
    expect(said).not.toContain('error')
    expect(said.match(/^after .*/gm)?.length).toBe(5 * it.rig.machine.phases + (board === 'virtual-1pn' ? 5 : 0))
    for (const line of said.match(/^after .*%/gm) ?? []) expect(line).toMatch(/[+-]0\.0\d\d %/)
    expect(it.say('calibrate save')).toBe('calibration 1 is stored and sealed')
    expect(it.outside()).toEqual([])
    const { machine } = it.rig
    machine.meter?.restart()
    it.rig.run(5000)
    machine.mains.disturbAll(0, 60_000)
    it.rig.run(120_000)
    expect(machine.generation).toBe(3)
    expect(it.outside()).toEqual([])
    machine.board.metering.chip.powerOff()
    machine.board.metering.chip.powerOn()
    it.rig.run(10_000)
    expect(fraud(it).at(-1)).toBe('Configuration of the metering IC changed')
    expect(it.outside()).toEqual([])
    expect(stored(it)).toMatch(/^calibration +(ATM90E32|ADE7953), 1 of 2026-01-05T\S+$/)
  })
})

describe.each([
  ['virtual-1p', 'BL0942'],
  ['virtual-plug', 'CSE7766'],
] as const)('shunt and divider with tolerances on the board %s', (board, ic) => {
  test('gains bring it inside its class, over a restart and a reset of the IC; other steps are refused', () => {
    const it = new CalibrationRig({ board })
    expect(it.outside().length).toBeGreaterThan(2)
    const said = it.calibrateGains()
    for (const line of said.match(/^after .*/gm) ?? []) expect(line).toMatch(/[+-]0\.0\d\d %/)
    expect(said.match(/^after .*/gm)?.length).toBe(2)
    for (const line of ['offset all', 'phase all 575'])
      expect(it.say(`calibrate ${line}`, 1)).toBe(`error: the ${ic} has no correction for this step; it takes gain and power only`)
    expect(it.say('calibrate help', 1)).not.toMatch(/calibrate (offset|phase)/)
    expect(it.say('calibrate save', 1)).toBe('calibration 1 is stored and sealed')
    expect(it.outside()).toEqual([])
    it.rig.machine.meter?.restart()
    it.rig.run(5000)
    const { chip } = it.rig.machine.board.metering
    chip.powerOff()
    chip.powerOn()
    it.rig.run(10_000)
    expect(it.outside()).toEqual([])
    expect(stored(it)).toContain(`${ic}, 1 of 2026`)
    expect(it.rig.events.filter((text) => text.startsWith('crash') || text === 'Measurement system error')).toEqual([])
  })

  test('codes that change while energy flows lose and add none', () => {
    const it = new CalibrationRig({ board, skewSeed: null })
    it.apply('5 A')
    it.rig.run(10_000)
    const before_mWh = it.rig.imported_mWh
    const begun_ms = it.rig.machine.now_ms
    for (let i = 0; i < 10; i++) {
      it.say('calibrate gain all 230 5', 24)
      it.terminal.type('calibrate discard')
      it.rig.run(937)
    }
    it.rig.run(10_000)
    const true_mWh = (1150 * (it.rig.machine.now_ms - begun_ms)) / 3600
    expect(Math.abs(it.rig.imported_mWh - before_mWh - true_mWh)).toBeLessThan((1150 / 3.6) * 2)
    expect(it.rig.core.now.status & MeteringStatus.fault).toBe(0)
  })
})

test('a meter with pulse inputs has nothing to calibrate', () => {
  const rig = new Rig({ trace: null, start_ms: START_MS, config: { world: { board: 'virtual-water', load: 'none', sealOpen: true } } })
  expect(new Terminal(rig).say('calibrate gain all 230 5')).toBe('error: calibrate: this meter has nothing to calibrate')
})

describe('a calibration', () => {
  test('is logged and counted, and intervals with codes on trial are not valid', () => {
    const it = new CalibrationRig()
    it.calibrate()
    expect(it.say('calibrate save', 1)).toContain('calibration 1')
    it.apply('5 A')
    expect(it.say('calibrate gain L2 230 5')).toContain('after L2')
    expect(it.say('calibrate save', 1)).toBe(
      'calibration 2 is stored and sealed\nsteps that were not taken this time: offset, power, phase',
    )
    expect(fraud(it)).toEqual([
      ...['Seal broken', 'Calibration on trial', 'Sealed parameter changed'],
      ...['Calibration on trial', 'Sealed parameter changed'],
    ])
    const sealed = it.rig.machine.meter?.parameters.sealed
    expect([sealed?.names(), sealed?.number, sealed?.intact]).toEqual([['calibration'], 2, true])
    it.rig.run(900_000)
    expect(it.rig.core.profile.lastStatus & ProfileStatus.dataNotValid).not.toBe(0)
    it.rig.run(900_000)
    expect(it.rig.core.profile.lastStatus).toBe(0)
  })

  test('one phase after the other, each with its own reference', () => {
    const it = new CalibrationRig()
    it.apply('5 A')
    for (const phase of ['L1', 'l2', '3'])
      expect(it.say(`calibrate gain ${phase} 230 5`)).toMatch(/^after L\d +U 2\d\d\.\d\d\d V [+-]0\.00\d %/m)
    expect(Math.abs(it.error_percent('5 A'))).toBeLessThan(0.1)
  })

  test('is given up: by command, by closing the seal, by a restart, after an hour', () => {
    const it = new CalibrationRig()
    it.apply('5 A')
    const error = it.error_percent('5 A')
    const expectBack = () => expect(it.error_percent('5 A')).toBeCloseTo(error, 2)
    const begin = () => expect(it.say('calibrate gain all 230 5')).toContain('after L3')
    begin()
    expect(stored(it)).toBe('calibration  ATM90E32, none; codes on trial, not stored')
    expect(it.say('calibrate discard', 1)).toBe('the codes are those that are stored')
    expectBack()
    begin()
    it.rig.machine.board.sealed = true
    it.rig.run(2000)
    expect(stored(it)).toBe('calibration  ATM90E32, none')
    it.rig.machine.board.sealed = false
    expectBack()
    begin()
    it.rig.machine.meter?.restart()
    it.rig.run(5000)
    expectBack()
    begin()
    it.rig.run(3_600_000)
    expect(stored(it)).toBe('calibration  ATM90E32, none')
    expectBack()
    expect(fraud(it).filter((text) => text === 'Calibration discarded').length).toBe(3)
  })

  test('needs the seal open, and a login where there is a management secret', () => {
    const it = new CalibrationRig({ sealOpen: false })
    it.apply('5 A')
    for (const line of ['gain all 230 5', 'offset all', 'power all 1150', 'phase all 575', 'save', 'neutral'])
      expect(it.say(`calibrate ${line}`, 1)).toBe('error: the seal is closed: the calibration cannot be changed')
    expect(it.say('calibrate discard', 1)).toBe('error: there is nothing to give up')
    expect(it.say('calibrate', 1)).toContain('seal         closed')
    it.rig.machine.board.sealed = false
    it.say('secret dlms.management a long secret', 1)
    it.say('logout', 1)
    expect(it.say('calibrate gain all 230 5', 1)).toBe('error: calibrate: log in first')
    it.say('login a long secret', 1)
    it.terminal.type('calibrate gain all 230 5')
    it.rig.run(5000)
    it.rig.machine.board.sealed = true
    expect(it.say('', 15)).toContain('error: the seal is closed')
    expect(it.rig.machine.meter?.calibrator?.onTrial).toBe(false)
    expect(it.rig.core.storage.settings.keys().filter((key) => key.startsWith('sealed') || key.startsWith('metrology'))).toEqual([])
  })

  test('refuses what no reference and no load explains', () => {
    const it = new CalibrationRig()
    it.apply('5 A')
    expect(it.say('calibrate gain all 230 2.4')).toMatch(/before L3.*\nerror: the IC is off by a factor of 2\.\d/)
    expect(it.say('calibrate gain all 110 5')).toContain('error: a reference of 110 V is more than 20 % from 230 V')
    expect(it.say('calibrate gain all 230 100')).toContain('error: a reference of 100 A is outside 0.5 to 60 A')
    expect(it.say('calibrate offset all')).toMatch(/error: the current of L1 is 4\.9\d+, the reference says 0/)
    expect(it.say('calibrate power all 1150')).not.toContain('error')
    it.say('calibrate discard', 1)
    expect(it.say('calibrate power all 1000')).toMatch(/error: the IC's power is off by 1\d\.\d %/)
    expect(it.say('calibrate phase all 575')).toMatch(/error: the power factor of L1 is 1\.000, the step needs 0\.5 inductive/)
    expect(it.say('calibrate power all -1150')).toContain('error: the step needs at least 115 W in each phase, imported')
    it.apply('20 A, 0.8 capacitive')
    expect(it.say('calibrate power all 3680')).toMatch(/error: the power factor of L1 is 0\.\d{3}, the step needs 1/)
    it.apply('5 A')
    it.terminal.type('calibrate gain all 230 5')
    it.rig.run(6000)
    it.apply('30 A')
    expect(it.say('', 15)).toMatch(/error: the reading is unstable: the current of L1 moved by \d+\.\d\d %/)
    it.apply('5 A')
    it.terminal.type('calibrate gain all 230 5')
    it.rig.run(6000)
    it.rig.machine.chip.spontaneousReset()
    expect(it.say('', 15)).toContain('error: the metering IC did not answer, or was reset')
    expect(it.rig.machine.meter?.calibrator?.onTrial).toBe(false)
    expect(it.say('calibrate save', 1)).toBe('error: there is nothing to store')
  })

  test.each([
    ['gain', 'found ""; allowed is calibrate gain L1|L2|L3|all U_V I_A'],
    ['gain L4 230 5', 'found "L4"; allowed is calibrate gain L1|L2|L3|all U_V I_A'],
    ['gain all 230', 'found "230"; allowed is calibrate gain L1|L2|L3|all U_V I_A'],
    ['power all 1e3', 'found "1e3"; allowed is calibrate power L1|L2|L3|all P_W'],
    ['save now', 'save takes no parameter'],
    ['everything', 'found "everything", allowed is status, help, gain, offset, power, phase, save, discard, neutral'],
  ])('calibrate %s: says what is allowed', (line, reason) => {
    expect(new CalibrationRig().say(`calibrate ${line}`, 1)).toBe(`error: calibrate: ${reason}`)
  })

  test('Ctrl-C gives up a measurement; what is typed meanwhile waits', () => {
    const it = new CalibrationRig()
    it.apply('5 A')
    it.terminal.type('calibrate gain all 230 5\x03clock')
    it.rig.run(3000)
    expect(it.say('clock', 1)).toMatch(/^2026-01-05T12:\d\d:\d\d\S*Z$/)
    it.terminal.type('calibrate gain all 230 5')
    it.rig.run(3000)
    const said = it.say('clock', 25)
    expect(said).toMatch(/after L3.*\n# 2026-01-05T12:\d\d:\d\d\S*Z$/s)
  })

  test('power is lost at any write of save: the old calibration or the new one, and the meter goes on', () => {
    const old = new CalibrationRig()
    old.calibrate()
    old.say('calibrate save', 1)
    const image = (old.rig.storage as MemoryFlash).image()
    let cut = 0
    const seen = new Set<string>()
    for (let lost = true; lost; ) {
      cut++
      const storage = blankFlash()
      storage.load(image)
      const it = new CalibrationRig({ storage })
      it.apply('5 A')
      it.say('calibrate gain L1 230 5')
      const { flash } = it.rig.machine
      flash.cutAt(flash.operations + cut, 'prefix')
      it.terminal.type('calibrate save')
      it.rig.run(300)
      lost = it.rig.machine.meter === undefined || it.rig.machine.generation > 1
      if (!lost) flash.powerOn()
      it.rig.run(10_000)
      const line = stored(it).replace(/ of .*/, '')
      seen.add(line)
      const { number } = it.rig.machine.meter?.parameters.sealed ?? { number: 0 }
      const told = (it.rig.core.logs.get(LogId.fraud)?.newest(100) ?? []).filter(({ code }) => code === FraudEvent.sealedParameterChanged)
      expect(Math.max(...told.map(({ parameter }) => parameter))).toBe(number)
      expect(number > told[told.length - 1].parameter).toBe(line.endsWith('2'))
      expect(it.rig.machine.meter?.parameters.sealed.intact).toBe(true)
      expect(fraud(it)).not.toContain('Sealed parameter damaged')
    }
    expect(cut).toBeGreaterThan(3)
    expect([...seen].sort()).toEqual(['calibration  ATM90E32, 1', 'calibration  ATM90E32, 2'])
  })

  test('of another device: not used, an alarm; a new one replaces it', () => {
    const first = new CalibrationRig()
    const error = first.error_percent('5 A')
    first.calibrate()
    first.say('calibrate save', 1)
    first.rig.machine.stop()
    const it = new CalibrationRig({ storage: first.rig.storage, key: OTHER_KEY })
    it.rig.run(5000)
    expect(stored(it)).toBe('calibration  ATM90E32, not used: the calibration was not sealed by this meter')
    expect(it.say('status', 1)).toContain('not used: the calibration was not sealed by this meter')
    expect(fraud(it)).toContain('Sealed parameter damaged')
    expect(it.rig.core.watch.alarms[0].register & (1 << 13)).not.toBe(0)
    expect(it.error_percent('5 A')).toBeCloseTo(error, 1)
    expect(it.calibrate()).not.toContain('error')
    expect(it.say('calibrate save', 1)).toBe('calibration 2 is stored and sealed')
    expect(it.outside()).toEqual([])
  })
})
