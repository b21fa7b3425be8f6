/** What `kioku backtest` says of data that are not as they should be: clear words, and the other files go on. */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { uniform } from '../../src/core/random.js';
import { kioku } from '../support/cli.js';

const ROWS = 700;
const FAULT = { from: 500, to: 540 };

const timeOf = (row: number): string =>
  new Date(1_760_000_000_000 + row * 60_000).toISOString().replace('T', ' ').slice(0, 19);
const valueOf = (row: number): string =>
  (60 + 5 * Math.sin(row / 14) + Math.sin(row * 7.3) + (row >= FAULT.from && row < FAULT.to ? 60 : 0)).toFixed(3);

const ALL = Array.from({ length: ROWS }, (_, row) => row);
const line = (row: number): string => `${timeOf(row)},${valueOf(row)}`;
const csv = (rows: readonly string[], header = 'timestamp,value'): string => [header, ...rows, ''].join('\n');
const zoned = (row: number, zone: string): string => `${timeOf(row)}${zone},${valueOf(row)}`;
const shuffled = ALL.toSorted((a, b) => uniform(1, 0, a) - uniform(1, 0, b));

/** A file each; none but `good` is as it should be. */
const FILES: Readonly<Record<string, string | Uint8Array>> = {
  'good.csv': csv(ALL.map(line)),
  'empty-cells.csv': csv(ALL.map((row) => (row % 10 === 3 ? `${timeOf(row)},` : line(row)))),
  'missing-rows.csv': csv(ALL.filter((row) => row < 300 || row > 304).map(line)),
  'ragged.csv': csv(ALL.map((row) => (row === 400 ? `${line(row)},7,8` : row === 410 ? timeOf(row) : line(row)))),
  'decimal-commas.csv': csv(
    ALL.map((row) => `${timeOf(row)};${valueOf(row).replace('.', ',')}`),
    'timestamp;value',
  ),
  'constant.csv': csv(ALL.map((row) => `${timeOf(row)},7`)),
  'constant-beside.csv': csv(
    ALL.map((row) => `${line(row)},7`),
    'timestamp,value,still',
  ),
  'repeated-times.csv': csv(ALL.map((row) => `${timeOf(row - (row % 2))},${valueOf(row)}`)),
  'no-time.csv': csv(ALL.map((row) => (row === 450 ? `soon,${valueOf(row)}` : line(row)))),
  'every-line-ragged.csv': csv(ALL.map((row) => `${line(row)},7`)),
  'mixed-zones.csv': csv(ALL.map((row) => zoned(row, row % 2 === 0 ? '' : '+02:00'))),
  'two-zones.csv': csv(ALL.map((row) => zoned(row, row < 350 ? '+02:00' : '+01:00'))),
  'shorter-than-the-probation.csv': csv(ALL.slice(0, 3).map(line)),
  'short.csv': csv(ALL.slice(0, 150).map(line)),
  'binary.csv': Uint8Array.from({ length: 5000 }, (_, i) => Math.floor(256 * uniform(1, 1, i))),
  'unsorted.csv': csv(shuffled.map(line)),
  'newest-first.csv': csv(ALL.toReversed().map(line)),
  'empty.csv': '',
  'header-only.csv': csv([]),
  'text.csv': csv(ALL.map((row) => `${timeOf(row)},on`)),
};

interface Summary {
  readonly files: readonly {
    readonly file: string;
    readonly rows: number;
    readonly constant: readonly string[];
    readonly alerts: number;
    readonly found: number;
    readonly counters: Readonly<Record<string, number>>;
  }[];
  readonly refused: readonly { readonly file: string; readonly code: string; readonly message: string }[];
}

