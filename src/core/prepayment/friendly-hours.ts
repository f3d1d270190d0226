const DAY_H = 24

/** Local hours in which nobody loses his supply because his credit is used up. */
export interface FriendlyHours {
  /** Full hours of local time; a period over midnight is allowed, and `from_h` equal to `to_h` is none. */
  readonly from_h: number
  readonly to_h: number
  /** Saturday and Sunday belong to it as a whole. */
  readonly weekend: boolean
}

/** `weekday`: 1 is Monday, 7 Sunday. */
export function isFriendly({ from_h, to_h, weekend }: FriendlyHours, hour: number, weekday: number): boolean {
  if (weekend && weekday >= 6) return true
  return (hour - from_h + DAY_H) % DAY_H < (to_h - from_h + DAY_H) % DAY_H
}
