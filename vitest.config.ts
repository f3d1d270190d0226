import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Foreign programs have a run of their own: vitest.peers.config.ts.
    exclude: ['test/peers/**'],
    testTimeout: 120_000,
    setupFiles: ['test/support/fast-check.ts'],
  },
})
