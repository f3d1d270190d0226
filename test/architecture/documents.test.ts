import { describe, expect, test } from 'vitest'
import { linksIn, namesOf, scriptsIn, tableRows } from './documents.ts'
import { exists, filesBelow, foldersIn, textOf } from './repository.ts'

interface Package {
  readonly scripts: Record<string, string>
  readonly dependencies?: Record<string, string>
  readonly optionalDependencies?: Record<string, string>
  readonly devDependencies?: Record<string, string>
}
const manifest: Package = JSON.parse(textOf('package.json'))
const documents = filesBelow('.').filter((path) => path.endsWith('.md'))

describe('every part has a row in the table beside it', () => {
  test.each([
    ['src/protocols', 'src/protocols/README.md'],
    ['src/drivers/metering', 'src/drivers/README.md'],
    ['boards', 'boards/README.md'],
  ])('%s in %s', (folder, document) => {
    const names = namesOf(tableRows(textOf(document))).map((name) => name.toLowerCase())
    const missing = foldersIn(folder).filter((name) => !names.includes(name) && !names.includes(`metering/${name}`))
    expect(missing, `${document} has no row for`).toEqual([])
  })
})

describe('what a document promises exists', () => {
  test.each(documents)('%s', (path) => {
    const markdown = textOf(path)
    expect(scriptsIn(markdown).filter((name) => manifest.scripts[name] === undefined)).toEqual([])
    expect(linksIn(markdown, path).filter((target) => !exists(target))).toEqual([])
  })
})

test('every dependency is listed with its reason and its licence', () => {
  const rows = tableRows(textOf('CONTRIBUTING.md'), '## Dependencies')
  const used = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies, ...manifest.devDependencies })
  expect(namesOf(rows).sort()).toEqual(used.sort())
  for (const [cell, reason, licence] of rows) {
    expect(reason.length, cell).toBeGreaterThan(10)
    const installed = textOf(`node_modules/${namesOf([[cell]])[0]}/package.json`)
    // An optional dependency may be missing; what is there must say the same.
    if (installed !== '') expect(licence, cell).toBe(JSON.parse(installed).license)
  }
})

describe('the checks themselves', () => {
  const table = '# A\n\n| name | what |\n|---|---|\n| `a/` | x |\n| [b](b.md) | y |\n\n## B\n| name |\n|:--|\n| c |\n'

  test('read tables', () => {
    expect(namesOf(tableRows(table))).toEqual(['a', 'b', 'c'])
    expect(tableRows(table, '## B')).toEqual([['c']])
    expect(tableRows(table, '## C')).toEqual([])
  })

  test('find commands and links', () => {
    expect(scriptsIn('`npm run check`, npm ci && npm start\nnpm run bench -- x')).toEqual(['check', 'bench', 'start'])
    const text = '[a](b.md#c) [w](https://example.org) [h](#here) ![p](../p.png "title") `[no](no.md)` <img src="i.png">'
    expect(linksIn(text, 'docs/x.md')).toEqual(['docs/b.md', 'p.png', 'docs/i.png'])
  })
})
