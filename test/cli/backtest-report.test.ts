/** `kioku backtest --report` as a user calls it. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { kioku } from '../support/cli.js';

const ROWS = 900;
const FAULT = { from: 700, to: 760 };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kioku-cli-report-'));
  const rows = Array.from(
    { length: ROWS },
    (_, row) => `${timeOf(row)},${flowOf(row)},${(20 + row / ROWS).toFixed(3)}`,
  );
  writeFileSync(join(folder, 'pump.csv'), `timestamp,flow,temperature\n${rows.join('\n')}\n`);
  writeFileSync(join(folder, 'labels.json'), JSON.stringify({ 'pump.csv': [[timeOf(FAULT.from), timeOf(FAULT.to)]] }));
  writeFileSync(join(folder, 'watch.yaml'), stringify({ source: { kind: 'host' }, train: { maxEpochs: 5 } }));
});
afterAll(() => rm(folder, { recursive: true }));

const timeOf = (row: number): string => new Date(1_760_000_000_000 + row * 60_000).toISOString().slice(0, 19);
const flowOf = (row: number): string =>
  (60 + 5 * Math.sin(row / 14) + Math.sin(row * 7.3) + (row >= FAULT.from && row < FAULT.to ? 30 : 0)).toFixed(3);

const backtest = (...args: string[]) => kioku(['backtest', 'pump.csv', ...args], { cwd: folder });

it('writes one page with the figures, the channels and what was raised', async () => {
  const args = ['--labels', 'labels.json', '--config', 'watch.yaml', '--baseline', 'ewma', '--report', 'out/page.html'];
  const { code, stderr } = await backtest(...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining('error') });
  const page = readFileSync(join(folder, 'out/page.html'), 'utf8');
  const text = page.slice(0, page.indexOf('<script')).replaceAll(/<[^>]*>/g, ' ');
  const words = text.replaceAll(/\s+/g, ' ');
  expect(words).toContain('faults found 1 of 1 none missed');
  expect(words).toMatch(/flow \d+(\.\d+)?, expected \d+(\.\d+)? \(an unusual value\).*? in a fault/);
  expect(words).toContain('Side by side; the files below are those of the first');
  expect(words).toContain('configuration: watch.yaml, forecast: net');
  expect(page.match(/<option/g)).toHaveLength(2);
});

it('refuses to write a page over data, before it judges anything', async () => {
  const before = readFileSync(join(folder, 'pump.csv'), 'utf8');
  const refused = await backtest('--report', 'pump.csv');
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain('ends in .html');
  expect(readFileSync(join(folder, 'pump.csv'), 'utf8')).toBe(before);
  const unwritable = await backtest('--report', '/dev/null/page.html');
  expect(unwritable.code).toBe(1);
  expect(unwritable.stderr).toContain('/dev/null');
  expect(existsSync(join(folder, 'page.html'))).toBe(false);
});
