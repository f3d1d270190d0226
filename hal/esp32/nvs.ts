import storage, { type Domain } from 'embedded:storage/key-value'

/** Of this project. */
const DOMAIN = 'ferraris'

function withDomain<T>(use: (domain: Domain) => T): T {
  const domain = storage.open({ path: DOMAIN, format: 'buffer' })
  try {
    return use(domain)
  } finally {
    domain.close()
  }
}

/** What is stored in NVS under a key; undefined when nothing is. */
export function readNvs(key: string): Uint8Array | undefined {
  const found = withDomain((domain) => domain.read(key))
  return found && new Uint8Array(found)
}

/** Stores, or deletes with undefined. Throws what NVS throws when it is full. */
export function writeNvs(key: string, value: Uint8Array | undefined): void {
  withDomain((domain) => (value === undefined ? domain.delete(key) : domain.write(key, value)))
}
