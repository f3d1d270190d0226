import { posix } from 'node:path'

/**
 * The wall between the rooms: compares the arrow table of the README, the references of the TypeScript projects and every import.
 * Pure: takes texts by path, so that it can be shown a bad import.
 */

/** One row of the table for one room. */
export interface Row {
  /** `src/core`; `src/protocols` for a row that reads `src/protocols/*`. */
  readonly room: string
  /** Count of `*`: how many folders below the room separate its parts from each other. 0: the room is one part. */
  readonly depth: number
  /** Rooms, folders or files by path; packages by name; `node:*`, `moddable:*`; `everything`. */
  readonly allowed: readonly string[]
  /** The row as written, for messages. */
  readonly text: string
}

export interface Project {
  /** Folder of the tsconfig.json. */
  readonly folder: string
  /** Folders that it references. */
  readonly references: readonly string[]
  /** It sees the types of Node. */
  readonly node: boolean
  /** It only checks what a bundler builds: not part of the build of the root, and without references. */
  readonly bundled: boolean
}

export type Files = ReadonlyMap<string, string>

/** Reads the table `layer | may import | runs on`. Names stand in backquotes; other words are for people. */
export function parseArrows(markdown: string): Row[] {
  const lines = markdown.split('\n')
  const head = lines.findIndex((line) => /^\|\s*layer\s*\|\s*may import\s*\|\s*runs on\s*\|/.test(line))
  if (head < 0) throw new Error('README.md has no table "layer | may import | runs on"')
  const rows: Row[] = []
  for (let i = head + 2; lines[i]?.startsWith('|'); i++) {
    const [, layers, allowed] = lines[i].split('|')
    for (const layer of quoted(layers)) {
      const room = layer.replace(/(\/\*)+$/, '')
      rows.push({ room, depth: (layer.length - room.length) / 2, allowed: allowedOf(allowed), text: lines[i] })
    }
  }
  return rows
}

function quoted(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1])
}

function allowedOf(cell: string): string[] {
  return /\beverything\b/.test(cell) ? ['everything', ...quoted(cell)] : quoted(cell)
}

const TOKEN = new RegExp(
  [
    String.raw`\/\/[^\n]*`,
    String.raw`\/\*[\s\S]*?\*\/`,
    // An import, an export … from, an import() or a type import: the only places where these words stand before a string.
    String.raw`(?<![.\w$])(?:from|import\s*\(?)\s*(?:'([^'\n]*)'|"([^"\n]*)")`,
    String.raw`'(?:\\.|[^'\\\n])*'`,
    String.raw`"(?:\\.|[^"\\\n])*"`,
    '`(?:\\\\.|[^`\\\\])*`',
  ].join('|'),
  'g',
)

/** What a source imports, in the order of the text; not what its comments and strings mention. */
export function specifiersOf(source: string): string[] {
  return [...source.matchAll(TOKEN)].map((match) => match[1] ?? match[2]).filter((specifier) => specifier !== undefined)
}

function inside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`)
}

/** The most special row for a file or folder. */
function rowOf(rows: readonly Row[], path: string): Row | undefined {
  let best: Row | undefined
  for (const row of rows) if (inside(path, row.room) && row.room.length > (best?.room.length ?? 0)) best = row
  return best
}

/** The part of its room that a file belongs to: `dlms` in `src/protocols/*`. Empty for what stands above the parts and serves all. */
function partOf(row: Row, path: string): string {
  const folders = posix.dirname(path).slice(row.room.length + 1)
  const names = folders === '' || folders === '.' ? [] : folders.split('/')
  return names.length < row.depth ? '' : names.slice(0, row.depth).join('/')
}

function isPackage(specifier: string): boolean {
  return !specifier.startsWith('.')
}

/** Modules of the Moddable SDK and our own in C beside it, which nothing but a row with `moddable:*` may import. */
const SDK_MODULES: readonly string[] = ['crypt', 'ec', 'ecp', 'mc/config', 'mont', 'time', 'timer']

function isOfSdk(specifier: string): boolean {
  return specifier.startsWith('embedded:') || specifier.startsWith('ferraris/') || SDK_MODULES.includes(specifier)
}

