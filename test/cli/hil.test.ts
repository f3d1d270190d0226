import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { hil } from '../../src/cli/hil/command.ts'
import { xsnapWorkerIfBuilt } from '../../src/cli/xs/binary.ts'
import { FerrarisError } from '../../src/lib/errors.ts'
import { ferraris, temporaryFolder } from '../support/ferraris.ts'

const PLANS = 'src/hil/plans'

/** A plan of the package with something changed. */
function changed(name: string, change: (text: string) => string): string {
  const path = join(temporaryFolder(), name)
  writeFileSync(path, change(readFileSync(join(PLANS, name), 'utf8')))
  return path
}

/** As the command does it, without a process. */
async function run(words: readonly string[]): Promise<{ readonly passed: boolean; readonly stdout: string }> {
  let stdout = ''
  const passed = await hil(words, (text) => {
    stdout += text
  })
  return { passed, stdout }
}

describe('ferraris hil', () => {
  test.each(['quick.json', 'plug-smoke.json', 'three-phase.json'])(
    '%s passes on the virtual meter, and is the same every time',
    async (name) => {
      const [first, second] = await Promise.all([1, 2].map(() => ferraris(['hil', join(PLANS, name), '--json'])))
      expect(first.code, first.stdout + first.stderr).toBe(0)
      expect(second.stdout).toBe(first.stdout)
    },
  )

  test('a deviation is named, stands in the report, and ends with status 1', async () => {
    const path = changed('plug-smoke.json', (text) => text.replace('"is": 161', '"is": 170'))
    const report = join(temporaryFolder(), 'report.html')
    const { code, stdout } = await ferraris(['hil', path, '--report', report])
    expect(code).toBe(1)
    expect(stdout).toMatch(/^FAIL +8s +register 32\.7\.0 is 170 ±1\.7: 161 V, deviation -9, allowed ±1\.7 /m)
    expect(stdout.trim().split('\n').at(-1)).toBe('14 steps, 1 deviations')
    expect(readFileSync(report, 'utf8')).toContain('steps[9] at 8s: register 32.7.0 is 170 ±1.7: 161 V')
  })

  test('what this bench cannot do is a deviation, too', async () => {
    const path = changed('quick.json', (text) => text.replace('"active_W": 6900', '"phase": 2, "active_W": 6900'))
    const { passed, stdout } = await run([path])
    expect(passed).toBe(false)
    expect(stdout).toMatch(/^FAIL +0s +load 6900 W 0 var on L2: this meter has 1 phase$/m)
  })

  const xs = xsnapWorkerIfBuilt() !== undefined && spawnSync('python3', ['-c', 'import pty']).status === 0
  if (!xs) console.log('skipped: no XS engine or no python3')
  test.skipIf(!xs)('the XS engine passes behind a pseudo-terminal', async () => {
    const { code, stdout, stderr } = await ferraris(['hil', join(PLANS, 'quick.json'), '--target', 'xs', '--speed', '2'])
    expect(code, stdout + stderr).toBe(0)
    expect(stdout).toMatch(/XS engine at \/dev\/\S+/)
  })

  test.each([
    [[], 'USAGE', /a plan is needed/],
    [['a', 'b'], 'USAGE', /one plan is enough; found a b/],
    [['a', '--target', 'moon'], 'USAGE', /--target: found "moon", allowed is virtual or xs/],
    [['a', '--speed', '3'], 'USAGE', /--speed is for --target xs/],
    [['a', '--bench', 'b', '--target', 'xs'], 'USAGE', /give one of them/],
    [['no-such.json'], 'PLAN', /no-such\.json: cannot be read: ENOENT/],
    [['package.json'], 'PLAN', /^package\.json: \S+: unknown field/],
    [[join(PLANS, 'quick.json'), '--report', '/no/such/folder/r.html'], 'REPORT', /cannot be written/],
    [[join(PLANS, 'quick.json'), '--bench', 'package.json'], 'BENCH_FILE', /package\.json: \S+: unknown field/],
  ] as const)('%j is refused with %s', async (words, code, message) => {
    const error: unknown = await run(words).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(FerrarisError)
    expect((error as FerrarisError).code).toBe(code)
    expect((error as FerrarisError).message).toMatch(message)
  })

  test('a mistake in the command line ends with status 2', async () => {
    expect((await ferraris(['hil'])).code).toBe(2)
  })

  test('--help and --plan-schema', async () => {
    expect((await run(['--help'])).stdout).toMatch(/^Usage: ferraris hil PLAN\.json/)
    expect(JSON.parse((await run(['--plan-schema'])).stdout)).toHaveProperty('properties.steps')
  })
})
