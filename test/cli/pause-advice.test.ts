/** Feeds that pause all the time: said after training, where it can be known. */
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { advisePauses, describePauses } from '../../src/cli/pause-advice.js';
import type { StreamPauses } from '../../src/pauses.js';
import { kioku } from '../support/cli.js';

const DAY_US = 86_400e6;
const streamOf = (stream: string, days: number, ...lengths: readonly (readonly [steps: number, n: number])[]) =>
  ({ stream, heardUs: days * DAY_US, times: new Map(lengths) }) satisfies StreamPauses;

describe('advice on pauses', () => {
  it('proposes what would have reported one, or one a week', () => {
    const day = streamOf('bus', 1, [4, 90], [10, 20], [31, 13], [71, 1]);
    expect(advisePauses([day], 10)).toEqual({
      silentAfterSteps: 10,
      streams: ['bus'],
      ofStreams: 1,
      silences: 34,
      proposed: 40,
      left: 1,
    });
    expect(advisePauses([streamOf('bus', 22, [12, 9], [31, 1], [50, 3])], 10)).toMatchObject({ proposed: 40, left: 3 });
  });

  it('says nothing of what may have been faults: two, or one a week', () => {
    expect(advisePauses([streamOf('bus', 1, [9, 500], [12, 2])], 10)).toBeUndefined();
    expect(advisePauses([streamOf('bus', 29, [12, 4])], 10)).toBeUndefined();
    expect(advisePauses([streamOf('bus', 27, [12, 4])], 10)).toBeDefined();
    expect(advisePauses([], 10)).toBeUndefined();
  });

  it('speaks of the streams that pause, not of those beside them', () => {
    const calm = Array.from({ length: 16 }, (_, i) => streamOf(`calm${i}`, 7, [11, 1]));
    const restless = ['a', 'b', 'c', 'd'].map((name, i) => streamOf(name, 7, [20 + i, 5]));
    const advice = advisePauses([...restless, ...calm], 10);
    expect(advice).toMatchObject({ streams: ['a', 'b', 'c', 'd'], ofStreams: 20, silences: 20, proposed: 30, left: 0 });
    expect(advice && describePauses(advice)).toBe(
      '4 of 20 streams (a, b, c, …) paused for 10 time steps or longer 20 times: each would be reported as silence; ' +
        'decide.silentAfterSteps: 30 would have reported none',
    );
  });

  it('never proposes what leaves more than one silence a week of a stream, or what is no better', () => {
    const lengths = fc.array(fc.tuple(fc.integer({ min: 2, max: 5000 }), fc.integer({ min: 1, max: 50 })));
    const streams = fc.array(fc.tuple(fc.integer({ min: 1, max: 60 }), lengths), { maxLength: 5 });
    fc.assert(
      fc.property(streams, fc.integer({ min: 2, max: 300 }), (made, silentAfterSteps) => {
        const all = made.map(([days, own], i) => streamOf(String(i), days, ...own));
        const advice = advisePauses(all, silentAfterSteps);
        if (advice === undefined) return;
        expect(advice.proposed).toBeGreaterThan(silentAfterSteps);
        const weeks = advice.streams.map((name) => Math.max(1, Math.floor(all[Number(name)].heardUs / DAY_US / 7)));
        expect(advice.left).toBeLessThanOrEqual(weeks.reduce((sum, one) => sum + one, 0));
        expect(advice.left).toBeLessThan(advice.silences);
      }),
    );
  });
});

/** Every 300 minutes it is away for 17, once for two hours. */
const irregular = (minute: number): boolean => minute % 300 >= 17 && !(minute > 1000 && minute < 1120);

describe('kioku train', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kioku-pauses-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** A feed of a row a minute, trained on. @param isThere whether there is a row in that minute */
  function train(name: string, isThere: (minute: number) => boolean, more: object = {}, ...args: readonly string[]) {
    const minutes = Array.from({ length: 3000 }, (_, minute) => minute).filter(isThere);
    const rows = minutes.map((m) => `${new Date(1_760_000_000_000 + m * 60_000).toISOString()},${Math.sin(m / 15)}`);
    writeFileSync(join(folder, `${name}.csv`), `timestamp,x\n${rows.join('\n')}\n`);
    const content = { model: name, source: { kind: 'replay', files: `${name}.csv` }, align: { stepMs: 60_000 } };
    writeFileSync(join(folder, 'kioku.yaml'), stringify({ ...content, train: { maxEpochs: 1, hidden: 8 }, ...more }));
    return kioku(['train', 'kioku.yaml', ...args], { cwd: folder });
  }
  it('says that a feed pauses all the time, and which number would say so less often', async () => {
    const { code, stdout } = await train('irregular', irregular);
    expect(code).toBe(0);
    expect(stdout).toContain(
      '\nthe training data pause for 10 time steps or longer 10 times: each would be reported as silence; ' +
        'decide.silentAfterSteps: 20 would have reported 1\n',
    );
    const json = await train('irregular', irregular, {}, '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({ silences: { silences: 10, proposed: 20, left: 1 } });
  });

  it('says nothing of a regular feed, with what was proposed, or where silent streams are forgotten first', async () => {
    const { code, stdout } = await train('regular', () => true, {}, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ silences: null });
    for (const more of [{ decide: { silentAfterSteps: 20 } }, { limits: { streamIdleMs: 300_000 } }]) {
      const quiet = await train('irregular', irregular, more);
      expect([quiet.code, quiet.stdout]).toEqual([0, expect.not.stringContaining('silence')]);
    }
  });
});
