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
  management: 'output',
  managementData: 'output',
  power: 'output',
  clockIn: 'input',
  clockOut: 'output',
}

/** Parts whose `pin` the chip drives, and those that need a pull resistor of the chip. */
const DRIVEN = ['led', 'reset', 'held', 'coil', 'enable']
const PULLED = ['seal', 'button', 'terminalCover', 'meterCover', 'moduleCover']

interface Chip {
  /** First and last GPIO of each run that is led out and not wired to the flash. */
  readonly runs: readonly (readonly [number, number])[]
  /** GPIOs without an output driver and without pull resistors. */
  readonly inputsOnly?: readonly [number, number]
  /** GPIOs whose level at a reset says how the chip starts. */
  readonly strapping: readonly number[]
}

/** Espressif's datasheets, chapter "Pins" and its section "Strapping Pins": GPIOs, those of the SPI flash left out. */
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
    strapping: [0, 2, 5, 12, 15],
  },
  esp32c3: {
    runs: [
      [0, 10],
      [18, 21],
    ],
    strapping: [2, 8, 9],
  },
  esp32c6: { runs: [[0, 23]], strapping: [4, 5, 8, 9, 15] },
  esp32h2: {
    runs: [
      [0, 14],
      [22, 27],
    ],
    strapping: [8, 9, 25],
  },
  esp32s3: {
    runs: [
      [0, 21],
      [33, 48],
    ],
    strapping: [0, 3, 45, 46],
  },
}

/** GPIOs that the Ethernet controller of the ESP32 has and nothing can move (ESP32 datasheet, table "Ethernet MAC"). */
const RMII = [19, 21, 22, 25, 26, 27]

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
    const own = usesOf(item, inner)
    return key === 'ethernet' ? [...own, ...RMII.map((pin) => ({ path: `${inner}.RMII`, key: 'pin', pin }))] : own
  })
}

const within = (pin: number, [first, last]: readonly [number, number]) => pin >= first && pin <= last
const belongsTo = (path: string, parts: readonly string[]) => path.split('.').some((part) => parts.includes(part))

/** What the chip's pin cannot do for its part. */
function unable({ path, key, pin }: Use, { inputsOnly }: Chip): string[] {
  if (inputsOnly === undefined || !within(pin, inputsOnly)) return []
  if (PIN_KEYS[key] === 'output' || belongsTo(path, DRIVEN)) return [`${path}: GPIO ${pin} is an input only`]
  return belongsTo(path, PULLED) ? [`${path}: GPIO ${pin} has no pull resistor`] : []
}

/** What is wrong, one line each. Two parts may share a line of a bus: the same property with the same pin (`data`, `clock`, `in`, `out`). */
export function pinFaults(board: { readonly chip: string }): string[] {
  const chip = CHIPS[board.chip]
  if (chip === undefined) return [`unknown chip ${board.chip}`]
  const faults: string[] = []
  const taken = new Map<number, Use>()
  for (const use of usesOf(board, '')) {
    const { path, key, pin } = use
    if (!chip.runs.some((run) => within(pin, run))) faults.push(`${path}: ${board.chip} has no free GPIO ${pin}`)
    faults.push(...unable(use, chip))
    const other = taken.get(pin)
    const shared = other?.key === key && ['clock', 'data', 'in', 'out'].includes(key)
    if (other !== undefined && !shared) faults.push(`${path}: GPIO ${pin} is ${other.path}, too`)
    taken.set(pin, use)
  }
  return faults
}

/** GPIOs that a board uses, in order; the fixed ones of Ethernet left out. */
export function pinsOf(board: { readonly chip: string }): number[] {
  const pins = usesOf(board, '').filter(({ path }) => !path.endsWith('.RMII'))
  return [...new Set(pins.map(({ pin }) => pin))].sort((a, b) => a - b)
}

/** Those of them that say at a reset how the chip starts. */
export function strappingPinsOf(board: { readonly chip: string }): number[] {
  return pinsOf(board).filter((pin) => CHIPS[board.chip]?.strapping.includes(pin))
}
