import { describe, expect, it } from 'vitest';
import { labelColumnsOf, spansOfRows } from '../../src/backtest/label-columns.js';
import type { Table } from '../../src/backtest/table.js';

const table = (columns: readonly string[], ...rows: readonly (readonly string[])[]): Table => ({
  columns,
  rows: rows.map((cells, i) => ({ cells, line: i + 2 })),
});

describe('labelColumnsOf', () => {
  it('reads a mark for every row, the changepoints only where there are some', () => {
    const outliers = labelColumnsOf(table(['time', 'anomaly'], ['2026-05-01', '0.0'], ['2026-05-02', '1.0']), 'a.csv');
    expect(outliers).toEqual({ anomaly: Uint8Array.of(0, 1), changepoint: undefined });
    const both = labelColumnsOf(table(['Changepoint', 'Anomaly'], ['1', '0'], ['0', '1']), 'a.csv');
    expect(both).toEqual({ anomaly: Uint8Array.of(0, 1), changepoint: Uint8Array.of(1, 0) });
  });

  it('says when a file has no labels', () => {
    expect(labelColumnsOf(table(['time', 'value'], ['2026-05-01', '3']), 'a.csv')).toBeUndefined();
  });

  it.each([
    [
      'a label that is none',
      table(['anomaly'], ['0'], ['2']),
      `a.csv, line 3: '2' in column 'anomaly' is neither 0 nor 1`,
    ],
    ['an empty label', table(['anomaly'], ['']), `a.csv, line 2: '' in column 'anomaly' is neither 0 nor 1`],
    ['a changepoint in words', table(['anomaly', 'Changepoint'], ['0', 'yes']), `'yes' in column 'Changepoint'`],
  ])('refuses %s', (_, given, message) => {
    expect(() => labelColumnsOf(given, 'a.csv')).toThrow(
      expect.objectContaining({ code: 'LABELS', message: expect.stringContaining(message) as string }),
    );
  });
});

describe('spansOfRows', () => {
  it('joins marked rows that follow each other', () => {
    const timesUs = [0, 1, 2, 3, 4, 5, 6].map((second) => second * 1e6);
    expect(spansOfRows([1, 1, 0, 1, 0, 1, 1], timesUs)).toEqual([
      { fromUs: 0, toUs: 1e6 },
      { fromUs: 3e6, toUs: 3e6 },
      { fromUs: 5e6, toUs: 6e6 },
    ]);
    expect(spansOfRows([], [])).toEqual([]);
  });

  it('passes over rows without a time', () => {
    const timesUs = [NaN, 1e6, NaN, 3e6, NaN];
    expect(spansOfRows([1, 1, 0, 1, 1], timesUs)).toEqual([{ fromUs: 1e6, toUs: 3e6 }]);
  });
});
