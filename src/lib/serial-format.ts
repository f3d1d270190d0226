/** Format of a serial line, complete. */
export interface SerialFormat {
  readonly baud: number
  readonly bits: 7 | 8
  readonly parity: 'none' | 'even' | 'odd'
  readonly stop: 1 | 2
}

const BAUD_MIN = 50
const BAUD_MAX = 20_000_000

/** The format that options of a Serial ask for. Throws TypeError without a speed, RangeError for what no line can do. */
export function serialFormat(options: {
  readonly baud?: unknown
  readonly bits?: unknown
  readonly parity?: unknown
  readonly stop?: unknown
}): SerialFormat {
  const { baud, bits = 8, parity = 'none', stop = 1 } = options
  if (typeof baud !== 'number') throw new TypeError('baud: number expected')
  if (!Number.isInteger(baud) || baud < BAUD_MIN || baud > BAUD_MAX) throw new RangeError(`baud: ${baud}`)
  if (bits !== 7 && bits !== 8) throw new RangeError(`bits: ${bits}`)
  if (parity !== 'none' && parity !== 'even' && parity !== 'odd') throw new RangeError(`parity: ${parity}`)
  if (stop !== 1 && stop !== 2) throw new RangeError(`stop: ${stop}`)
  return { baud, bits, parity, stop }
}
