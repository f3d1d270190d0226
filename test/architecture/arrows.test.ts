import { posix } from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkImports, checkProjects, checkReferences, type Files, type Project, parseArrows, specifiersOf } from './arrows.ts'
import { exists, projects, sources, textOf } from './repository.ts'

describe('this repository', () => {
  const rows = parseArrows(textOf('README.md'))
  const files = sources()
  const all = projects()

  test('the table names rooms, and each room once', () => {
    const names = rows.map((row) => row.room)
    expect(new Set(names).size).toBe(names.length)
    // A room may be announced before it is built; what a row allows must be a room of the table, a path or a package.
    const dependencies = Object.values<unknown>(JSON.parse(textOf('package.json'))).flatMap((part) => Object.keys(Object(part)))
    const unknown = rows
      .flatMap((row) => row.allowed)
      .filter(
        (name) =>
          !['everything', 'node:*', 'moddable:*'].includes(name) && !names.includes(name) && !exists(name) && !dependencies.includes(name),
      )
    expect(unknown).toEqual([])
  })

  test('every import is in the row of its room', () => {
    expect(files.size).toBeGreaterThan(0)
    expect(checkImports(rows, files)).toEqual([])
  })

  test('every reference of a project is in the row of its room', () => {
    expect(checkProjects(rows, all)).toEqual([])
  })

  test('every import between projects has its reference', () => {
    expect(checkReferences(all, files)).toEqual([])
  })

  test('every project is built: tsconfig.json of the root lists all', () => {
    const root: { references: { path: string }[] } = JSON.parse(textOf('tsconfig.json'))
    const listed = root.references.map((reference) => posix.normalize(reference.path)).sort()
    const built = all.filter((project) => !project.bundled).map((project) => project.folder)
    expect(listed).toEqual(built.sort())
  })
})

