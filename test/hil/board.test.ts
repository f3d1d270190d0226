import { describe, test } from 'vitest'
import { bridgeSuites } from './suites.ts'
import { readWiring } from './wiring.ts'

/** Set by `npm run test:hil -- --port …`. */
const { FERRARIS_HIL_PORT: device, FERRARIS_HIL_BAUD: baud = '115200', FERRARIS_HIL_WIRING: wiring } = process.env

if (device === undefined) {
  console.log('skipped: no board')
  test.skip('bridge board at a serial port', () => {})
} else {
  const connected = await readWiring(wiring)
  describe(`bridge board at ${device}`, () => {
    bridgeSuites(device, connected, () => ({ device, baud: Number(baud) }))
  })
}