let folder: string;
const backtest = (...args: string[]) => kioku(['backtest', ...args], { cwd: folder });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kioku-bad-input-'));
  mkdirSync(join(folder, 'data'));
  for (const [name, content] of Object.entries(FILES)) writeFileSync(join(folder, 'data', name), content);
  symlinkSync(join(folder, 'gone'), join(folder, 'data/unreadable.csv'));
  mkdirSync(join(folder, 'data/no-file.csv'));
  mkdirSync(join(folder, 'nothing'));
  writeFileSync(join(folder, 'nothing/readme.txt'), 'no data here\n');
  const window = [timeOf(FAULT.from), timeOf(FAULT.to)];
  // Only of some; those that cannot be judged may be labelled as well.
  const labels = { 'good.csv': [window], 'ragged.csv': [window], 'unreadable.csv': [window], 'binary.csv': [window] };
  writeFileSync(join(folder, 'labels.json'), JSON.stringify(labels));
  writeFileSync(join(folder, 'elsewhere.json'), JSON.stringify({ 'good.csv': [['2031-01-01', '2031-01-02']] }));
  writeFileSync(join(folder, 'others.json'), JSON.stringify({ 'pump.csv': [window] }));
  writeFileSync(join(folder, 'offset.json'), JSON.stringify({ 'good.csv': [window.map((time) => `${time}+02:00`)] }));
  writeFileSync(join(folder, 'ragged-labels.csv'), `start,end\n${window.join(',')}\n${window.join(',')},pump\n`);
  const value = {
    source: { kind: 'mqtt', url: 'mqtt://127.0.0.1', topic: 'x' },
    decide: { warmupSteps: 50 },
    train: { maxEpochs: 2, sequenceLength: 8 },
  };
  writeFileSync(join(folder, 'watch.yaml'), stringify(value));
});
afterAll(() => rm(folder, { recursive: true }));

describe('of a folder of files of which some cannot be judged', () => {
  let summary: Summary;
  let code: number | null;
  beforeAll(async () => {
    const options = ['--labels', 'labels.json', '--config', 'watch.yaml', '--out', 'out'];
    const result = await backtest('data', ...options, '--json');
    code = result.code;
    summary = JSON.parse(result.stdout) as Summary;
  }, 60_000);

  it('the exit code says that some were not judged', () => expect(code).toBe(1));

  it.each([
    ['empty-cells.csv', ROWS, { 'align.filled': 59, 'decode.no-channel': 70 }],
    ['missing-rows.csv', ROWS - 5, { 'align.filled': 5 }],
    ['ragged.csv', ROWS, { 'source.malformed-row': 2, 'align.filled': 2 }],
    ['decimal-commas.csv', ROWS, {}],
    ['constant-beside.csv', ROWS, {}],
    ['repeated-times.csv', ROWS, {}],
    ['no-time.csv', ROWS, { 'source.bad-time': 1, 'align.filled': 1 }],
    ['two-zones.csv', ROWS, { 'align.gap': 1 }],
  ])('%s is judged, the fault is found, what was dropped is counted', (name, rows, counters) => {
    const file = summary.files.find((one) => one.file === name);
    expect([file?.rows, file?.counters]).toEqual([rows, counters]);
    expect(file?.alerts).toBeGreaterThan(0);
    const written = readFileSync(join(folder, 'out', name), 'utf8')
      .trimEnd()
      .split('\n');
    expect(written).toHaveLength(1 + rows);
  });

  it('a column that is constant is judged, and nothing is unusual', () => {
    expect(summary.files.find(({ file }) => file === 'constant.csv')).toMatchObject({ rows: ROWS, alerts: 0 });
  });

  it('a column that is constant is named', () => {
    const constant = summary.files.flatMap((file) => file.constant.map((channel) => [file.file, channel]));
    expect(constant).toEqual([
      ['constant-beside.csv', 'still'],
      ['constant.csv', 'value'],
    ]);
  });

  it('labels of files that can be judged count as if the others were not there', () => {
    const found = summary.files.filter((file) => file.found > 0).map(({ file }) => file);
    expect(found).toEqual(['good.csv', 'ragged.csv']);
  });

  it.each([
    ['every-line-ragged.csv', 'DATA_INVALID', 'is not CSV: its header has 2 cells, line 2 has 3'],
    ['mixed-zones.csv', 'DATA_INVALID', 'some times name their zone and others do not'],
    ['shorter-than-the-probation.csv', 'DATA_TOO_SHORT', 'has 3 rows: too few to learn from a part of them'],
    ['short.csv', 'DATA_TOO_SHORT', 'the first 22 of the 150 rows'],
    ['binary.csv', 'DATA_INVALID', 'is not CSV: it is no text in UTF-8'],
    ['unsorted.csv', 'DATA_INVALID', 'is not in the order of its times: '],
    ['newest-first.csv', 'DATA_INVALID', '699 of 700 rows are earlier than one before them, the first in line 3'],
    ['empty.csv', 'DATA_INVALID', 'is empty'],
    ['header-only.csv', 'DATA_TOO_SHORT', 'has a header line and no rows'],
    ['text.csv', 'DATA_INVALID', 'none of the first 105 rows'],
    ['unreadable.csv', 'DATA_MISSING', 'cannot read '],
  ])('%s is refused, with its name', (name, code, words) => {
    const refused = summary.refused.find(({ file }) => file === name);
    expect(refused?.code).toBe(code);
    expect(refused?.message).toContain(words);
    expect(refused?.message).toContain(name);
  });

  it('each file is judged or refused, in the order of their names', () => {
    const { files, refused } = summary;
    const names = [...Object.keys(FILES), 'unreadable.csv'].toSorted();
    expect([...files, ...refused].map(({ file }) => file).toSorted()).toEqual(names);
    for (const some of [files, refused]) {
      const own = some.map(({ file }) => file);
      expect(own).toEqual(own.toSorted());
    }
  });
});

