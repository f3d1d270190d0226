/** What a board's data says about its pins, against what its chip has. Pure. */

/** Properties of a board whose value is a GPIO, and whether the chip drives it. */
const PIN_KEYS: Readonly<Record<string, 'input' | 'output' | 'either'>> = {
  pin: 'either',
  clock: 'output',
  in: 'input',
  out: 'output',
  select: 'output',
  data: 'output',
  transmit: 'output',
  receive: 'input',
  driverEnable: 'output',
  closePin: 'output',
  openPin: 'output',
  signal: 'input',
}

interface Chip {
  /** First and last GPIO of each run that is led out and not wired to the flash. */
  readonly runs: readonly (readonly [number, number])[]
  /** GPIOs without an output driver. */
  readonly inputsOnly?: readonly [number, number]
}

/** Espressif's datasheets, chapter "Pins": GPIOs, those of the SPI flash left out. */
const CHIPS: Readonly<Record<string, Chip>> = {
  esp32: {
    runs: [
      [0, 5],
      [12, 19],
      [21, 23],
      [25, 27],
      [32, 39],
    ],
    inputsOnly: [34, 39],
  },
  esp32c3: {
    runs: [
      [0, 10],
      [18, 21],
    ],
  },
  esp32c6: { runs: [[0, 23]] },
  esp32h2: {
    runs: [
      [0, 14],
      [22, 27],
    ],
  },
  esp32s3: {
    runs: [
      [0, 21],
      [33, 48],
    ],
  },
}

interface Use {
  readonly path: string
  readonly key: string
  readonly pin: number
}

function usesOf(value: unknown, path: string): Use[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, item]) => {
    const inner = path === '' ? key : `${path}.${key}`
    if (typeof item === 'number' && key in PIN_KEYS) return [{ path: inner, key, pin: item }]
    return usesOf(item, inner)
  })
}

const within = (pin: number, [first, last]: readonly [number, number]) => pin >= first && pin <= last

/** What is wrong, one line each. Two parts may share a line of a bus: the same property with the same pin (`data`, `clock`, `in`, `out`). */
export function pinFaults(board: { readonly chip: string }): string[] {
  const chip = CHIPS[board.chip]
  if (chip === undefined) return [`unknown chip ${board.chip}`]
  const faults: string[] = []
  const taken = new Map<number, Use>()
  for (const use of usesOf(board, '')) {
    const { path, key, pin } = use
    if (!chip.runs.some((run) => within(pin, run))) faults.push(`${path}: ${board.chip} has no free GPIO ${pin}`)
    if (chip.inputsOnly !== undefined && PIN_KEYS[key] === 'output' && within(pin, chip.inputsOnly))
      faults.push(`${path}: GPIO ${pin} is an input only`)
    const other = taken.get(pin)
    const shared = other?.key === key && ['clock', 'data', 'in', 'out'].includes(key)
    if (other !== undefined && !shared) faults.push(`${path}: GPIO ${pin} is ${other.path}, too`)
    taken.set(pin, use)
  }
  return faults
}
