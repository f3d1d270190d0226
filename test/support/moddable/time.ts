import { machine } from './machine.ts'

/** `time`: ticks of 32 bits. The time of day is that of `Date`, which a test sets. */
export default {
  get ticks(): number {
    return Math.floor(machine().scheduler.now_us / 1000) | 0
  },
  set(_seconds: number): void {},
}
