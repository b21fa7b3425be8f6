/** What `kioku train` says of data that is not as it should be, and of a disk that is full. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ROOT } from '../support/build.js';
import { kioku } from '../support/cli.js';

const folder = mkdtempSync(join(tmpdir(), 'kioku-train-data-'));
afterAll(() => rmSync(folder, { recursive: true }));

const minutes = Array.from({ length: 300 }, (_, minute) => minute);
const timeOf = (minute: number): string => new Date(1_760_000_000_000 + minute * 60_000).toISOString();
const swing = (minute: number): string => Math.sin(minute / 9).toFixed(3);

function table(name: string, header: string, rows: readonly string[]): void {
  writeFileSync(join(folder, name), `${[header, ...rows].join('\n')}\n`);
}

function train(...args: readonly string[]): ReturnType<typeof kioku> {
  return kioku(['train', ...args], { cwd: folder });
}

describe('kioku train', () => {
  it.each(['.', '..', '/'])('says that %s is a folder', async (path) => {
    const { code, stderr } = await train(path);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^kioku: .* is a folder\. Name the files in it\.$/m);
  });

  it.each([
    {
      what: 'a file that is too short',
      rows: minutes.slice(0, 30).map((m) => `${timeOf(m)},${swing(m)}`),
      said: /there are 29 time steps to learn from \(1740 s\); at least 83 without a gap \(4980 s\) are needed\. Record/,
    },
    {
      what: 'rows in the wrong order',
      rows: minutes.toReversed().map((m) => `${timeOf(m)},${swing(m)}`),
      said: /See first what was counted on the way \(docs\/counters\.md\): align\.clock-back 299;/,
    },
    {
      what: 'readings that all stand alone',
      rows: minutes.map((m) => `${timeOf(1000 * m)},${swing(m)}`),
      said: /of 300 time steps none can be learnt from: .* choose a longer align\.stepMs/,
    },
    {
      what: 'a table without numbers',
      rows: minutes.map((m) => `${timeOf(m)},on`),
      said: /numbers\.csv: none of the first 300 rows holds a number/,
    },
    { what: 'a table without rows', rows: [], said: /there is no usable row in .*rows\.csv/ },
  ])('says what is wrong with $what', async ({ what, rows, said }) => {
    table(`${what}.csv`, 'timestamp,a', rows);
    const { code, stdout, stderr } = await train(`${what}.csv`);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(said);
  });

  it('learns over holes, and tells of a channel that never changes', async () => {
    const rows = minutes
      .filter((m) => m % 50 < 45)
      .map((m) => `${timeOf(m)},${m % 7 === 0 ? '' : swing(m)},${m % 11 === 0 ? 'NaN' : '7'}`);
    table('holes.csv', 'timestamp,a,b', rows);
    const config = {
      source: { kind: 'replay', files: 'holes.csv' },
      align: { stepMs: 60_000, channels: [{ name: 'a' }, { name: 'b' }] },
      model: 'holes',
      train: { maxEpochs: 2 },
    };
    writeFileSync(join(folder, 'holes.yaml'), JSON.stringify(config));
    const { code, stdout, stderr } = await train('holes.yaml');
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^learnt 29\d time steps of 1 stream \(a, b\)/)]);
    expect(stderr).toMatch(/"channels":\["b"\],"msg":"the same value all the time/);
    expect(stderr).toMatch(/align\.filled/);
    const quiet = { ...config, align: { ...config.align, channels: [{ name: 'a' }, { name: 'b', noiseFloor: 0.5 }] } };
    writeFileSync(join(folder, 'holes.yaml'), JSON.stringify(quiet));
    expect((await train('holes.yaml')).stderr).not.toMatch(/the same value/);
  });

  it('says where there is no room for what memory cannot hold, and leaves nothing there', () => {
    table(
      'large.csv',
      'timestamp,a',
      Array.from({ length: 4000 }, (_, m) => `${timeOf(m)},${swing(m)}`),
    );
    const config = { source: { kind: 'replay', files: 'large.csv' }, model: 'full', train: { memoryMb: 0.005 } };
    writeFileSync(join(folder, 'full.yaml'), JSON.stringify(config));
    // Files end at 32 blocks of 512 bytes, which is to a program what a full disk is.
    const limited = [
      '-c',
      'ulimit -f 32; exec "$0" "$@"',
      process.execPath,
      `${ROOT}dist/cli/main.js`,
      'train',
      'full.yaml',
    ];
    const { status, stdout, stderr } = spawnSync('sh', limited, { cwd: folder, encoding: 'utf8' });
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(
      /the temporary file in .*full cannot be written: EFBIG.*\. Make room there.*train\.memoryMb/,
    );
    expect(readdirSync(join(folder, 'full'))).toEqual([]);
  });
});
