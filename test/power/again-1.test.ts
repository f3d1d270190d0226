import { test } from 'vitest'
import { cutAgain, TIMEOUT_MS } from './hour.ts'

test(
  'power lost at every fourth operation of the hour, and again at every operation of the recovery: from operation 0',
  () => cutAgain(0),
  TIMEOUT_MS,
)
