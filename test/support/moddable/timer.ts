import { WorldTimer } from '../../../src/world/time.ts'
import { machine } from './machine.ts'

const timer = () => new WorldTimer(machine().scheduler)

/** `timer`, as `modules/base/timer` behaves: without a delay soon, but never from inside `set`. */
export default {
  set: (callback: () => void, delay_ms = 0, repeat_ms?: number): object => timer().set(callback, delay_ms, repeat_ms),
  clear: (handle: object): void => timer().clear(handle),
  delay: (duration_ms: number): void => machine().run(1000 * duration_ms),
}
