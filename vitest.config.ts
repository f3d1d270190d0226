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

export default defineConfig({
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
