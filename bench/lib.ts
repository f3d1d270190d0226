import { crc32 } from '../src/lib/crc.ts'
import { toHex } from '../src/lib/hex.ts'
import { SeededRandom } from '../src/lib/random.ts'
import { type Bench, rate } from './harness.ts'

const BYTES = 4096

function sample(): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(BYTES)
  new SeededRandom(1).fill(bytes)
  return bytes
}

/** Megabytes per second of a function over the sample. */
function throughput(work: (bytes: Uint8Array) => unknown): number {
  const bytes = sample()
  let kept: unknown
  const perSecond = rate(() => {
    kept = work(bytes)
    return BYTES
  })
  if (kept === undefined) throw new Error('the work gave nothing')
  return perSecond / 1e6
}

export const benches: Bench[] = [
  {
    name: 'lib.hex.encode',
    unit: 'MB/s',
    async run() {
      return { value: throughput(toHex), peer: throughput((bytes) => Buffer.from(bytes.buffer).toString('hex')) }
    },
  },
  {
    name: 'lib.crc32',
    unit: 'MB/s',
    async run() {
      return { value: throughput((bytes) => crc32(bytes)) }
    },
  },
]
