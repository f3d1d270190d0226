import type { Crypto } from '../hal/api/crypto.ts'
import type { Bytes } from '../hal/api/io.ts'

const METHODS = ['digest', 'seal', 'open', 'encryptBlocks', 'decryptBlocks', 'cmac'] as const
type Method = (typeof METHODS)[number]

/** One call: the method, then each argument behind its length. */
function encode(method: Method, values: readonly Bytes[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(values.reduce((length, value) => length + 2 + value.length, 1))
  bytes[0] = METHODS.indexOf(method)
  let at = 1
  for (const value of values) {
    bytes[at] = value.length >> 8
    bytes[at + 1] = value.length
    bytes.set(value, at + 2)
    at += 2 + value.length
  }
  return bytes
}

/**
 * Cryptography that costs the engine next to nothing, as on a device, where it is native: the host computes it. Only what a meter needs while it measures and
 * talks.
 */
export function nativeCrypto(ask: (request: ArrayBuffer) => ArrayBuffer): Crypto {
  const call = (method: Method, ...values: readonly Bytes[]) => new Uint8Array(ask(encode(method, values).buffer))
  const unused = (): never => {
    throw new Error('not used')
  }
  return Object.freeze({
    digest: (name: string, data: Bytes) => (name === 'SHA256' ? call('digest', data) : unused()),
    hash: () => {
      let pieces = new Uint8Array(0)
      return {
        update: (data: Bytes) => {
          const longer = new Uint8Array(pieces.length + data.length)
          longer.set(pieces)
          longer.set(data, pieces.length)
          pieces = longer
        },
        digest: () => call('digest', pieces),
      }
    },
    seal: (key: Bytes, nonce: Bytes, plaintext: Bytes, additional: Bytes) => call('seal', key, nonce, plaintext, additional),
    open: (key: Bytes, nonce: Bytes, sealed: Bytes, additional: Bytes) => {
      const opened = call('open', key, nonce, sealed, additional)
      return opened[0] === 1 ? opened.slice(1) : undefined
    },
    encryptBlocks: (key: Bytes, blocks: Bytes) => call('encryptBlocks', key, blocks),
    decryptBlocks: (key: Bytes, blocks: Bytes) => call('decryptBlocks', key, blocks),
    cmac: (key: Bytes, data: Bytes) => call('cmac', key, data),
    verify: unused,
  })
}

/** The host's side: answers a request with what `crypto` says. */
export function answerCrypto(crypto: Crypto, request: Uint8Array): Uint8Array {
  const values: Uint8Array[] = []
  for (let at = 1; at < request.length; ) {
    const length = (request[at] << 8) | request[at + 1]
    values.push(request.slice(at + 2, at + 2 + length))
    at += 2 + length
  }
  const [a, b, c, d] = values
  const method = METHODS[request[0]]
  if (method === 'digest') return crypto.digest('SHA256', a)
  if (method === 'seal') return crypto.seal(a, b, c, d)
  if (method === 'open') {
    const opened = crypto.open(a, b, c, d)
    return opened === undefined ? Uint8Array.of(0) : Uint8Array.of(1, ...opened)
  }
  return crypto[method](a, b)
}
