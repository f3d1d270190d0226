import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { FaceSignal } from '../../src/meter/face/air-state.ts'
import type { FaceFrame, FaceRadio } from '../../src/meter/face/radio-state.ts'
import { ANY_PORTS, Ferraris } from '../support/ferraris.ts'
import { isBrowserInstalled, launchBrowser } from './browser.ts'

const installed = isBrowserInstalled()

interface Api {
  readonly radio: FaceRadio
  readonly frames: readonly FaceFrame[]
  readonly signals: readonly FaceSignal[]
  readonly state: { readonly powered: boolean }
}

describe.skipIf(!installed)('the radio of a running meter in Chromium', () => {
  const meter = new Ferraris(['run', '--lorawan', '--speed', '10', '--history', '0s', ...ANY_PORTS])
  const pictures = mkdtempSync(join(tmpdir(), 'ferraris-radio-'))
  const problems: string[] = []
  let browser: Browser
  let page: Page
  let base: string

  beforeAll(async () => {
    base = `http://127.0.0.1:${await meter.httpPort()}`
    browser = await launchBrowser()
    page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
    page.on('console', (message) => message.type() !== 'log' && problems.push(message.text()))
    page.on('pageerror', (error) => problems.push(error.message))
    await page.goto(base)
    await page.locator('.radio .pill.joined').waitFor({ timeout: 20_000 })
    console.log(`screenshots: ${pictures}`)
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
    await meter.end('SIGINT')
  })

  async function api(): Promise<Api> {
    return (await (await fetch(`${base}/api/state`)).json()) as Api
  }

  test('the state of the link is the one of the meter', async () => {
    const { radio } = await api()
    expect(radio.state).toBe('joined')
    const panel = page.getByRole('region', { name: /LoRaWAN/ })
    expect(await panel.locator('.facts').getByText(radio.devEui).count()).toBe(1)
    expect(await panel.locator('dd', { hasText: new RegExp(`^DR${radio.mac?.dataRate}`) }).count()).toBe(1)
    const bands = radio.mac?.bands ?? []
    expect(await panel.getByRole('meter').count()).toBe(bands.length)
    expect(await panel.getByRole('meter').first().getAttribute('aria-valuemax')).toBe('36000')
  })

  test('a frame opens layer by layer, from the keyboard', async () => {
    const join = page.locator('.frames > li').last()
    await join.locator('summary').focus()
    await page.keyboard.press('Enter')
    await join.locator('.layer').first().waitFor()
    expect(await join.locator('.layer h4').allTextContents()).toEqual(['PHY', 'MHDR', 'Join request', 'MIC'])
    const { radio, frames } = await api()
    expect(await join.getByText(radio.devEui).count()).toBe(1)
    expect(await join.getByText('valid').count()).toBe(1)
    const text = await page.locator('.frames').textContent()
    expect(text).toContain('Join accept')
    expect(frames.every(({ mic }) => mic !== 'wrong')).toBe(true)
  })

  test('the map and the table name the gateway, the log says how it heard', async () => {
    const air = page.getByRole('region', { name: /On the air/ })
    expect(await air.getByRole('img', { name: /Map: the meter and gateway-1/ }).count()).toBe(1)
    expect(await air.getByRole('rowheader', { name: 'gateway-1' }).count()).toBe(1)
    const { signals } = await api()
    const [hearing] = signals[0].hearings
    expect(hearing.outcome).toBe('heard')
    expect(await air.locator('.signals').textContent()).toContain(`gateway-1 −${Math.abs(hearing.rssi_dBm).toFixed(0)} dBm`)
  })

  test.each([
    ['desktop', 1440, 'light'],
    ['desktop-dark', 1440, 'dark'],
    ['phone', 360, 'light'],
  ] as const)('%s: fits the screen', async (name, width, colorScheme) => {
    await page.setViewportSize({ width, height: 900 })
    await page.emulateMedia({ colorScheme })
    await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true })
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
  })

  test('without mains the radio is off, and joined again with them', async () => {
    await page.getByRole('radio', { name: 'All phases: Off' }).click()
    await page.locator('.radio .pill.off').waitFor({ timeout: 10_000 })
    expect((await api()).frames).toEqual([])
    await page.getByRole('radio', { name: 'All phases: On' }).click()
    await page.locator('.radio .pill.joined').waitFor({ timeout: 10_000 })
    expect(problems).toEqual([])
  })
})
