import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { ROOT } from './support/build.js';

/** Runs a file of test/fixtures/skips under the reporter. */
function runFixture(
  name: string,
  failOnSkip: boolean,
): { readonly code: number | null; readonly lines: readonly string[] } {
  const result = spawnSync(
    process.execPath,
    [`${ROOT}node_modules/vitest/vitest.mjs`, 'run', '--config', `${ROOT}test/fixtures/skips/vitest.config.ts`],
    {
      cwd: ROOT,
      encoding: 'utf8',
      env: { ...process.env, SKIP_FIXTURE: name, KIOKU_FAIL_ON_SKIP: failOnSkip ? '1' : '' },
    },
  );
  return { code: result.status, lines: result.stdout.trimEnd().split('\n') };
}

it.each([
  ['excused', true, 0, '1 passed, 0 failed, 1 skipped'],
  ['unexcused', true, 1, '1 passed, 0 failed, 1 skipped'],
  ['unexcused', false, 0, '1 passed, 0 failed, 1 skipped'],
  ['failing', false, 1, '1 passed, 1 failed, 0 skipped'],
])('a run with a test that is %s (failing on skips: %s) ends with code %d', (name, failOnSkip, code, totals) => {
  const result = runFixture(name, failOnSkip);
  expect(result).toMatchObject({ code });
  expect(result.lines.at(-1)).toBe(totals);
});

it('names the skipped test and its reason', () => {
  expect(runFixture('unexcused', true).lines).toContain(
    'skipped: unexcused.fixture.ts > wants a program: needs mosquitto: apt-get install mosquitto',
  );
});
