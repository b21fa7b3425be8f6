import { describe, expect, it } from 'vitest';
import { rowTimes } from '../../src/backtest/history.js';
import type { Table } from '../../src/backtest/table.js';

const table = (column: string, ...times: readonly string[]): Table => ({
  columns: ['x', column],
  rows: times.map((time, i) => ({ cells: ['1', time], line: i + 2 })),
});

const MIDNIGHT_US = Date.UTC(2026, 4, 1) * 1000;

describe('rowTimes', () => {
  it('reads the usual columns, in whatever form, and keeps what is written', () => {
    const { texts, timesUs, zones } = rowTimes(
      table('Timestamp', '2026-05-01 00:00:00', 'later', '1777593600'),
      'a.csv',
    );
    expect(texts).toEqual(['2026-05-01 00:00:00', 'later', '1777593600']);
    expect([...timesUs]).toEqual([MIDNIGHT_US, NaN, MIDNIGHT_US]);
    expect([...zones]).toEqual(['absent']);
  });

  it('takes the column and the format that are configured', () => {
    const { timesUs } = rowTimes(table('at', '1777593600000'), 'a.csv', { field: 'at', format: 'ms' });
    expect([...timesUs]).toEqual([MIDNIGHT_US]);
  });

  it('takes summer and winter time as they are', () => {
    const { timesUs } = rowTimes(table('time', '2026-05-01T02:00:00+02:00', '2026-05-01T01:00:00+01:00'), 'a.csv');
    expect([...timesUs]).toEqual([MIDNIGHT_US, MIDNIGHT_US]);
  });

  it.each([
    [
      'times with a zone beside times without',
      table('time', '2026-05-01T02:00:00+02:00', '2026-05-01T02:10:00'),
      'zone',
    ],
    ['a table without times', table('when', 'soon', 'later'), 'time'],
  ])('refuses %s', (_, given, word) => {
    expect(() => rowTimes(given, 'a.csv')).toThrow(
      expect.objectContaining({ code: 'DATA_INVALID', message: expect.stringContaining(word) as string }),
    );
  });
});
