import { parseSync } from 'oxc-parser'

/** A place that would fail on a device although it runs on Node, and in XS before its linker has frozen everything. */
export interface Violation {
  readonly line: number
  readonly rule: Rule
  readonly text: string
}

/** What each rule is about; the reasons stand in docs/engines.md. */
export const RULES = {
  'error-name': 'name and message of an error are read-only in its frozen prototype: use a class field',
  'object-method': 'the methods of Object.prototype are read-only: use a method of a class or of a literal',
  'monkey-patch': 'built-ins, classes and functions are read-only once they are linked',
  'module-buffer': 'what a module body creates lies in flash and is read-only: create it in a constructor',
  'module-state': 'no mutable state at module level',
  'regexp-property': 'property escapes and the v flag are not built in',
  normalize: 'String.prototype.normalize is not built in',
  'missing-global': 'no such global on a device',
  library: 'newer than ES2022: missing in XS 13',
} as const
export type Rule = keyof typeof RULES

interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [key: string]: unknown
}

const BUFFERS = new Set(
  'ArrayBuffer DataView Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array Float32Array Float64Array BigInt64Array BigUint64Array'.split(
    ' ',
  ),
)
const COLLECTIONS = new Set(['Map', 'Set', 'WeakMap', 'WeakSet'])
const GLOBALS = new Set([
  ...BUFFERS,
  ...COLLECTIONS,
  ...'AggregateError Array Atomics BigInt Boolean Date Error EvalError FinalizationRegistry Function JSON Math Number Object Promise Proxy'.split(
    ' ',
  ),
  ...'RangeError ReferenceError Reflect RegExp SharedArrayBuffer String Symbol SyntaxError TypeError URIError WeakRef'.split(' '),
  ...'decodeURI decodeURIComponent encodeURI encodeURIComponent isFinite isNaN parseFloat parseInt'.split(' '),
  ...'globalThis Infinity NaN undefined arguments eval trace'.split(' '),
  // A function in C that the SDK links in. The type checker knows it only where it is declared.
  'native',
])
const OBJECT_METHODS = new Set(
  'toString toLocaleString valueOf constructor hasOwnProperty isPrototypeOf propertyIsEnumerable __proto__'.split(' '),
)
const BUFFER_WRITES = new Set(
  'set fill copyWithin sort reverse setInt8 setUint8 setInt16 setUint16 setInt32 setUint32 setFloat32 setFloat64 setBigInt64 setBigUint64'.split(
    ' ',
  ),
)
const COLLECTION_WRITES = new Set(['set', 'add', 'delete', 'clear'])
const PATCHERS = new Set(['defineProperty', 'defineProperties', 'assign', 'setPrototypeOf'])
/** Unlike `with` or `union` these are names that nobody else has. */
const NEWER = new Set(
  'toSorted toReversed toSpliced groupBy fromAsync withResolvers isWellFormed toWellFormed symmetricDifference isSubsetOf isSupersetOf isDisjointFrom toBase64 fromBase64 setFromBase64 setFromHex'.split(
    ' ',
  ),
)

/** Parts of a node that only the type checker reads. */
const TYPE_KEYS = new Set(['typeAnnotation', 'returnType', 'typeParameters', 'typeArguments', 'superTypeArguments', 'implements'])
const TYPED_EXPRESSIONS = new Set(['TSAsExpression', 'TSNonNullExpression', 'TSSatisfiesExpression'])

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && typeof (value as Node).type === 'string'

function childrenOf(node: Node): Node[] {
  const children: Node[] = []
  for (const [key, value] of Object.entries(node)) {
    if (TYPE_KEYS.has(key)) continue
    for (const child of Array.isArray(value) ? value : [value]) {
      if (isNode(child) && (!child.type.startsWith('TS') || TYPED_EXPRESSIONS.has(child.type))) children.push(child)
    }
  }
  return children
}

function walk(node: Node, visit: (node: Node, above: readonly Node[]) => void, above: readonly Node[] = []): void {
  visit(node, above)
  const inside = [...above, node]
  for (const child of childrenOf(node)) walk(child, visit, inside)
}

/** An expression without what only the type checker reads. */
function bare(node: Node): Node {
  return TYPED_EXPRESSIONS.has(node.type) || node.type === 'ParenthesizedExpression' ? bare(node.expression as Node) : node
}

const isFunction = (node: Node): boolean => /Function(Declaration|Expression)$|^ArrowFunctionExpression$/.test(node.type)
const isClass = (node: Node): boolean => node.type === 'ClassDeclaration' || node.type === 'ClassExpression'
const classOf = (above: readonly Node[]): Node | undefined => above[above.map(isClass).lastIndexOf(true)]
const nameOf = (node: unknown): string => (isNode(node) && typeof node.name === 'string' ? node.name : '')

