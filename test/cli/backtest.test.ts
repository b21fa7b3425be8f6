/** `kioku backtest` as a user calls it. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { kioku } from '../support/cli.js';

const ROWS = 900;
const FAULT = { from: 700, to: 760 };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kioku-cli-backtest-'));
  for (const [name, seed] of [
    ['data/north/a.csv', 1],
    ['data/south/a.csv', 2],
  ] as const) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    const rows = Array.from({ length: ROWS }, (_, row) => `${timeOf(row)},${valueOf(row, seed)}`);
    writeFileSync(join(folder, name), `timestamp,value\n${rows.join('\n')}\n`);
  }
  writeFileSync(join(folder, 'short.csv'), 'timestamp,value\n2026-01-01 00:00:00,1\n2026-01-01 00:01:00,2\n');
  const window = [timeOf(FAULT.from), timeOf(FAULT.to)];
  writeFileSync(join(folder, 'labels.json'), JSON.stringify({ 'north/a.csv': [window], 'south/a.csv': [window] }));
  writeFileSync(join(folder, 'others.json'), JSON.stringify({ 'west/a.csv': [window] }));
  const train = { maxEpochs: 5 };
  const value = { source: { kind: 'mqtt', url: 'mqtt://127.0.0.1', topic: 'x' }, decide: { warmupSteps: 50 }, train };
  writeFileSync(join(folder, 'watch.yaml'), stringify(value));
  writeFileSync(join(folder, 'speech.yaml'), stringify({ source: { kind: 'microphone' }, decide: { kind: 'voice' } }));
});
afterAll(() => rm(folder, { recursive: true }));

const timeOf = (row: number): string =>
  new Date(1_760_000_000_000 + row * 60_000).toISOString().replace('T', ' ').slice(0, 19);

const valueOf = (row: number, seed: number): string => {
  const fault = row >= FAULT.from && row < FAULT.to ? 30 : 0;
  return (60 + 5 * Math.sin(row / (14 + seed)) + 0.4 * Math.sin(row * 7.3 * seed) + fault).toFixed(3);
};

const backtest = (...args: string[]) => kioku(['backtest', ...args], { cwd: folder });

interface Summary {
  readonly nab: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly alerts: number;
  readonly recall: number;
  readonly detectionDelay: number;
  readonly files: readonly {
    readonly file: string;
    readonly rows: number;
    readonly found: number;
    readonly alerts: number;
  }[];
  readonly refused: readonly { readonly file: string; readonly code: string }[];
}

describe('kioku backtest', () => {
  it('says what would have been found in each file, and writes the score of every row', async () => {
    const args = ['data', '--labels', 'labels.json', '--config', 'watch.yaml', '--out', 'out', '--learn-rows', '400'];
    const { code, stdout } = await backtest(...args, '--json');
    expect(code).toBe(0);
    const summary = JSON.parse(stdout) as Summary;
    expect(summary.files.map(({ file, rows, found }) => [file, rows, found])).toEqual([
      ['north/a.csv', ROWS, 1],
      ['south/a.csv', ROWS, 1],
    ]);
    expect(summary).toMatchObject({ recall: 1, refused: [] });
    // Its rule asks for three steps of a minute, and it takes the next reading to know that the third is over.
    expect(summary.detectionDelay).toBeGreaterThanOrEqual(0);
    expect(summary.detectionDelay).toBeLessThanOrEqual(600);
    expect(summary.nab['configured']).toMatchObject({ threshold: 0.4 });
    expect(summary.nab['best']['standard']).toBeGreaterThanOrEqual(summary.nab['configured']['standard']);
    const lines = readFileSync(join(folder, 'out/north/a.csv'), 'utf8').trimEnd().split('\n');
    expect(lines[0]).toBe('timestamp,value,anomaly_score,alert');
    expect(lines).toHaveLength(1 + ROWS);
    const cells = lines.slice(1).map((line) => line.split(','));
    expect(cells.map(([time]) => time)).toEqual(Array.from({ length: ROWS }, (_, row) => timeOf(row)));
    expect(cells.map(([, value]) => Number(value))).toEqual(
      Array.from({ length: ROWS }, (_, row) => Number(valueOf(row, 1))),
    );
    expect(cells.slice(0, 400).every(([, , score]) => score === '0')).toBe(true);
    expect(Number(cells[FAULT.from + 5][2])).toBeGreaterThan(0.4);
    const alerts = cells.filter(([, , , alert]) => alert === '1');
    expect(alerts).toHaveLength(summary.files[0].alerts);
  });

  it('prints a table, also without labels, and goes on behind a file that it cannot judge', async () => {
    const { code, stdout } = await backtest('data/north/a.csv', 'short.csv', '--config', 'watch.yaml');
    expect(code).toBe(1);
    expect(stdout).toMatch(/^file +rows +learnt +alerts\n/);
    expect(stdout).toMatch(/data\/north\/a\.csv +900 +135 +\d/);
    expect(stdout).toMatch(/not judged: short\.csv: .* has 2 rows: too few to learn from/);
    // 764 minutes: no day.
    expect(stdout).toMatch(/^\d alerts? in 12\.7 h; \d[\d.]* a day if it always went on like this/m);
    // Of the first 135 rows nothing is told, the others have a reading in every step.
    expect(stdout).not.toMatch(/NAB|counted/);
  });

  it.each([
    [['nowhere.csv'], 1, 'cannot read nowhere.csv'],
    [['data', '--labels', 'others.json'], 1, 'others.json labels none of the data files'],
    [['data', '--config', 'speech.yaml'], 2, 'speech.yaml listens to audio'],
    [['data', '--learn-rows', 'many'], 2, 'It is not a number of rows'],
    [['data', '--out', 'data'], 2, '--out data would overwrite north/a.csv'],
    [['short.csv'], 1, 'short.csv has 2 rows: too few to learn from'],
  ])('refuses %j in clear words', async (args, code, said) => {
    const result = await backtest(...args);
    expect([result.code, result.stdout]).toEqual([code, '']);
    expect(result.stderr).toContain(said);
    expect(result.stderr).not.toContain('defect');
  });
});
