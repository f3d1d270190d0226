import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { histogram } from '../../src/hil/histogram.ts'
import { reportHTML, reportJSON, summaryLines } from '../../src/hil/report.ts'
import type { PlanResult } from '../../src/hil/runner.ts'

describe('histograms', () => {
  test('every value is in the class that holds it', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 200 }), (values) => {
        const found = histogram(values)
        if (found === undefined) throw new Error('no histogram')
        expect(found.classes.reduce((sum, count) => sum + count, 0)).toBe(values.length)
        expect(found.classes.length).toBeLessThanOrEqual(26)
        expect(found.from).toBeLessThanOrEqual(found.min)
        expect(found.from + found.classes.length * found.width).toBeGreaterThanOrEqual(found.max * (1 - 1e-9))
        expect(values).toContain(found.p50)
        expect(found.p50).toBeLessThanOrEqual(found.p95)
      }),
    )
  })

  test('figures of a known set', () => {
    const values = Array.from({ length: 100 }, (_, i) => i + 1)
    expect(histogram(values)).toMatchObject({ count: 100, min: 1, max: 100, mean: 50.5, p50: 50, p95: 95, from: 0, width: 5 })
    expect(histogram([])).toBeUndefined()
  })
})

const RESULT: PlanResult = {
  plan: 'A & B',
  bench: 'a <bench>',
  duration_ms: 1500,
  passed: false,
  steps: [
    { index: 0, at_ms: 0, what: 'mark a', found: 'noted', passed: true, delay_ms: 1 },
    { index: 1, at_ms: 1000, what: 'register 1.8.0 is 1 ±0', found: '2 Wh "two"', passed: false, delay_ms: 3000 },
  ],
  deviations: ['steps[1] at 1s: register 1.8.0 is 1 ±0: 2 Wh "two"', 'limits.answer_ms: found 9 ms, allowed is up to 5 ms'],
  timings: { answers: [1, 2, 9], samples: [], events: [5], stimuli: [0] },
}

describe('the report', () => {
  const page = reportHTML(RESULT, 'now')

  test('is one page that needs nothing beside it, with all deviations and every step', () => {
    expect(page).not.toMatch(/(src|href)=|<script|@import|url\(/)
    expect(page).toContain('2 deviations')
    expect(page).toContain('limits.answer_ms: found 9 ms')
    expect(page.match(/<tr class="(good|bad)">/g)).toEqual(['<tr class="good">', '<tr class="bad">'])
    expect(page.match(/<svg/g)).toHaveLength(3)
    expect(page).toContain('not measured on this bench')
  })

  test('foreign text is text', () => {
    expect(page).toContain('A &amp; B')
    expect(page).toContain('a &lt;bench&gt;')
    expect(page).toContain('2 Wh &quot;two&quot;')
  })

  test('programs get histograms, a terminal the figures and what is not a step', () => {
    const json = JSON.parse(reportJSON(RESULT)) as { passed: boolean; timings: Record<string, { count: number } | null> }
    expect(json.passed).toBe(false)
    expect(json.timings.answers_ms?.count).toBe(3)
    expect(json.timings.samples_ms).toBeNull()
    expect(summaryLines(RESULT).slice(-2)).toEqual(['FAIL limits.answer_ms: found 9 ms, allowed is up to 5 ms', '2 steps, 2 deviations'])
  })
})