describe('the checker finds', () => {
  const rows = parseArrows(
    [
      '| layer | may import | runs on |',
      '|---|---|---|',
      '| `hal/api`, `src/lib` | nothing | everywhere |',
      '| `hal/host` | `hal/api`, `src/lib`, `node:*` | Node |',
      '| `hal/portable` | `hal/api`, `@noble/hashes` | any engine |',
      '| `hal/esp32` | `hal/api`, `moddable:*` | device |',
      '| `src/core` | `src/lib`, `hal/api` | device |',
      '| `src/drivers/*/*` | `src/lib`, `hal/api` | device |',
      '| `src/protocols/*` | `src/lib`, `hal/api/crypto.ts` | device |',
      '| `src/meter` | `src/core`, `src/protocols`, `src/lib` | device |',
      '| `src/meter/page` | `preact` | browser |',
      '| `src/cli` | everything | Node |',
      '| `test` | everything | Node |',
    ].join('\n'),
  )
  const imports = (file: string, specifier: string) => checkImports(rows, new Map([[file, `import { x } from '${specifier}'`]]))

  test.each([
    ['src/core/a.ts', '../world/b.ts', 'does not allow'],
    ['src/core/a.ts', '../meter/app.ts', 'does not allow'],
    ['src/core/a.ts', '../../test/b.ts', 'does not allow'],
    ['src/core/a.ts', '../../../b.ts', 'does not allow'],
    ['src/core/a.ts', 'node:fs', 'package'],
    ['src/core/a.ts', 'fs', 'package'],
    ['src/core/a.ts', 'timer', 'package'],
    ['src/core/a.ts', 'embedded:io/spi', 'package'],
    ['test/a.test.ts', 'embedded:io/spi', 'package'],
    ['hal/esp32/a.ts', 'node:fs', 'package'],
    ['hal/esp32/a.ts', 'mqtt', 'package'],
    ['src/core/a.ts', 'src/lib/b.ts', 'package'],
    ['src/core/a.ts', './b', 'ends in .ts'],
    ['src/lib/a.ts', '../core/b.ts', 'does not allow'],
    ['src/lib/a.ts', '../../hal/api/b.ts', 'does not allow'],
    ['src/corex/a.ts', '../lib/b.ts', 'no row'],
    ['src/meter/a.ts', 'preact', 'package'],
    ['src/meter/page/a.ts', '../../core/b.ts', 'does not allow'],
    ['hal/portable/a.ts', '@noble/hashes-of-another', 'package'],
    ['src/protocols/dlms/a.ts', '../http/b.ts', 'sideways'],
    ['src/protocols/dlms/a.ts', '../../../hal/api/io.ts', 'does not allow'],
    ['src/protocols/protocol.ts', './dlms/b.ts', 'must not know'],
    ['src/drivers/metering/x/a.ts', '../y/b.ts', 'sideways'],
    ['src/drivers/metering/x/a.ts', '../../radio/x/b.ts', 'sideways'],
    ['src/cli/a.ts', '../../test/b.ts', 'does not allow'],
    ['src/cli/a.ts', 'preact', 'package'],
  ])('%s importing %s', (file, specifier, fault) => {
    const faults = imports(file, specifier)
    expect(faults.length).toBe(1)
    expect(faults[0]).toContain(file)
    expect(faults[0]).toContain(fault)
    if (fault !== 'no row') expect(faults[0]).toMatch(/\n {2}\| `/)
  })

  test.each([
    ['src/core/a.ts', '../lib/b.ts'],
    ['src/core/clock/a.ts', '../storage/b.ts'],
    ['hal/host/a.ts', 'node:fs/promises'],
    ['hal/portable/a.ts', '@noble/hashes/sha2.js'],
    ['src/protocols/dlms/cosem/a.ts', '../b.ts'],
    ['src/protocols/dlms/a.ts', '../protocol.ts'],
    ['src/protocols/dlms/a.ts', '../../../hal/api/crypto.ts'],
    ['src/drivers/metering/x/a.ts', '../driver.ts'],
    ['src/meter/a.ts', '../protocols/dlms/b.ts'],
    ['src/meter/page/a.ts', 'preact/hooks'],
    ['src/cli/a.ts', '../meter/b.ts'],
    ['src/cli/a.ts', 'node:fs'],
  ])('nothing wrong with %s importing %s', (file, specifier) => {
    expect(imports(file, specifier)).toEqual([])
  })

  test('references that the table does not allow, or that are missing', () => {
    const project = (folder: string, references: string[], node = false): Project => ({ folder, references, node, bundled: false })
    expect(checkProjects(rows, [project('src/core', ['src/lib', 'hal/api'])])).toEqual([])
    expect(checkProjects(rows, [project('src/protocols', ['hal/api'])])).toEqual([])
    expect(checkProjects(rows, [project('src/core', ['src/meter'])])[0]).toContain('src/core/tsconfig.json references src/meter')
    expect(checkProjects(rows, [project('src/core', [], true)])[0]).toContain('types of Node are not allowed')
    expect(checkProjects(rows, [project('hal/host', [])])[0]).toContain('types of Node are missing')
    expect(checkProjects(rows, [project('src/gateway', [])])[0]).toContain('no row')
    const files: Files = new Map([['src/core/a.ts', "import '../lib/b.ts'"]])
    const lib = project('src/lib', [])
    expect(checkReferences([project('src/core', ['src/lib']), lib], files)).toEqual([])
    expect(checkReferences([project('src/core', []), lib], files)[0]).toContain('has no reference to src/lib')
    expect(checkReferences([lib], files)[0]).toContain('no tsconfig.json compiles it')
  })

  test('a README without the table', () => {
    expect(() => parseArrows('# Title')).toThrow('no table')
  })
})

describe('the scanner', () => {
  test('finds every way to import', () => {
    const source = [
      "import a from './a.ts'",
      'import type { B } from "./b.ts"',
      "import {\n  c,\n  type D,\n} from './c.ts'",
      "import './d.ts'",
      "export * from './e.ts'",
      "export type { F } from './f.ts'",
      "const g = await import('./g.ts')",
      "type H = import('./h.ts').H",
      "import i from'./i.ts'",
    ].join('\n')
    expect(specifiersOf(source)).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'].map((name) => `./${name}.ts`))
  })

  test('ignores comments, strings and what only looks alike', () => {
    const source = [
      "// import './a.ts'",
      "/* import './b.ts' */",
      '/**\n * import x from "./c.ts"\n */',
      'const text = "import \'./d.ts\'"',
      "const more = `export * from './e.ts'`",
      "Array.from('./f.ts')",
      "list.from './g.ts'",
      "const path = 'it\\'s' // from './h.ts'",
      "const transform = { from: './i.ts' }",
      "import './last.ts'",
    ].join('\n')
    expect(specifiersOf(source)).toEqual(['./last.ts'])
  })
})
