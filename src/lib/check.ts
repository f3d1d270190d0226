/** Checks of options objects and arguments, made before a resource is taken (ECMA-419 section 9: RangeError or TypeError). */

export function checkCallbacks(options: object, names: readonly string[]): void {
  if (options === null || typeof options !== 'object') throw new TypeError('options object expected')
  for (const name of names) {
    const callback: unknown = (options as Record<string, unknown>)[name]
    if (callback !== undefined && typeof callback !== 'function') throw new TypeError(`${name}: function expected`)
  }
}

export function checkPort(port: unknown, lowest: 0 | 1): number {
  if (typeof port !== 'number') throw new TypeError('port: number expected')
  if (!Number.isInteger(port) || port < lowest || port > 65535) throw new RangeError(`port: ${port} is not in ${lowest}..65535`)
  return port
}

export function checkAddress(address: unknown): void {
  if (typeof address !== 'string' || address === '') throw new TypeError('address: text expected')
}

/**
 * Options of a TCP: either the address and port of a peer, or a connection of a Listener of the same network (an instance of `Handle`)
 * that no TCP has taken yet. Gives the connection.
 */
export function checkTCPOptions<Handle extends { readonly taken: boolean }>(
  options: { readonly from?: unknown; readonly address?: unknown; readonly port?: unknown },
  Handle: new (...parameters: never[]) => Handle,
): Handle | undefined {
  checkCallbacks(options, ['onReadable', 'onWritable', 'onError'])
  const { from, address, port } = options
  if (from === undefined) {
    checkAddress(address)
    checkPort(port, 1)
    return undefined
  }
  if (address !== undefined || port !== undefined) throw new TypeError('either `from` or `address` and `port`, not both')
  if (!(from instanceof Handle)) throw new TypeError('from: connection of a Listener expected')
  if (from.taken) throw new TypeError('from: this connection is already taken')
  return from
}

export function checkBytes(buffer: unknown): asserts buffer is Uint8Array {
  if (!(buffer instanceof Uint8Array)) throw new TypeError('Uint8Array expected')
}

export function closedError(what: string): Error {
  return new Error(`${what} is closed`)
}
