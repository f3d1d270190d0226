/** Gives a whole number of a range; RangeError, with its `name`, for anything else. */
export function within(name: string, value: number, low: number, high: number): number {
  if (!(Number.isInteger(value) && value >= low && value <= high)) throw new RangeError(`${name} must be ${low} to ${high}`)
  return value
}
