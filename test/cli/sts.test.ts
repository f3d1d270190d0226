import { describe, expect, test } from 'vitest'
import { sts } from '../../src/cli/sts.ts'
import { FerrarisError } from '../../src/lib/errors.ts'
import { STS_VECTORS, type StsVector } from '../protocols/sts/vectors.ts'

const run = (...words: string[]) => sts(words).trimEnd()
const digits = (text: string) => text.replaceAll(' ', '')

/** What a person types for the meter of a vector. */
function meterOptions(vector: StsVector): string[] {
  const { pan, supplyGroup, tariffIndex, revision, keyType, baseDate, vendingKey, algorithm = '' } = vector
  const meter = ['--pan', pan, '--group', supplyGroup, '--tariff', tariffIndex, '--revision', `${revision}`, '--type', `${keyType}`]
  return [...meter, '--base', baseDate, '--vending-key', vendingKey, '--algorithm', algorithm]
}

function usageOf(...words: string[]): string {
  try {
    run(...words)
  } catch (error) {
    if (error instanceof FerrarisError && error.code === 'USAGE') return error.message
    throw error
  }
  return ''
}

describe('ferraris sts', () => {
  test('makes the tokens of the compliance test from its inputs', () => {
    let made = 0
    for (const vector of STS_VECTORS) {
      const { type, amount, issued, token, fields, algorithm, decoderKey = '' } = vector
      if (algorithm === undefined || issued === undefined) continue
      const options = [...meterOptions(vector), '--time', issued, '--random', `${fields.random}`]
      expect(run('key', ...options)).toBe(decoderKey)
      const command = { electricityCredit: 'credit', powerLimit: 'power-limit', clearTamper: 'clear-tamper' }[type as string]
      const clears = type === 'clearCredit' && fields.value === 0xffff
      if (command === undefined && !clears) continue
      const words = clears ? ['clear-credit'] : command === 'clear-tamper' ? [command] : [command ?? '', `${amount ?? fields.value / 10}`]
      expect(digits(run(...words, ...options)), vector.test).toBe(token)
      expect(run('read', token, ...options)).toContain(`identifier   ${fields.identifier}`)
      made++
    }
    expect(made).toBeGreaterThan(70)
  })

  test('makes the tokens of a key change', () => {
    const name = 'STS 531-1-0-04 CTSA19 step 1'
    const sections = STS_VECTORS.filter(({ test: step, type }) => step === name && type.startsWith('keySection'))
    const [first] = sections
    const next = STS_VECTORS.find(({ test: step, type }) => step === name && type === 'electricityCredit') ?? first
    const changed = ['--new-group', next.supplyGroup, '--new-tariff', next.tariffIndex, '--new-revision', `${next.revision}`]
    const expiry = (first.fields.expiryHigh << 4) | (sections.find(({ type }) => type === 'keySection2')?.fields.expiryLow ?? 0)
    const lines = run('key-change', ...meterOptions(first), ...changed, '--new-vending-key', next.vendingKey, '--new-expiry', `${expiry}`)
    expect(lines.split('\n').map(digits).sort()).toEqual(sections.map(({ token }) => token).sort())
  })

  test('a key change token is read without showing the key', () => {
    const [token] = run('key-change', '--new-tariff', '02').split('\n')
    expect(run('read', ...token.split(' '))).toContain('key          (secret)')
  })

  test('has a demo key, so that tokens differ only by time and chance', () => {
    const token = run('credit', '12.5', '--time', '2026-03-01T12:00:00Z', '--random', '3')
    expect(run('read', token)).toMatch(/^type {9}electricityCredit\n[\s\S]*issued {7}2026-03-01T12:00:00Z\ncredit {7}12\.5 kWh$/)
    expect(run('read', run('power-limit', '3500'))).toContain('limit        3500 W')
    expect(() => run('read', token, '--tariff', '02')).toThrow(/wrong token, or of another key/)
  })

  test('says what is wrong', () => {
    expect(usageOf('credit', '1.25')).toContain('kWh with at most one decimal')
    expect(usageOf('credit', '9999999')).toContain('allowed are 0 to 1820162.4 kWh')
    expect(usageOf('key', '--pan', '12')).toContain('pan: found "12"')
    expect(usageOf('key', '--algorithm', 'DES')).toContain('EA07 or EA11')
    expect(usageOf('credit', '1', '--time', '2013-01-01T00:00:00Z')).toContain('32 years')
    expect(usageOf('credit', '1', '--time', '2026-01-01T00:00:00')).toContain('with Z')
    expect(usageOf('dig')).toContain('unknown: dig')
    expect(usageOf('read', '12')).toContain('20 digits')
    expect(usageOf('key', '--vending-key', 'abababababababab')).toContain('20 bytes')
    expect(run()).toContain('Usage: ferraris sts')
  })
})
