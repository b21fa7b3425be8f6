import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/build.ts'],
    reporters: ['default', './test/support/skip-reporter.ts'],
    testTimeout: 30_000,
    // Two cores: more workers than cores only make the timing of real processes worse.
    maxWorkers: 2,
    retry: 0,
  },
});