describe('of an option that does not fit the data', () => {
  it.each([
    [
      'labels that fit no file',
      ['data/good.csv', '--labels', 'others.json'],
      1,
      'others.json labels none of the data files',
    ],
    [
      'labels beside the data',
      ['data/good.csv', '--labels', 'elsewhere.json'],
      1,
      'no row lies in the label 2031-01-01',
    ],
    ['labels in another zone', ['data/good.csv', '--labels', 'offset.json'], 1, 'have a zone, those in'],
    ['labels with a ragged line', ['data/good.csv', '--labels', 'ragged-labels.csv'], 1, 'line 3 has 3 cells, not 2'],
    ['labels that are not there', ['data/good.csv', '--labels', 'none.json'], 1, 'cannot read none.json'],
    ['a folder without CSV', ['nothing'], 1, 'there is no CSV file in nothing'],
    ['a folder for results that is a file', ['data/good.csv', '--out', 'labels.json'], 1, 'cannot write to '],
    ['a folder for results in a file', ['data/good.csv', '--out', 'labels.json/out'], 1, 'cannot write to '],
    ['a folder for results in the data', ['data', '--out', 'data/out'], 2, '--out data/out lies in data'],
    ['results in the place of the data', ['data', '--out', 'data'], 2, '--out data would overwrite'],
    [
      'an unknown baseline',
      ['data', '--baseline', 'best'],
      2,
      'persistence, ewma, windowed-gaussian, holt-winters, all',
    ],
    ['a configuration twice', ['data', '--config', 'watch.yaml', '--config', 'watch.yaml'], 2, 'is given twice'],
  ])('%s is refused before anything is judged', async (_, args, code, words) => {
    const result = await backtest(...args);
    expect([result.code, result.stdout]).toEqual([code, '']);
    expect(result.stderr).toContain(words);
    expect(result.stderr).not.toMatch(/defect|at file:/);
  });

  it('a file that is given twice is judged once', async () => {
    const paths = ['data/good.csv', './data/good.csv', join(folder, 'data/good.csv')];
    const { code, stdout } = await backtest(...paths, '--config', 'watch.yaml', '--json');
    expect(code).toBe(0);
    expect((JSON.parse(stdout) as Summary).files.map(({ file }) => file)).toEqual(['good.csv']);
  });
});

it('a file for which memory does not suffice is refused before it is read into it', async () => {
  const path = join(folder, 'huge.csv');
  writeFileSync(path, csv(Array.from({ length: 60_000 }, (_, row) => `${1_700_000_000 + 60 * row},1`)));
  const small = { cwd: folder, env: { NODE_OPTIONS: '--max-old-space-size=100' } };
  const { code, stderr } = await kioku(['backtest', 'huge.csv', '--config', 'watch.yaml'], small);
  expect(code).toBe(1);
  expect(stderr).toMatch(/huge\.csv is too large: about \d+ MB of memory are needed, \d+ MB are there/);
  expect(stderr).toContain('NODE_OPTIONS=--max-old-space-size=');
});

it('a column that is constant is named in words, with what to do about it', async () => {
  const args = ['data/constant.csv', 'data/constant-beside.csv', '--config', 'watch.yaml'];
  const { code, stdout } = await backtest(...args);
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^the same value in all rows that were learnt: constant-beside\.csv \(still\), constant\.csv \(value\);/m,
  );
  expect(stdout).toContain('noiseFloor');
  expect((await backtest('data/good.csv', '--config', 'watch.yaml')).stdout).not.toContain('the same value');
}, 60_000);
