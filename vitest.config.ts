import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import LongestFirst from './test/support/longest-first.js';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/build.ts'],
    reporters: ['default', './test/support/skip-reporter.ts'],
    // Against what never ends, nothing else: on a machine that others use as well, everything takes ten times as long.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 20_000 } },
    // Two cores: more workers than cores only make the timing of real processes worse.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    retry: 0,
    // What tests prove about models is not remembered for the user.
    env: { XDG_CACHE_HOME: join(tmpdir(), 'kioku-test-cache') },
  },
});