function packageAllowed(row: Row, specifier: string): boolean {
  if (isOfSdk(specifier)) return row.allowed.includes('moddable:*')
  if (specifier.startsWith('node:')) return row.allowed.includes('node:*') || row.allowed.includes('everything')
  return row.allowed.some((name) => !/^(hal|src|boards)\//.test(name) && inside(specifier, name))
}

function pathAllowed(rows: readonly Row[], row: Row, target: string): boolean {
  if (row.allowed.some((name) => inside(target, name))) return true
  // Tests and benchmarks have rows too, but nothing is built on them.
  const goal = rowOf(rows, target)
  return row.allowed.includes('everything') && goal !== undefined && /^(hal|src|boards)\//.test(goal.room)
}

/** What is wrong with one import, as the end of a sentence; undefined when it is allowed. */
function faultOf(rows: readonly Row[], row: Row, file: string, specifier: string): string | undefined {
  if (isPackage(specifier)) return packageAllowed(row, specifier) ? undefined : 'the package is not in its row'
  if (!specifier.endsWith('.ts')) return 'a relative import ends in .ts'
  const target = posix.join(posix.dirname(file), specifier)
  if (rowOf(rows, target) !== row) return pathAllowed(rows, row, target) ? undefined : 'its row does not allow it'
  const [from, to] = [partOf(row, file), partOf(row, target)]
  if (to !== '' && from !== to) return from === '' ? 'what all parts share must not know one of them' : 'nothing sideways'
  return undefined
}

/** Every import against the table. */
export function checkImports(rows: readonly Row[], files: Files): string[] {
  const faults: string[] = []
  for (const [file, source] of files) {
    const row = rowOf(rows, file)
    if (row === undefined) {
      faults.push(`${file}: no row of the arrow table names this room`)
      continue
    }
    for (const specifier of specifiersOf(source)) {
      const fault = faultOf(rows, row, file, specifier)
      if (fault !== undefined) faults.push(`${file} imports ${specifier}: ${fault}\n  ${row.text}`)
    }
  }
  return faults
}

/** The project that compiles a file: the nearest tsconfig.json above it. */
function projectOf(projects: readonly Project[], path: string): Project | undefined {
  let best: Project | undefined
  for (const project of projects) if (inside(path, project.folder) && project.folder.length > (best?.folder.length ?? 0)) best = project
  return best
}

/** Every reference and every project's view of Node against the table. */
export function checkProjects(rows: readonly Row[], projects: readonly Project[]): string[] {
  const faults: string[] = []
  for (const project of projects) {
    const row = rowOf(rows, project.folder)
    if (row === undefined) {
      faults.push(`${project.folder}/tsconfig.json: no row of the arrow table names this room`)
      continue
    }
    const node = row.allowed.includes('node:*') || row.allowed.includes('everything')
    if (project.node !== node)
      faults.push(`${project.folder}/tsconfig.json: types of Node ${node ? 'are missing' : 'are not allowed'}\n  ${row.text}`)
    for (const reference of project.references) {
      // A row may allow single folders of another room; the reference is then to the whole.
      const allowed = pathAllowed(rows, row, reference) || row.allowed.some((name) => inside(name, reference))
      if (!allowed) faults.push(`${project.folder}/tsconfig.json references ${reference}: its row does not allow it\n  ${row.text}`)
    }
  }
  return faults
}

/** Every import that leaves its project against the references: what is used is declared. */
export function checkReferences(projects: readonly Project[], files: Files): string[] {
  const faults: string[] = []
  for (const [file, source] of files) {
    const own = projectOf(projects, file)
    if (own === undefined) {
      faults.push(`${file}: no tsconfig.json compiles it`)
      continue
    }
    for (const specifier of own.bundled ? [] : specifiersOf(source)) {
      if (isPackage(specifier)) continue
      const goal = projectOf(projects, posix.join(posix.dirname(file), specifier))
      if (goal === own || (goal !== undefined && own.references.includes(goal.folder))) continue
      faults.push(
        `${file} imports ${specifier}: ${own.folder}/tsconfig.json has no reference to ${goal?.folder ?? 'a project that holds it'}`,
      )
    }
  }
  return faults
}
