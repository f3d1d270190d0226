import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { FREEZE_BUILT_INS } from '../src/cli/xs/freeze.ts'
import { type Meter, type WorkerOptions, XsnapWorker } from '../src/cli/xs/xsnap-worker.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
/** Byte codes that an ESP32 runs in a second, within a factor of two. */
const ESP32_PER_S = 4_000_000

/** Estimated time of byte codes on an ESP32, in microseconds. */
export const esp32_us = (compute: number): number => (compute / ESP32_PER_S) * 1e6

/** Bundles a guest of this folder and gives its source. */
export function bundle(name: string, root = ROOT): string {
  const output = `build/xs-bench/${name}.js`
  execFileSync(process.execPath, ['scripts/build-xs.mjs', `bench/${name}.ts`, output], { cwd: root })
  return readFileSync(`${root}/${output}`, 'utf8')
}

/** Firmware inside XS whose commands are a letter for the work and a count; what they cost is counted. */
export class XsGuest {
  readonly #worker: XsnapWorker

  constructor(options: Pick<WorkerOptions, 'onQuery'> = {}) {
    this.#worker = new XsnapWorker(options)
  }

  /** An engine with frozen built-ins and nothing else. */
  async freeze(): Promise<void> {
    await this.#worker.evaluate(FREEZE_BUILT_INS)
  }

  async load(source: string): Promise<void> {
    await this.#worker.evaluate(source)
  }

  async run(name: string, count = 0): Promise<Meter> {
    const { meter } = await this.#worker.issueCommand(Uint8Array.of(name.charCodeAt(0), count >> 8, count & 0xff))
    return meter
  }

  /** Byte codes of one of `count` pieces of work. */
  async compute(name: string, count: number): Promise<number> {
    const idle = await this.run('n', 0)
    const busy = await this.run(name, count)
    return (busy.compute - idle.compute) / count
  }

  /** Slots in use after the garbage collector has run. */
  async slots(): Promise<number> {
    const { meter } = await this.#worker.evaluate('gc()')
    return meter.currentHeapCount
  }

  close(): Promise<void> {
    return this.#worker.close()
  }
}
