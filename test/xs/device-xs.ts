import { FREEZE_BUILT_INS } from '../../src/cli/xs/freeze.ts'
import { XsnapWorker } from '../../src/cli/xs/xsnap-worker.ts'

/** A module as the device gets it. */
export interface DeviceModule {
  /** Path from the root. */
  readonly id: string
  readonly source: string
  /** Specifiers with the ids that they mean. */
  readonly imports: Readonly<Record<string, string>>
}

/**
 * Loads modules one by one through a Compartment, whose globals are those of a device, and does what the linker of the device does to what their bodies made:
 *
 * - functions and classes that are exported, and their prototypes, are frozen;
 * - maps, sets and their weak kin, dates and expressions with a state (g, y) throw when they are changed;
 * - buffers throw in the methods that change them, and are compared later, for an index that is written cannot be caught.
 *
 * Bodies are told apart by a call that each begins with: what an import runs has run by then.
 *
 * Packages of npm stand for what a device has in C (cryptography), so they run beside it, with what they ask for.
 */
const LOADER = `(() => {
  const modules = new Map()
  const namespaces = {}
  const made = []
  let body = ''
  let linking = true
  const kinds = {
    buffer: ['ArrayBuffer', 'Int8Array', 'Uint8Array', 'Uint8ClampedArray', 'Int16Array', 'Uint16Array', 'Int32Array', 'Uint32Array', 'Float32Array',
      'Float64Array', 'BigInt64Array', 'BigUint64Array'],
    other: ['Map', 'Set', 'WeakMap', 'WeakSet', 'Date', 'RegExp', 'DataView'],
  }
  const CHANGES = /^(set|add|delete|clear|fill|copyWithin|sort|reverse|compile)/
  const recorder = (name, kind) => {
    const real = globalThis[name]
    const Recorder = function (...options) {
      const value = Reflect.construct(real, options, new.target === Recorder ? real : new.target)
      if (linking) made.push({ module: body, kind, value })
      return value
    }
    Object.setPrototypeOf(Recorder, real)
    Recorder.prototype = real.prototype
    return Recorder
  }
  const globals = { enter: (id) => { body = id } }
  for (const kind of Object.keys(kinds)) for (const name of kinds[kind]) globals[name] = recorder(name, kind)
  if (globalThis.issueCommand) globals.issueCommand = globalThis.issueCommand
  const resolveHook = (specifier, referrer) => {
    const id = modules.get(referrer)?.imports[specifier]
    if (id === undefined) throw new Error('no module ' + specifier + ' for ' + referrer)
    return id
  }
  const foreign = new Compartment({ globals: { TextEncoder }, resolveHook, loadNowHook: (id) => ({ source: new ModuleSource(modules.get(id).source) }) })
  const isForeign = (id) => id.startsWith('node_modules/')
  const compartment = new Compartment({
    globals,
    resolveHook,
    loadNowHook: (id) =>
      isForeign(id)
        ? { namespace: foreign.importNow(id) }
        : { source: new ModuleSource('enter(' + JSON.stringify(id) + ');' + modules.get(id).source) },
  })
  const { globalThis: inside } = compartment
  for (const name of ['global', 'TypedArray', 'Compartment', 'ModuleSource', 'trace', 'eval']) delete inside[name]

  const sumOf = (value) => {
    const bytes = value instanceof ArrayBuffer ? new Uint8Array(value) : new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    let sum = 1
    for (const byte of bytes) sum = (Math.imul(sum, 31) + byte) | 0
    return sum
  }
  const readOnly = ({ value, module }) => {
    const refuse = () => { throw new TypeError(module + ' made it when it was linked: read-only') }
    for (let holder = value; holder !== Object.prototype; holder = Object.getPrototypeOf(holder)) {
      for (const name of Object.getOwnPropertyNames(holder)) {
        if (CHANGES.test(name) && typeof holder[name] === 'function') Object.defineProperty(value, name, { value: refuse })
      }
    }
  }
  const freezeFunction = (value) => {
    if (typeof value !== 'function') return
    Object.freeze(value)
    if (value.prototype) Object.freeze(value.prototype)
  }
  const reply = (value) => new TextEncoder().encode(JSON.stringify(value ?? null)).buffer

  globalThis.device = {
    compartment,
    namespaces,
    reply,
    define: (module) => { modules.set(module.id, module) },
    link(ids) {
      for (const id of ids) if (!isForeign(id)) namespaces[id] = compartment.importNow(id)
      linking = false
      delete inside.enter
      for (const namespace of Object.values(namespaces)) for (const name of Object.keys(namespace)) freezeFunction(namespace[name])
      for (const one of made) {
        if (one.kind === 'buffer') one.sum = sumOf(one.value)
        readOnly(one)
      }
      for (const names of Object.values(kinds)) for (const name of names) inside[name] = globalThis[name]
    },
    run(id) {
      inside.enter = () => {}
      compartment.importNow(id)
      delete inside.enter
      globalThis.handleCommand = inside.handleCommand
    },
    /** Modules whose buffers were written since. */
    written: () => [...new Set(made.filter((one) => one.kind === 'buffer' && one.sum !== sumOf(one.value)).map((one) => one.module))],
    made: () => made.length,
  }
})()`

/** XS with modules in it as a device has them: each compiled on its own, run once before the application starts, and what they made read-only from then on. */
export class DeviceXs {
  readonly worker = new XsnapWorker()

  /** Runs the bodies of the modules, but that of `main`, which a device runs when it starts. Errors: FerrarisError `XS_EXCEPTION` with what a body throws. */
  async link(modules: readonly DeviceModule[], main?: string): Promise<void> {
    await this.worker.evaluate(FREEZE_BUILT_INS)
    await this.worker.evaluate(LOADER)
    for (const module of modules) await this.worker.evaluate(`device.define(${JSON.stringify(module)})`)
    const linked = modules.map(({ id }) => id).filter((id) => id !== main)
    await this.worker.evaluate(`device.link(${JSON.stringify(linked)})`)
    if (main !== undefined) await this.worker.evaluate(`device.run(${JSON.stringify(main)})`)
  }

  /** JSON value of an expression, in which `device.namespaces` holds what the modules export by their id. */
  async value(expression: string): Promise<unknown> {
    const { bytes } = await this.worker.evaluate(`device.reply(${expression})`)
    return JSON.parse(Buffer.from(bytes).toString('utf8')) as unknown
  }

  /** Ids of the modules whose buffers were written after linking. */
  async written(): Promise<readonly string[]> {
    return (await this.value('device.written()')) as readonly string[]
  }

  close(): Promise<void> {
    return this.worker.close()
  }
}
