import { test } from 'vitest'
import { cutAgain, TIMEOUT_MS } from './hour.ts'

test(
  'power lost at every fourth operation of the hour, and again at every operation of the recovery: from operation 3',
  () => cutAgain(3),
  TIMEOUT_MS,
)
