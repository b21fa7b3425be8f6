import { createRequire } from 'node:module';
import { expect, it } from 'vitest';
import { messageOf, requireMessageOf } from '../../src/core/errors.js';

function missing(): unknown {
  try {
    return createRequire(import.meta.url)('kioku-has-no-such-package');
  } catch (error) {
    return error;
  }
}

it('what is not installed is said in one line', () => {
  expect(messageOf(missing())).toContain('\n');
  expect(requireMessageOf(missing())).toBe("Cannot find module 'kioku-has-no-such-package'");
});
