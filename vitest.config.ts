import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Foreign programs have a run of their own: vitest.peers.config.ts.
    exclude: ['test/peers/**'],
    testTimeout: 120_000,
    // By default one core is left alone; of two that is half.
    maxWorkers: '100%',
    setupFiles: ['test/support/fast-check.ts'],
  },
})
