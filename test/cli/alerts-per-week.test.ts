/** `decide.alertsPerWeek` as a user meets it: said after training, by inspect, and changed without training again. */
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { normal } from '../../src/core/random.js';
import { kioku } from '../support/cli.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kioku-alerts-'));
  const rows = Array.from({ length: 1500 }, (_, minute) => {
    const value = 60 + 5 * Math.sin(minute / 15) + 0.4 * normal(1, 0, minute);
    return `${new Date(1_760_000_000_000 + minute * 60_000).toISOString()},${value.toFixed(3)}`;
  });
  writeFileSync(join(folder, 'boiler.csv'), `timestamp,temperature\n${rows.join('\n')}\n`);
});
afterAll(() => rm(folder, { recursive: true }));

function config(name: string, decide: object): string {
  const content = { model: 'boiler', source: { kind: 'replay', files: 'boiler.csv' }, align: { stepMs: 60_000 } };
  writeFileSync(join(folder, name), stringify({ ...content, decide, train: { maxEpochs: 2, hidden: 8 } }));
  return name;
}

const call = (args: string[]) => kioku(args, { cwd: folder });

describe('alertsPerWeek on the command line', () => {
  it('is answered after training and by inspect, and another wish holds from the next start', async () => {
    const once = config('once.yaml', { alertsPerWeek: 1 });
    const trained = await call(['train', once]);
    expect(trained).toMatchObject({ code: 0 });
    const found = /^opening score 0\.\d+: about 1 alert a week \([\d.]+ to [\d.]+\) per stream, from 5 h held out$/m;
    const [said] = found.exec(trained.stdout) ?? [];
    expect(said).toBeDefined();
    expect((await call(['inspect', 'boiler'])).stdout).toContain(said);

    const openScore = async (path: string): Promise<number> => {
      const { stderr } = await call(['run', path]);
      const line = stderr.split('\n').find((text) => text.includes('opening scores'));
      return (JSON.parse(line ?? '{}') as { most?: number }).most ?? NaN;
    };
    const often = config('often.yaml', { alertsPerWeek: 20 });
    expect(await openScore(often)).toBeLessThan((await openScore(once)) - 0.05);
  }, 60_000);

  it('stands in place of openScore, and whoever writes both is told', async () => {
    const { code, stderr } = await call(['check', config('both.yaml', { alertsPerWeek: 1, openScore: 0.4 })]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/both\.yaml:\d+:\d+: decide\.openScore is found by `alertsPerWeek`: leave one of them out/);
  });
});
