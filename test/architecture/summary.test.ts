import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'

const script = fileURLToPath(new URL('../../scripts/test-summary.mjs', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'ferraris-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** A report as Vitest's JSON reporter writes it, as far as it is read. */
function report(name: string, passed: number, failed: number, broken = 0): string {
  const path = join(folder, name)
  const file = (count: number) => ({ status: 'failed', assertionResults: Array.from({ length: count }, () => ({ status: 'failed' })) })
  const testResults = [...(failed > 0 ? [file(failed)] : []), ...Array.from({ length: broken }, () => file(0))]
  writeFileSync(path, JSON.stringify({ numPassedTests: passed, numFailedTests: failed, testResults }))
  return path
}

function summary(...words: string[]): [string, number | null] {
  const result = spawnSync(process.execPath, [script, ...words], { encoding: 'utf8' })
  return [result.stdout, result.status]
}

test('adds up reports and steps', () => {
  const words = ['--report', report('a', 10, 0), '0', '--report', report('b', 3, 0), '0', '--step', 'check', '0']
  expect(summary(...words)).toEqual(['14 passed, 0 failed\n', 0])
})

test('counts failed tests, files that could not be loaded and failed steps', () => {
  const words = ['--report', report('c', 10, 2, 1), '1', '--step', 'check', '1']
  expect(summary(...words)).toEqual(['10 passed, 4 failed\n', 1])
})

test('a run that crashed has failed, with or without a report', () => {
  expect(summary('--report', report('d', 10, 0), '1')).toEqual(['10 passed, 1 failed\n', 1])
  expect(summary('--report', join(folder, 'none'), '139', '--step', 'check', '0')).toEqual(['1 passed, 1 failed\n', 1])
})

test('a run without tests has not passed', () => {
  expect(summary('--report', report('e', 0, 0), '0')[1]).toBe(1)
})
