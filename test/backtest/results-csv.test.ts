import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeResult } from '../../src/backtest/results-csv.js';
import { fileResult } from './file-result.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kioku-results-'));
});
afterAll(() => rm(folder, { recursive: true }));

const RESULT = fileResult({
  name: 'pumps/old/a.csv',
  texts: ['2026-05-01 10:00:00', '1,5', 'say "when"', ''],
  values: Float64Array.of(20.5, -3, NaN, 1e-7),
  scores: Float64Array.of(NaN, 0.25, 1, NaN),
  alerts: Int32Array.of(2),
});

it('writes a line for every row, where the input is', async () => {
  await writeResult(folder, RESULT);
  expect(readFileSync(join(folder, 'pumps/old/a.csv'), 'utf8')).toBe(
    [
      'timestamp,value,anomaly_score,alert',
      '2026-05-01 10:00:00,20.5,0,0',
      '"1,5",-3,0.25,0',
      '"say ""when""",,1,1',
      ',1e-7,0,0',
      '',
    ].join('\n'),
  );
});

it('says what it cannot write', async () => {
  writeFileSync(join(folder, 'file'), '');
  await expect(writeResult(join(folder, 'file'), RESULT)).rejects.toMatchObject({ code: 'DISK' });
});
