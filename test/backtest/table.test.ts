import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readTable } from '../../src/backtest/table.js';

describe('readTable', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'kioku-table-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const file = (text: string): string => {
    const path = join(folder, 'data.csv');
    writeFileSync(path, text);
    return path;
  };

  it.each([
    ['commas', 'time,value\n2026-05-01,3\n\n2026-05-02,\n'],
    ['semicolons and CRLF', 'time;value\r\n2026-05-01;3\r\n\r\n2026-05-02;\r\n'],
    ['tabs and a byte order mark', '\uFEFFtime\tvalue\n2026-05-01\t 3 \n\n2026-05-02\t'],
  ])('reads a table with %s; empty lines are no rows, but count as lines', async (_, text) => {
    expect(await readTable(file(text))).toEqual({
      columns: ['time', 'value'],
      rows: [
        { cells: ['2026-05-01', '3'], line: 2 },
        { cells: ['2026-05-02', ''], line: 4 },
      ],
    });
  });

  it('keeps a decimal comma and quoted delimiters in their cells', async () => {
    const { rows } = await readTable(file('time;value;note\n2026-05-01;3,5;"a;b"\n'));
    expect(rows[0].cells).toEqual(['2026-05-01', '3,5', 'a;b']);
  });

  it.each([
    ['rows of unequal length', 'time,value\n2026-05-01,0,7\n', 'line 2'],
    ['a quote that never ends', 'time,value\n"2026-05-01,0\n', 'is not CSV'],
    ['an empty file', '', 'is empty'],
  ])('refuses %s', async (_, text, message) => {
    await expect(readTable(file(text))).rejects.toMatchObject({
      code: 'DATA_INVALID',
      message: expect.stringContaining(message) as string,
    });
  });

  it('says when there is no such file', async () => {
    await expect(readTable(join(folder, 'absent.csv'))).rejects.toMatchObject({ code: 'DATA_MISSING' });
  });
});
