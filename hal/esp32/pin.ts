/** Highest number of a pin on any ESP32 (ESP32-P4: 54); the port refuses those that a chip lacks. */
const PIN_MAX = 54

/** Throws TypeError for what is no number, RangeError for what is no pin. */
export function checkPin(name: string, pin: unknown): number {
  if (typeof pin !== 'number') throw new TypeError(`${name}: pin expected`)
  if (!Number.isInteger(pin) || pin < 0 || pin > PIN_MAX) throw new RangeError(`${name}: found pin ${pin}`)
  return pin
}
