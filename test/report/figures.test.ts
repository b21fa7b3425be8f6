import { expect, it } from 'vitest';
import { alike, duration, figure, moment } from '../../src/report/figures.js';

it('writes figures with three digits', () => {
  expect([0, 12.345, -0.00123456, 1234.5, 1.5e7, 2e-9].map(figure)).toEqual([
    '0',
    '12.3',
    '-0.00123',
    '1230',
    '1.5e+7',
    '2e-9',
  ]);
  expect([null, undefined, NaN].map(figure)).toEqual(['–', '–', '–']);
});

it('writes what is compared alike, so that rounding does not look like a value', () => {
  expect(alike([-4.55e-8, 0.873])).toEqual(['0', '0.873']);
  expect(alike([4.125, 1.3061])).toEqual(['4.13', '1.31']);
  expect(alike([123_456, 2])).toEqual(['123000', '2']);
  expect(alike([0, 0])).toEqual(['0', '0']);
});

it('writes durations in the largest unit of which there are two', () => {
  expect([0.5, 90, 7199, 7200, 172_800, 864_000].map(duration)).toEqual([
    '0.5 s',
    '90 s',
    '120 min',
    '2 h',
    '2 d',
    '10 d',
  ]);
  expect(moment(1_760_000_000_123_456)).toBe('2025-10-09 08:53:20');
});
