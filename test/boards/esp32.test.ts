import { readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { boardData, boardNames } from '../../scripts/device/boards.mjs'
import { manifestOf, reachedBy } from '../../scripts/device/manifest.mjs'
import { SDK_MODULES } from '../../scripts/device/sdk-modules.mjs'
import { missingTools } from '../../scripts/device/tools.mjs'
import { specifiersOf } from '../architecture/arrows.ts'
import { exists, textOf } from '../architecture/repository.ts'
import { pinFaults, pinsOf, strappingPinsOf } from './pins.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const nameOf = (path: string) => path.replace(/^build\/js\/(.*)\.js$/, '$1')

/** Boards share nearly all modules: each is looked at once. */
function once<V>(find: (key: string) => V): (key: string) => V {
  const found = new Map<string, V>()
  return (key) => {
    const known = found.get(key)
    if (known !== undefined) return known
    const made = find(key)
    found.set(key, made)
    return made
  }
}

const specifiersIn = once((id) => specifiersOf(readFileSync(`${ROOT}${id}`, 'utf8')))
const reached = once(reachedBy)

/** What a main program imports, directly or not, by another scanner than that of the build. */
function imported(main: string): Set<string> {
  const found = new Set<string>()
  const waiting = [main]
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    if (found.has(id)) continue
    found.add(id)
    if (!id.startsWith('build/')) continue
    for (const specifier of specifiersIn(id)) waiting.push(specifier.startsWith('.') ? posix.join(posix.dirname(id), specifier) : specifier)
  }
  return found
}

const boards = boardNames()

test('there are boards', () => {
  expect(boards).toContain('esp32-devkit')
  expect(boards).not.toContain('virtual')
})

