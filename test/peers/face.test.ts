import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isBrowserInstalled, launchBrowser } from './browser.ts'
import { FakeHouse, serveFace } from './face-fake.ts'

/** The face in a browser that nobody here wrote: its HTTP and WebSocket client, its policy, its eyes. */
const installed = isBrowserInstalled()

const DESKTOP = { viewport: { width: 1440, height: 900 }, colorScheme: 'light' } as const
const PHONE = { viewport: { width: 360, height: 760 }, deviceScaleFactor: 2, colorScheme: 'light' } as const

describe.skipIf(!installed)('the face in Chromium', () => {
  const pictures = mkdtempSync(join(tmpdir(), 'ferraris-face-'))
  const house = new FakeHouse()
  let browser: Browser
  let served: Awaited<ReturnType<typeof serveFace>>

  beforeAll(async () => {
    served = await serveFace(house)
    browser = await launchBrowser()
    console.log(`screenshots: ${pictures}`)
  })
  afterAll(async () => {
    await browser?.close()
    await served?.stop()
  })

  /** Opens the page; `problems` collects what the console and the policy complain about, and requests that leave the meter. */
  async function open(options: BrowserContextOptions): Promise<{ page: Page; problems: string[] }> {
    const context = await browser.newContext(options)
    const page = await context.newPage()
    const problems: string[] = []
    page.on('console', (message) => message.type() !== 'log' && problems.push(message.text()))
    page.on('pageerror', (error) => problems.push(error.message))
    page.on('request', (request) => {
      const url = new URL(request.url())
      if (url.protocol !== 'data:' && url.host !== `127.0.0.1:${served.port}`) problems.push(`asked ${request.url()}`)
    })
    await page.goto(`http://127.0.0.1:${served.port}/`)
    await page.locator('.lcd[data-obis="1.8.0"]').waitFor()
    return { page, problems }
  }

  test.each([
    ['desktop-light', DESKTOP],
    ['desktop-dark', { ...DESKTOP, colorScheme: 'dark' }],
    ['phone', PHONE],
  ] as const)('%s: shows the meter, fits the screen, asks nobody else', async (name, options) => {
    const { page, problems } = await open(options)
    await page.waitForTimeout(2500)
    await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true })
    expect(await page.locator('.lcd').getAttribute('data-value')).toMatch(/^0123\d\d\.\d{3}$/)
    expect(await page.getByRole('heading', { name: /F3-V/ }).count()).toBe(1)
    expect(await page.getByText('Power restored after 3 min 12 s').count()).toBe(1)
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(options.viewport.width)
    expect(problems).toEqual([])
    await page.context().close()
  })

  test('the display moves on by itself, and by its button from the keyboard', async () => {
    const { page } = await open(DESKTOP)
    await page.locator('.lcd[data-obis="1.8.1"]').waitFor({ timeout: 8000 })
    await page.getByRole('button', { name: /Display button/ }).focus()
    await page.keyboard.press('Enter')
    await page.locator('.lcd[data-obis="2.8.0"]').waitFor({ timeout: 1000 })
    expect(await page.locator('.push [aria-live]').textContent()).toBe('Export, total: 000842.194 kWh')
    await page.context().close()
  })

  test('the world obeys: appliance, reverse flow, sag, refusal', async () => {
    const { page } = await open(DESKTOP)
    const kettle = page.getByRole('switch', { name: 'Kettle' })
    await kettle.click()
    await page.locator('[role=switch][aria-label=Kettle][aria-checked=true]').waitFor()
    expect(house.commands).toContainEqual({ command: 'appliance', appliance: 'kettle', on: true })

    await page.getByRole('slider').fill('8000')
    await page.getByRole('radio', { name: 'Phase L2: Sag' }).focus()
    await page.keyboard.press('ArrowRight')
    await page.getByText('Loss L2').waitFor()
    expect(house.commands).toContainEqual({ command: 'mains', phase: 2, state: 'off' })
    expect(house.commands).toContainEqual({ command: 'pv', on: true, power_W: 8000 })

    await page.getByRole('switch', { name: 'Car charger' }).click()
    await page.getByRole('alert').getByText('The car is not at home.').waitFor()
    await page.screenshot({ path: join(pictures, 'trouble.png') })
    await page.getByRole('radio', { name: 'All phases: On' }).click()
    await page.getByText('Loss L2').waitFor({ state: 'detached' })
    await page.context().close()
  })

  test('every control is reached with the Tab key', async () => {
    const { page } = await open(DESKTOP)
    const reached = new Set<string>()
    for (let i = 0; i < 30; i++) {
      await page.keyboard.press('Tab')
      reached.add(String(await page.evaluate('document.activeElement.getAttribute("aria-label") ?? document.activeElement.name ?? ""')))
    }
    for (const name of ['Display button: next value', '60 times real time', 'Kettle', 'Photovoltaics', 'Power of the photovoltaics']) {
      expect(reached).toContain(name)
    }
    await page.context().close()
  })

  test('says when the meter is gone, and comes back with it', async () => {
    const { page } = await open(PHONE)
    const { port } = served
    await served.stop()
    await page.getByRole('alert').getByText('Disconnected.').waitFor()
    await page.screenshot({ path: join(pictures, 'disconnected.png') })
    served = await serveFace(house, port)
    await page.getByRole('alert').waitFor({ state: 'detached', timeout: 15_000 })
    expect(await page.getByText('Live', { exact: true }).first().isVisible()).toBe(true)
    await page.context().close()
  })
})
