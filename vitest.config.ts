import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
    // What tests prove about models is not remembered for the user.
    env: { XDG_CACHE_HOME: join(tmpdir(), 'kioku-test-cache') },
  },
});
