/** The little of Vitest that the suites of `test/contract` use, for engines that have no Node: one test after the other, in the order they are written. */
import { expect } from './expect.ts'

export { expect }

type Action = () => void | Promise<void>
type EachAction = (...values: never[]) => void | Promise<void>

interface Suite {
  readonly name: string
  readonly parent: Suite | undefined
  readonly before: Action[]
  readonly after: Action[]
}

interface Test {
  readonly name: string
  readonly suite: Suite
  readonly action: Action
}

/** What was described since the last run. */
class Registry {
  suite: Suite = { name: '', parent: undefined, before: [], after: [] }
  readonly tests: Test[] = []
}

const registry = new Registry()

export function describe(name: string, body: () => void): void {
  const parent = registry.suite
  registry.suite = { name: parent.name === '' ? name : `${parent.name} > ${name}`, parent, before: [], after: [] }
  body()
  registry.suite = parent
}

export function beforeEach(action: Action): void {
  registry.suite.before.push(action)
}

export function afterEach(action: Action): void {
  registry.suite.after.push(action)
}

function add(name: string, action: Action): void {
  registry.tests.push({ name: `${registry.suite.name}: ${name}`, suite: registry.suite, action })
}

/** `%s` and `%i` stand for the values one after the other, `$name` for a field of the first. */
function titled(name: string, values: readonly unknown[]): string {
  let index = 0
  const plain = name.replace(/%[si]/g, () => String(values[index++]))
  return plain.replace(/\$(\w+)/g, (_, field: string) => String((values[0] as Record<string, unknown>)[field]))
}

function each(rows: readonly unknown[]): (name: string, action: EachAction) => void {
  return (name, action) => {
    for (const row of rows) {
      const values = Array.isArray(row) ? row : [row]
      add(titled(name, values), () => action(...(values as never[])))
    }
  }
}

const never = (): void => {}
export const test = Object.assign(add, { each, runIf: (condition: unknown) => (condition ? add : never) })

/** From the outermost suite to the innermost. */
function chainOf(suite: Suite): Suite[] {
  return suite.parent === undefined ? [suite] : [...chainOf(suite.parent), suite]
}

async function runTest({ suite, action }: Test): Promise<void> {
  const chain = chainOf(suite)
  for (const { before } of chain) for (const step of before) await step()
  try {
    await action()
  } finally {
    for (const { after } of chain.reverse()) for (const step of after) await step()
  }
}

export interface Outcome {
  readonly name: string
  /** Why it failed. */
  readonly reason: string | undefined
}

/** Runs the tests whose names contain `pattern`; tells each outcome. */
export async function run(pattern: string, onOutcome: (outcome: Outcome) => void): Promise<void> {
  for (const each of registry.tests.splice(0)) {
    if (!each.name.includes(pattern)) continue
    let reason: string | undefined
    try {
      await runTest(each)
    } catch (error) {
      reason = error instanceof Error ? `${error.message}\n${error.stack ?? ''}` : String(error)
    }
    onOutcome({ name: each.name, reason })
  }
}
