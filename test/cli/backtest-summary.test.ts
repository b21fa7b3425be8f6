import { expect, it } from 'vitest';
import { nabTable } from '../../src/cli/backtest-summary.js';

const scores = { standard: 0, lowFP: 0, lowFN: 0 };
const best = { ...scores, threshold: 0.3, thresholds: { standard: 0.3, lowFP: 0.4, lowFN: 0.25 }, single: scores };

it('a threshold that nothing reaches is none', () => {
  const thresholds = { standard: Infinity, lowFP: Infinity, lowFN: 0.5 };
  const rows = { ...best, threshold: Infinity, thresholds };
  const [, cells] = nabTable({ configured: { ...scores, threshold: 0.3 }, best }, rows);
  expect(cells.at(-1)).toEqual([
    'rows, threshold that is best for these files',
    '0.0 (none)',
    '0.0 (none)',
    '0.0 (0.5)',
  ]);
});
