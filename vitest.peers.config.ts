import { defineConfig } from 'vitest/config'

/** Programs that others wrote, against this meter. One after the other: they share ports and the machine. */
export default defineConfig({
  test: {
    include: ['test/peers/**/*.test.ts'],
    fileParallelism: false,
    passWithNoTests: true,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
})
