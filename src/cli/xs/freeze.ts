/**
 * Script that freezes the built-ins of an engine as the linker of the device does, so that code which only works with changeable built-ins fails here and not
 * first on a device. Evaluate it before the bundle.
 *
 * The linker (`xsl` with "strip") freezes the namespaces and every prototype, and marks every property of every function, and of the prototypes of all
 * constructors, as not writable; the global object stays open. `String.prototype.normalize` is there, but throws. Names that are missing in an engine are skipped.
 */
export const FREEZE_BUILT_INS = `(() => {
  const names = ['Object', 'Function', 'Array', 'ArrayBuffer', 'BigInt', 'Boolean', 'DataView', 'Date', 'Error', 'AggregateError',
    'EvalError', 'RangeError', 'ReferenceError', 'SyntaxError', 'TypeError', 'URIError', 'Float32Array', 'Float64Array', 'Int8Array',
    'Int16Array', 'Int32Array', 'Uint8Array', 'Uint8ClampedArray', 'Uint16Array', 'Uint32Array', 'BigInt64Array', 'BigUint64Array',
    'Map', 'Number', 'Promise', 'Proxy', 'RegExp', 'Set', 'String', 'Symbol', 'WeakMap', 'WeakRef', 'WeakSet', 'FinalizationRegistry',
    'Atomics', 'JSON', 'Math', 'Reflect', 'SharedArrayBuffer', 'Compartment', 'ModuleSource', 'decodeURI', 'decodeURIComponent', 'encodeURI',
    'encodeURIComponent', 'escape', 'unescape', 'isFinite', 'isNaN', 'parseFloat', 'parseInt', 'eval']
  String.prototype.normalize = { normalize() { throw new RangeError('not built-in') } }.normalize
  const seen = new Set()
  const freeze = (value) => {
    if (value === null || (typeof value !== 'object' && typeof value !== 'function') || seen.has(value)) return
    seen.add(value)
    Object.freeze(value)
    freeze(Object.getPrototypeOf(value))
    for (const key of Reflect.ownKeys(value)) {
      const property = Object.getOwnPropertyDescriptor(value, key)
      if (property !== undefined && 'value' in property) freeze(property.value)
      else if (property !== undefined) { freeze(property.get); freeze(property.set) }
    }
  }
  for (const name of names) if (name in globalThis) freeze(globalThis[name])
  // Prototypes that no global names: iterators, generators and asynchronous functions.
  freeze(Object.getPrototypeOf([][Symbol.iterator]()))
  freeze(Object.getPrototypeOf(new Map()[Symbol.iterator]()))
  freeze(Object.getPrototypeOf(new Set()[Symbol.iterator]()))
  freeze(Object.getPrototypeOf(''[Symbol.iterator]()))
  freeze(Object.getPrototypeOf(''.matchAll(/a/g)))
  freeze(Object.getPrototypeOf((function () { return arguments })()))
  freeze(Object.getPrototypeOf(function* () {}))
  freeze(Object.getPrototypeOf(async function () {}))
  freeze(Object.getPrototypeOf(async function* () {}))
})()`
