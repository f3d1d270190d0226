import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ANY_PORTS, Ferraris } from '../support/ferraris.ts'
import { isBrowserInstalled, launchBrowser } from './browser.ts'

const installed = isBrowserInstalled()

interface ApiState {
  readonly state: {
    readonly powered: boolean
    readonly lcd: readonly { readonly obis: string; readonly value: string }[]
    readonly total: { readonly active_W: number }
    readonly conditions: readonly string[]
  }
  readonly world: { readonly household: { readonly power_W: number } }
}

describe.skipIf(!installed)('the face of a running meter in Chromium', () => {
  const meter = new Ferraris(['run', ...ANY_PORTS])
  let browser: Browser
  let page: Page
  let base: string

  beforeAll(async () => {
    base = `http://127.0.0.1:${await meter.httpPort()}`
    browser = await launchBrowser()
    page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
    await page.goto(base)
    await page.locator('.lcd[data-obis="1.8.0"]').waitFor()
  })
  afterAll(async () => {
    await browser?.close()
    await meter.end('SIGINT')
  })

  async function api(): Promise<ApiState> {
    return (await (await fetch(`${base}/api/state`)).json()) as ApiState
  }

  /** Asks until the meter says so; it measures once a second. */
  async function until(what: string, holds: (state: ApiState) => boolean): Promise<void> {
    for (let i = 0; i < 100; i++) {
      if (holds(await api())) return
      await page.waitForTimeout(100)
    }
    throw new Error(`not within 10 s: ${what}`)
  }

  test('the display shows the register, in kWh with three decimals', async () => {
    const shown = await page.locator('.lcd').getAttribute('data-value')
    const { state } = await api()
    expect(shown).toMatch(/^\d{6}\.\d{3}$/)
    expect(Math.abs(Number(shown) - Number(state.lcd[0].value))).toBeLessThan(0.1)
    expect(await page.locator('.lcd').getAttribute('data-unit')).toBe('kWh')
  })

  test('an appliance that is switched on is measured', async () => {
    await page.getByRole('switch', { name: /Electric car/ }).click()
    await until('11 kW more', ({ state, world }) => Math.abs(state.total.active_W - world.household.power_W - 11_010) < 50)
    await page.getByRole('switch', { name: /Electric car/ }).click()
    await until('the household alone', ({ state, world }) => Math.abs(state.total.active_W - world.household.power_W) < 50)
  })

  test('with the roof feeding in, energy flows back', async () => {
    await page.getByRole('switch', { name: 'Photovoltaics' }).click()
    await until('export', ({ state, world }) => Math.abs(state.total.active_W - world.household.power_W + 9000) < 50)
    await page.getByRole('switch', { name: 'Photovoltaics' }).click()
  })

  test('a phase that sags is named', async () => {
    await page.getByRole('radio', { name: 'L2: Sag' }).click()
    await until('Sag L2', ({ state }) => state.conditions.includes('Sag L2'))
    // Among the conditions, and in the log.
    await page.getByText('Sag L2').first().waitFor()
    await page.getByRole('radio', { name: 'L2: On' }).click()
    await until('no sag', ({ state }) => !state.conditions.includes('Sag L2'))
  })

  test('without mains the display is dark, and the page switches them on again', async () => {
    await page.getByRole('radio', { name: 'All phases: Off' }).click()
    await page.locator('.lcd.dark').waitFor({ timeout: 10_000 })
    await until('no supply', ({ state }) => !state.powered)
    await page.getByRole('radio', { name: 'All phases: On' }).click()
    await page.locator('.lcd:not(.dark)').waitFor({ timeout: 10_000 })
    await page.getByText(/Power up after/).waitFor({ timeout: 10_000 })
    expect((await api()).state.powered).toBe(true)
  })
})