/** Name of the property that an expression reads or writes; empty for one that is computed at run time. */
function propertyOf(node: Node): string {
  if (node.type !== 'MemberExpression') return ''
  const property = node.property as Node
  if (node.computed !== true) return nameOf(property)
  return property.type === 'Literal' && typeof property.value === 'string' ? property.value : ''
}

function rootOf(node: Node): Node {
  const inner = bare(node)
  return inner.type === 'MemberExpression' ? rootOf(inner.object as Node) : inner
}

/** Names that a pattern, a declaration or an import brings into the file, in whatever scope. */
function bound(node: Node): string[] {
  if (node.type === 'Identifier') return [nameOf(node)]
  if (node.type === 'MemberExpression') return []
  if (node.type === 'AssignmentPattern') return bound(node.left as Node)
  if (node.type === 'Property') return bound(node.value as Node)
  return childrenOf(node).flatMap(bound)
}

function declared(node: Node): string[] {
  if (node.type === 'VariableDeclarator') return bound(node.id as Node)
  if (node.type === 'CatchClause') return isNode(node.param) ? bound(node.param) : []
  if (/^Import.*Specifier$/.test(node.type)) return [nameOf(node.local)]
  const own = isFunction(node) || isClass(node) ? [nameOf(node.id)] : []
  return isFunction(node) ? [...own, ...(node.params as Node[]).flatMap(bound)] : own
}

/** True where a module body runs: outside of functions, static fields and static blocks included. */
function runsAtLinking(above: readonly Node[]): boolean {
  return !above.some((node) => isFunction(node) || (node.type === 'PropertyDefinition' && node.static !== true))
}

/** Checks one file. */
class Check {
  readonly violations: Violation[] = []
  readonly #source: string
  /** How often each name is declared in the file. */
  readonly #declared = new Map<string, number>()
  /** Classes and functions of the module. */
  readonly #linked = new Set<string>()
  /** Expressions, as text, that name something the module body created. */
  readonly #buffers = new Set<string>()
  readonly #collections = new Set<string>()

  constructor(source: string, program: Node) {
    this.#source = source
    walk(program, (node, above) => this.#collect(node, above))
    walk(program, (node, above) => this.#visit(node, above))
  }

  #text(node: Node): string {
    return this.#source.slice(node.start, node.end)
  }

  #found(rule: Rule, node: Node): void {
    const line = this.#source.slice(0, node.start).split('\n').length
    this.violations.push({ line, rule, text: this.#text(node).split('\n')[0] })
  }

  #collect(node: Node, above: readonly Node[]): void {
    for (const name of declared(node)) this.#declared.set(name, (this.#declared.get(name) ?? 0) + 1)
    if (!runsAtLinking(above)) return
    if (isClass(node) || node.type === 'FunctionDeclaration') this.#linked.add(nameOf(node.id))
    if (node.type === 'VariableDeclarator' && isNode(node.init)) this.#created(this.#text(node.id as Node).split(':')[0], node.init)
    if (node.type === 'PropertyDefinition' && node.static === true && isNode(node.value)) {
      const owner = nameOf(classOf(above)?.id)
      this.#created(`${owner}.${this.#text(node.key as Node)}`, node.value)
      this.#created(`this.${this.#text(node.key as Node)}`, node.value)
    }
  }

  /** Remembers what an initialiser that runs at linking creates. */
  #created(name: string, init: Node): void {
    const value = bare(init)
    if (value.type !== 'NewExpression' && value.type !== 'CallExpression') return
    const callee = bare(value.callee as Node)
    const type = nameOf(rootOf(callee))
    if (BUFFERS.has(type)) this.#buffers.add(name)
    if (COLLECTIONS.has(type) && value.type === 'NewExpression') this.#collections.add(name)
  }

