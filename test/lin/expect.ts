function show(value: unknown): string {
  if (value instanceof Uint8Array) return `[${[...value.subarray(0, 20)].join(' ')}${value.length > 20 ? ` … (${value.length})` : ''}]`
  if (typeof value === 'function') return value.name
  return typeof value === 'bigint' ? `${value}n` : (JSON.stringify(value) ?? String(value))
}

/** As `toEqual`: own enumerable properties; what is undefined counts as absent. */
function equal(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (a instanceof Uint8Array || b instanceof Uint8Array) return bytesEqual(a, b)
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>]
  const keys = new Set([...Object.keys(left), ...Object.keys(right)])
  return [...keys].every((key) => equal(left[key], right[key]))
}

function bytesEqual(a: unknown, b: unknown): boolean {
  return a instanceof Uint8Array && b instanceof Uint8Array && a.length === b.length && a.every((byte, i) => byte === b[i])
}

type ErrorClass = new (...parameters: never[]) => Error

function thrownBy(action: unknown): { readonly error: unknown } | undefined {
  try {
    ;(action as () => void)()
    return undefined
  } catch (error) {
    return { error }
  }
}

class Expectation {
  readonly #value: unknown
  readonly #what: string
  readonly #wanted: boolean

  constructor(value: unknown, what: string, wanted = true) {
    this.#value = value
    this.#what = what
    this.#wanted = wanted
  }

  get not(): Expectation {
    return new Expectation(this.#value, this.#what, !this.#wanted)
  }

  #check(holds: boolean, text: () => string): void {
    if (holds === this.#wanted) return
    const value = typeof this.#value === 'function' ? 'the call' : show(this.#value)
    throw new Error(`${this.#what === '' ? '' : `${this.#what}: `}${value} should ${this.#wanted ? '' : 'not '}${text()}`)
  }

  toBe(other: unknown): void {
    this.#check(Object.is(this.#value, other), () => `be ${show(other)}`)
  }
  toEqual(other: unknown): void {
    this.#check(equal(this.#value, other), () => `equal ${show(other)}`)
  }
  toBeUndefined(): void {
    this.#check(this.#value === undefined, () => 'be undefined')
  }
  toBeGreaterThan(other: number): void {
    this.#check((this.#value as number) > other, () => `be greater than ${other}`)
  }
  toBeGreaterThanOrEqual(other: number): void {
    this.#check((this.#value as number) >= other, () => `be at least ${other}`)
  }
  toBeLessThan(other: number): void {
    this.#check((this.#value as number) < other, () => `be less than ${other}`)
  }
  toBeLessThanOrEqual(other: number): void {
    this.#check((this.#value as number) <= other, () => `be at most ${other}`)
  }
  toHaveLength(length: number): void {
    this.#check((this.#value as { length: number }).length === length, () => `have length ${length}`)
  }
  toMatch(pattern: RegExp): void {
    this.#check(pattern.test(this.#value as string), () => `match ${pattern}`)
  }
  toContain(part: never): void {
    this.#check((this.#value as unknown[]).includes(part), () => `contain ${show(part)}`)
  }
  toThrow(type?: ErrorClass): void {
    const thrown = thrownBy(this.#value)
    const holds = thrown !== undefined && (type === undefined || thrown.error instanceof type)
    this.#check(holds, () => `throw ${type?.name ?? ''}${thrown === undefined ? '' : `, threw ${String(thrown.error)}`}`)
  }
}

export function expect(value: unknown, what = ''): Expectation {
  return new Expectation(value, what)
}
