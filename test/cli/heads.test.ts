/** A net of quantiles as a user has it: trained, looked at, and watching. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { ModelCard } from '../../src/core/card.js';
import type { KiokuEvent } from '../../src/core/events.js';
import { normal } from '../../src/core/random.js';
import type { TrainingRecord } from '../../src/train/record.js';
import { kioku, summaryOf } from '../support/cli.js';

const LEARNT = 2000;
const ROWS = 2600;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kioku-heads-'));
  // The flow of a pump whose noise is lognormal: most readings a little low, some far too high. After what is learnt the
  // valve closes for an hour, by less than the noise reaches upwards.
  const rows = Array.from({ length: ROWS }, (_, minute) => {
    const closed = minute >= 2300 && minute < 2360;
    const value = 40 + 6 * Math.sin(minute / 15) + Math.exp(0.8 * normal(3, 0, minute)) - (closed ? 9 : 0);
    return `${new Date(1_760_000_000_000 + minute * 60_000).toISOString()},${value.toFixed(3)}`;
  });
  writeFileSync(join(folder, 'pump.csv'), `timestamp,flow\n${rows.slice(0, LEARNT).join('\n')}\n`);
  mkdirSync(join(folder, 'later'));
  writeFileSync(join(folder, 'later/pump.csv'), `timestamp,flow\n${rows.join('\n')}\n`);
  const config = {
    model: 'models/pump',
    align: { stepMs: 60_000 },
    train: { objective: 'pinball', weightDecay: 1e-4 },
  };
  const write = (name: string, files: string): void =>
    writeFileSync(join(folder, name), stringify({ ...config, source: { kind: 'replay', files } }));
  write('pump.yaml', 'pump.csv');
  write('watch.yaml', 'later/pump.csv');
});
afterAll(() => rm(folder, { recursive: true }));

describe('a model learnt by pinball', () => {
  it('says how far its band is right, what it is, and raises one incident for one fault', async () => {
    const trained = await kioku(['train', 'pump.yaml', '--json'], { cwd: folder });
    expect(trained).toMatchObject({ code: 0 });
    const { card, record } = JSON.parse(trained.stdout) as { card: ModelCard; record: TrainingRecord };
    expect(card).toMatchObject({ objective: 'gaussian', training: { likelihood: 'pinball' } });
    expect(Object.keys(record).toSorted()).toEqual(['best', 'channels', 'data', 'objective', 'stopped']);
    const [{ name, values, calibration }] = record.channels;
    expect([name, values, record.objective]).toEqual(['flow', 400, 'pinball']);
    const within = calibration?.coverage.find(({ nominal }) => nominal === 0.9)?.observed;
    expect(within).toBeGreaterThan(0.86);
    expect(within).toBeLessThan(0.95);

    const { stdout } = await kioku(['inspect', 'models/pump'], { cwd: folder });
    expect(stdout).toMatch(/gaussian objective, learnt by pinball$/m);
    expect(stdout).toMatch(
      /^optimised in \d+ steps of AdamW, weight decay 0\.0001, learning rate 0\.005 \(cosine\); gradients through 32 time steps, clipped to 1; the weights are those after epoch \d+$/m,
    );

    const watched = await kioku(['run', 'watch.yaml', '--json'], { cwd: folder });
    expect(watched.code).toBe(0);
    expect(summaryOf(watched)).toMatchObject({ steps: ROWS, incidents: 1 });
    const first = JSON.parse(watched.stdout.split('\n')[0]) as KiokuEvent;
    expect(first).toMatchObject({ type: 'incident', phase: 'new', stream: 'pump', reason: 'anomaly' });
    const minutes = (first.us / 1e6 - 1_760_000_000) / 60;
    expect(minutes).toBeGreaterThanOrEqual(2300);
    expect(minutes).toBeLessThan(2360);
  }, 60_000);
});