describe.each(boards)('%s', (board) => {
  const main = `build/js/boards/${board}/main.js`

  test('the manifest lists every module that is imported, and none that is not', async () => {
    const found = await reached(main)
    const manifest = manifestOf({ main, reached: found, from: `build/firmware/${board}` })
    const wanted = [...imported(main)]
    const own = wanted.filter((id) => id.startsWith('build/')).map(nameOf)
    const foreign = wanted.filter((id) => !id.startsWith('build/'))
    const named = Object.keys(manifest.modules).filter((name) => /^(boards|hal|src)\//.test(name))
    expect(named.sort()).toEqual(own.sort())
    expect([...found.packages, ...found.sdk].sort()).toEqual(foreign.sort())
    // A package of npm costs a device too much memory to come in unseen.
    expect(found.packages).toEqual([])
    expect(manifest.creation).toEqual({ main: nameOf(main) })
    expect(manifest.preload.filter((name) => /^(boards|hal|src)\//.test(name)).sort()).toEqual(own.filter((name) => name !== nameOf(main)))
  })

  test('own manifests that it includes exist', async () => {
    const { sdk } = await reached(main)
    const included = sdk.flatMap((specifier) => SDK_MODULES[specifier].include ?? [])
    for (const path of included.filter((path) => path.startsWith('./'))) expect(exists(path), path).toBe(true)
    for (const specifier of sdk) expect(Object.keys(SDK_MODULES)).toContain(specifier)
  })

  test('its data names its chip, a flash that has a partition table, and pins that nobody else has', async () => {
    const data = await boardData(board)
    const manifest = JSON.parse(textOf(`boards/${board}/manifest.json`))
    expect(data.name).toBe(board)
    expect(manifest.build.SUBPLATFORM).toBe(board)
    expect(manifest.build.ESP32_SUBCLASS).toBe(data.chip)
    expect(exists(`hal/esp32/partitions/${data.flash_MiB}MiB.csv`)).toBe(true)
    expect(pinFaults(data)).toEqual([])
  })

  test('its page shows the wiring and says what mains voltage can do', () => {
    const page = textOf(`boards/${board}/README.md`)
    expect(page).toMatch(/```[\s\S]+```/)
    expect(page).toMatch(/mains voltage/i)
    expect(page).toMatch(/warranty/i)
    expect(page).toMatch(/What was verified/)
  })

  test('its table of pins is complete, and warns of pins that say how the chip starts', async () => {
    const data = await boardData(board)
    const rows = textOf(`boards/${board}/README.md`)
      .split('\n')
      .map((line) => /^\| (\d+(?:, \d+)*) +\|.*$/.exec(line))
      .filter((row) => row !== null)
    const pinsOfRow = (row: RegExpExecArray) => row[1].split(', ').map(Number)
    expect(rows.flatMap(pinsOfRow).sort((a, b) => a - b)).toEqual(pinsOf(data))
    for (const pin of strappingPinsOf(data)) {
      const row = rows.find((row) => pinsOfRow(row).includes(pin))
      expect(row?.[0], `GPIO ${pin}`).toMatch(/strapping pin/)
    }
  })
})

describe('partition tables', () => {
  const SECTOR = 0x1000
  test.each([4, 8, 16])('%d MiB: in order, aligned, inside the flash, with a partition for the meter', (size_MiB) => {
    const rows = textOf(`hal/esp32/partitions/${size_MiB}MiB.csv`)
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => line.split(',').map((cell) => cell.trim()))
    let end = 0x9000
    for (const [name, type, , offset, size] of rows) {
      expect(Number(offset), name).toBeGreaterThanOrEqual(end)
      expect(Number(offset) % (type === 'app' ? 0x10000 : SECTOR), name).toBe(0)
      expect(Number(size) % SECTOR, name).toBe(0)
      end = Number(offset) + Number(size)
    }
    expect(end).toBeLessThanOrEqual(size_MiB * 0x100000)
    const names = rows.map(([name]) => name)
    expect(names).toContain('meter')
    // Two firmwares that replace each other have the same size, and somewhere to note which one runs.
    const slots = rows.filter(([name]) => name.startsWith('ota_'))
    expect([0, 2]).toContain(slots.length)
    if (slots.length === 2) expect([slots[0][4], names.includes('otadata')]).toEqual([slots[1][4], true])
  })
})

describe('what the check of the pins finds', () => {
  test.each([
    [{ chip: 'esp32', led: { pin: 2 }, seal: { pin: 2 } }, 'GPIO 2 is led.pin, too'],
    [{ chip: 'esp32', metering: { clock: 18, in: 19, out: 35 } }, 'GPIO 35 is an input only'],
    [{ chip: 'esp32', led: { pin: 34 } }, 'GPIO 34 is an input only'],
    [{ chip: 'esp32', seal: { pin: 39 } }, 'GPIO 39 has no pull resistor'],
    [{ chip: 'esp32', led: { pin: 6 } }, 'no free GPIO 6'],
    [{ chip: 'esp32', led: { pin: 11 } }, 'no free GPIO 11'],
    [{ chip: 'esp32', ethernet: { management: 23, managementData: 18 }, led: { pin: 19 } }, 'GPIO 19 is ethernet.RMII, too'],
    [{ chip: 'esp32', a: { clock: 4 }, b: { data: 4 } }, 'GPIO 4 is a.clock, too'],
    [{ chip: 'z80' }, 'unknown chip'],
  ])('%j', (board, fault) => {
    expect(pinFaults(board).join()).toContain(fault)
  })

  test('strapping pins', () => {
    expect(
      strappingPinsOf({ chip: 'esp32', led: { pin: 2 }, metering: { select: 5, clock: 18 }, interrupt: { pin: 34 } } as never),
    ).toEqual([2, 5])
  })

  test('two parts on one bus are fine', () => {
    expect(pinFaults({ chip: 'esp32c3', meter: { data: 7, clock: 6 }, rtc: { data: 7, clock: 6 }, led: { pin: 0 } } as never)).toEqual([])
  })
})

describe('tools', () => {
  test('each that is missing is named, with its instructions', () => {
    const all = missingTools({})
    expect(all.join('\n')).toMatch(/MODDABLE is not set[\s\S]+https:[\s\S]+IDF_PATH is not set[\s\S]+https:/)
    expect(missingTools({ MODDABLE: '/nowhere' }, { linkOnly: true })).toEqual([
      expect.stringContaining('MODDABLE is /nowhere, and no Moddable SDK is there'),
    ])
  })
})
