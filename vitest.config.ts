import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Folders with the longest files. */
const LONG = ['/test/power/', '/test/soak/', '/test/scenarios/', '/test/xs/']

/** Long files first, so that no core waits for the last one. */
class LongFirst extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => LONG.findIndex((folder) => moduleId.includes(folder)) >>> 0
    return Promise.resolve(files.toSorted((a, b) => rank(a) - rank(b) || (a.moduleId < b.moduleId ? -1 : 1)))
  }
}

/** Modules of the Moddable SDK and our own in C, which only a device has: emulations that behave as their C does. */
const EMULATED: Readonly<Record<string, string>> = {
  crypt: 'crypt',
  ec: 'ec',
  ecp: 'ecp',
  'embedded:implementation/i2csync': 'i2csync',
  'embedded:io/digital': 'digital',
  'embedded:io/socket/listener': 'no-network',
  'embedded:io/socket/tcp': 'no-network',
  'embedded:io/socket/udp': 'no-network',
  'embedded:network/interface/wifi': 'network-interface',
  'embedded:storage/flash': 'flash',
  'embedded:storage/key-value': 'key-value',
  'ferraris/ethernet': 'ethernet',
  'ferraris/firmware': 'firmware',
  'ferraris/pulse-count': 'pulse-count',
  'ferraris/spi': 'spi',
  'ferraris/system': 'system',
  'ferraris/uart': 'uart',
  'mc/config': 'config',
  mont: 'mont',
  time: 'time',
  timer: 'timer',
}

export default defineConfig({
  resolve: {
    alias: Object.entries(EMULATED).map(([find, name]) => ({
      find: new RegExp(`^${find}$`),
      replacement: new URL(`test/support/moddable/${name}.ts`, import.meta.url).pathname,
    })),
  },
  test: {
    include: ['test/**/*.test.ts'],
    // Foreign programs have a run of their own: vitest.peers.config.ts.
    exclude: ['test/peers/**'],
    testTimeout: 120_000,
    // By default one core is left alone; of two that is half.
    maxWorkers: '100%',
    sequence: { sequencer: LongFirst },
    setupFiles: ['test/support/fast-check.ts'],
  },
})
