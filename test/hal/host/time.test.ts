import { createHostClock, createHostTimer } from '../../../hal/host/time.ts'
import { timeContract } from '../../contract/time.ts'
import { pause } from '../../contract/until.ts'

timeContract('host', () => ({ timer: createHostTimer(), clock: createHostClock(), advance: (ms) => pause(ms + 5) }))
