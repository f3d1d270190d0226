import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import type { Figures } from '../../bench/budget-measure.ts'
import { overruns, renderTable, sorted } from '../../bench/budget-table.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const TABLE = JSON.parse(readFileSync(`${ROOT}/docs/budget.json`, 'utf8')) as Figures

describe('the budget with the Moddable SDK', () => {
  test('is skipped without the SDK, and says what is missing', () => {
    const { MODDABLE: _, ...env } = process.env
    const { status, stdout } = spawnSync(process.execPath, ['scripts/budget-sdk.mjs'], { cwd: ROOT, env, encoding: 'utf8' })
    expect(status).toBe(0)
    expect(stdout).toMatch(/^skipped, missing:\n {2}MODDABLE is not set/)
  })
})

describe('the table of the budget', () => {
  test('the page shows the figures of the file, all of them and in order', () => {
    expect(readFileSync(`${ROOT}/docs/budget.md`, 'utf8')).toContain(`\n${renderTable(TABLE)}\n`)
    expect(Object.keys(sorted(TABLE))).toEqual(Object.keys(TABLE))
    expect(renderTable(TABLE).split('\n')).toHaveLength(2 + Object.keys(TABLE).length)
  })

  test('up to five per cent more are let through, and any saving', () => {
    const table = { 'core.rest_slots': 1000, 'dlms.get_codes': 4000 }
    expect(overruns({ 'core.rest_slots': 1050, 'dlms.get_codes': 10 }, table)).toEqual([])
    expect(overruns({ 'core.rest_slots': 1051, 'dlms.get_codes': 4000 }, table)).toEqual([
      'core.rest_slots: 1,051, the table has 1,000 (5.1 % more)',
    ])
  })

  test('a figure that comes or goes changes the table, too', () => {
    expect(overruns({ 'core.rest_slots': 1 }, { 'dlms.get_codes': 1 })).toEqual([
      'dlms.get_codes: in the table, but not measured',
      'core.rest_slots: measured, but not in the table',
    ])
    expect(() => sorted({ 'mesh.rest_slots': 1 })).toThrow('mesh.rest_slots')
  })
})
