import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { backtest, type FileOutcome } from '../../src/backtest/backtest.js';
import { findDataFiles, type BacktestFile } from '../../src/backtest/data-files.js';
import { DEFAULT_RUNTIME, type RuntimeOptions } from '../../src/core/runtime.js';

const SETTING = {
  title: 'test',
  baselines: [],
  value: { train: { maxEpochs: 1 } },
  file: '/nowhere/test.yaml',
  learnRows: 200,
  thresholds: [],
};

let folder: string;
let files: BacktestFile[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kioku-backtest-'));
  const rows = Array.from({ length: 300 }, (_, s) => `${1_700_000_000 + s},${Math.sin(s / 9).toFixed(4)}`);
  for (const name of ['a', 'b', 'c']) writeFileSync(join(folder, `${name}.csv`), `time,x\n${rows.join('\n')}\n`);
  writeFileSync(join(folder, 'b.csv'), 'time,x\n1700000000,1\n');
  files = await findDataFiles([folder]);
});
afterAll(() => rm(folder, { recursive: true }));

function run(
  runtime: RuntimeOptions,
  onOutcome: (outcome: FileOutcome) => void,
  signal = new AbortController().signal,
) {
  const known = files.map((file) => ({ file, rows: file.name === 'b.csv' ? 1 : 300, known: { faults: undefined } }));
  return backtest(known, { settings: [{ ...SETTING, runtime }], signal, onOutcome });
}

it('judges each file by itself; one that cannot be judged keeps nobody from the others', async () => {
  const seen: string[] = [];
  const outcomes = await run(DEFAULT_RUNTIME, ({ file }) => void seen.push(file.name));
  expect(seen.toSorted()).toEqual(['a.csv', 'b.csv', 'c.csv']);
  expect(outcomes.map(({ file }) => file.name)).toEqual(['a.csv', 'b.csv', 'c.csv']);
  const [a, b, c] = outcomes;
  expect(b).toMatchObject({ error: { code: 'DATA_TOO_SHORT' } });
  if (!('result' in a) || !('result' in c)) throw new Error('a and c were not judged');
  expect(a.result.scores).toEqual(c.result.scores);
});

it('ends when it shall, and gives no results', async () => {
  const stopping = new AbortController();
  const stopped = run(DEFAULT_RUNTIME, () => stopping.abort(), stopping.signal);
  await expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
});

it('says why no thread can work', async () => {
  const runtime: RuntimeOptions = { ...DEFAULT_RUNTIME, engine: 'native', library: join(folder, 'none.so') };
  await expect(run(runtime, () => {})).rejects.toMatchObject({ code: 'PLATFORM' });
});