  #visit(node: Node, above: readonly Node[]): void {
    if (node.type === 'AssignmentExpression') this.#written(bare(node.left as Node), above)
    else if (node.type === 'UpdateExpression') this.#written(bare(node.argument as Node), above)
    else if (node.type === 'UnaryExpression' && node.operator === 'delete') this.#written(bare(node.argument as Node), above)
    else if (node.type === 'CallExpression') this.#called(node, above)
    else if (node.type === 'VariableDeclaration') this.#declaration(node, above)
    else if (node.type === 'Literal') this.#literal(node, above)
    else if (node.type === 'NewExpression') this.#constructed(node)
    else if (node.type === 'Identifier') this.#identifier(node, above)
    else if (node.type === 'MemberExpression') this.#member(node)
  }

  #written(target: Node, above: readonly Node[]): void {
    if (target.type !== 'MemberExpression') return
    const name = propertyOf(target)
    const object = bare(target.object as Node)
    if (OBJECT_METHODS.has(name)) this.#found('object-method', target)
    else if ((name === 'name' || name === 'message') && this.#mayBeError(object, above)) this.#found('error-name', target)
    if (this.#isLinked(object)) this.#found('monkey-patch', target)
    if (this.#buffers.has(this.#text(object)) && !runsAtLinking(above)) this.#found('module-buffer', target)
  }

  /** An own class is known; whatever else has a `name` or a `message` is taken for an error. */
  #mayBeError(object: Node, above: readonly Node[]): boolean {
    if (object.type !== 'ThisExpression') return true
    return nameOf(classOf(above)?.superClass).endsWith('Error')
  }

  /** A built-in, a class or a function of this module, or the prototype of whatever it is. */
  #isLinked(object: Node): boolean {
    if (propertyOf(object) === 'prototype') return true
    const name = nameOf(object)
    const count = this.#declared.get(name) ?? 0
    // A name that is declared twice may be a variable here.
    if (count > 0) return count === 1 && this.#linked.has(name)
    return GLOBALS.has(name) && name !== 'globalThis' && name !== 'arguments'
  }

  #called(node: Node, above: readonly Node[]): void {
    const callee = bare(node.callee as Node)
    const method = propertyOf(callee)
    if (method === '') return
    const object = bare(callee.object as Node)
    const [first] = node.arguments as Node[]
    if (method === 'normalize') this.#found('normalize', callee)
    if (PATCHERS.has(method) && ['Object', 'Reflect'].includes(nameOf(object)) && first !== undefined && this.#isLinked(bare(first))) {
      this.#found('monkey-patch', node)
    }
    // What the body itself writes, it writes before the linker looks.
    if (runsAtLinking(above)) return
    if (BUFFER_WRITES.has(method) && this.#buffers.has(this.#text(object))) this.#found('module-buffer', node)
    if (COLLECTION_WRITES.has(method) && this.#collections.has(this.#text(object))) this.#found('module-buffer', node)
  }

  #declaration(node: Node, above: readonly Node[]): void {
    const top = above.every(({ type }) => type === 'Program' || type.startsWith('Export'))
    if (top && node.kind !== 'const' && node.declare !== true) this.#found('module-state', node)
  }

  #literal(node: Node, above: readonly Node[]): void {
    const regex = node.regex as { pattern: string; flags: string } | undefined
    if (regex === undefined || regex === null) return
    if (/\\p\{/i.test(regex.pattern) || regex.flags.includes('v')) this.#found('regexp-property', node)
    // Each match writes lastIndex.
    if (/[gy]/.test(regex.flags) && runsAtLinking(above) && above.at(-1)?.type === 'VariableDeclarator') this.#found('module-buffer', node)
  }

  #constructed(node: Node): void {
    const [pattern] = node.arguments as Node[]
    if (nameOf(node.callee) === 'RegExp' && pattern !== undefined && /\\\\?p\{/i.test(this.#text(pattern)))
      this.#found('regexp-property', node)
  }

  #identifier(node: Node, above: readonly Node[]): void {
    const parent = above.at(-1)
    if (parent === undefined || GLOBALS.has(nameOf(node)) || this.#declared.has(nameOf(node))) return
    const isKey = (parent.property === node || parent.key === node) && parent.computed !== true
    const named = /^(Import|Export).*Specifier$|^ExportAllDeclaration$|^LabeledStatement$|^(Break|Continue)Statement$|^MetaProperty$/.test(
      parent.type,
    )
    if (!isKey && !named) this.#found('missing-global', node)
  }

  #member(node: Node): void {
    const name = propertyOf(node)
    if (NEWER.has(name)) this.#found('library', node)
    const object = bare(node.object as Node)
    // What is not a name of the language is one of ours, such as the handler that a guest installs.
    if (nameOf(object) === 'globalThis' && NODE_OR_DOM.has(name)) this.#found('missing-global', node)
  }
}

const NODE_OR_DOM = new Set(
  'console setTimeout setInterval clearTimeout setImmediate queueMicrotask structuredClone performance crypto process Buffer URL fetch Intl TextEncoder TextDecoder'.split(
    ' ',
  ),
)

/** The places in the source of a module of the device that break a rule. */
export function checkDeviceRules(path: string, source: string): readonly Violation[] {
  const { program, errors } = parseSync(path, source)
  if (errors.length > 0) throw new Error(`${path}: ${errors[0].message}`)
  return new Check(source, program as unknown as Node).violations
}
