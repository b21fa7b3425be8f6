/** `kioku train --report` as a user calls it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { kioku } from '../support/cli.js';

const ROWS = 1500;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kioku-cli-training-report-'));
  const rows = Array.from({ length: ROWS }, (_, row) => {
    const time = new Date(1_760_000_000_000 + row * 60_000).toISOString();
    return `${time},${(60 + 5 * Math.sin(row / 14)).toFixed(3)},${(20 + Math.cos(row / 9) + (row % 7) / 9).toFixed(3)}`;
  });
  writeFileSync(join(folder, 'pump.csv'), `time,flow,temperature\n${rows.join('\n')}\n`);
  const align = { stepMs: 60_000, channels: [{ name: 'flow' }, { name: 'temperature' }] };
  const source = { kind: 'replay', files: 'pump.csv' };
  writeFileSync(join(folder, 'watch.yaml'), stringify({ source, align, train: { maxEpochs: 12 } }));
});
afterAll(() => rm(folder, { recursive: true }));

it('writes one page with the curves, the forecasts of each channel and how far back the gradient reaches', async () => {
  const args = ['train', 'watch.yaml', '--diagnose', '--report', 'page.html', '--json'];
  const { code, stdout, stderr } = await kioku(args, { cwd: folder });
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const { record } = JSON.parse(stdout) as { record: { channels: { net: { rmse: number } }[] } };
  const page = readFileSync(join(folder, 'page.html'), 'utf8');
  const words = page
    .slice(page.indexOf('<h1>'), page.indexOf('<script'))
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ');
  expect(words).toContain('Training of watch');
  expect(words).toContain('1500 time steps of 60 s');
  // The figures of --json are those of the page.
  for (const { net } of record.channels) expect(words).toContain(` ${Number(net.rmse.toPrecision(3))} `);
  expect(words).toMatch(/flow \d+(\.\d+)? % of the error of repeating the last value/);
  expect(words).toMatch(/training, layer 1: (carries|vanishes)/);
});

it('refuses a page where none can be written, before it learns', async () => {
  const { code, stderr } = await kioku(['train', 'watch.yaml', '--report', '/dev/null/x.html'], { cwd: folder });
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('/dev/null') });
});
