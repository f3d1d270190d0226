import { readFileSync } from 'node:fs'
import { BOARD } from '../boards/virtual/board.ts'
import { VIRTUAL_CONFIG } from '../boards/virtual/config.ts'
import { Session } from '../boards/virtual/session.ts'
import { hostCrypto } from '../hal/host/crypto.ts'
import { MemoryFlash } from '../hal/portable/flash.ts'
import { validate } from '../src/lib/schema-validate.ts'
import { parseTrace, type Trace } from '../src/world/loads/trace.ts'
import type { Bench } from './harness.ts'

const DAY_MS = 86_400_000
const METERS = 1000

function household(): Trace {
  const file = 'boards/virtual/data/household_electricity_1min.csv'
  return parseTrace(readFileSync(file, 'utf8'), file)
}

/** A virtual meter on the recorded household, with all defaults but without a network. */
function createSession(trace: Trace, seed: number): Session {
  const config = validate(VIRTUAL_CONFIG, {})
  if (!config.ok) throw new Error(config.errors[0].text)
  const { size, blockLength, writeAlign } = BOARD.flash
  const storage = new MemoryFlash({ blocks: size / blockLength, blockLength, writeAlign })
  const start_ms = trace.start_ms - config.value.meter.localTime.standardOffset_min * 60_000
  return new Session({ config: config.value, start_ms, seed, speed: 0 }, trace, { storage, crypto: hostCrypto })
}

function resident(): number {
  const collect = (globalThis as { gc?: () => void }).gc
  for (let i = 0; i < 3; i++) collect?.()
  return process.memoryUsage().rss
}

export const benches: readonly Bench[] = [
  {
    name: 'virtual.speed',
    unit: 'simulated s/s',
    // The target that the project set itself: one meter, sampled every second, 200,000 times as fast as real time.
    run: async () => {
      const trace = household()
      createSession(trace, 1).run(trace.start_ms + DAY_MS)
      const session = createSession(trace, 2)
      const began_ms = performance.now()
      const simulated_ms = 21 * DAY_MS
      session.run(session.machine.now_ms + simulated_ms)
      return { value: simulated_ms / (performance.now() - began_ms), peer: 200_000 }
    },
  },
  {
    name: 'virtual.memory',
    unit: 'bytes per idle meter',
    isolated: true,
    run: async () => {
      const trace = household()
      const sessions = [createSession(trace, 0)]
      sessions[0].run(sessions[0].machine.now_ms + 900_000)
      const before = resident()
      for (let i = 1; i <= METERS; i++) sessions.push(createSession(trace, i))
      for (const session of sessions) session.run(session.machine.now_ms + 900_000)
      return { value: (resident() - before) / METERS }
    },
  },
]
