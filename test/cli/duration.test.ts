import { expect, it } from 'vitest';
import { parseDuration } from '../../src/cli/duration.js';

it.each([
  ['30s', 30_000],
  ['5m', 300_000],
  ['1h', 3_600_000],
  ['1.5h', 5_400_000],
  ['250ms', 250],
  ['2 days', 172_800_000],
])('reads %s', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

it.each(['30', '', 's', '-5s', '0s', '5 parsecs', '1e3s', '5s5s'])('refuses %j', (text) => {
  expect(() => parseDuration(text)).toThrow(/30s, 5m or 1h/);
});
