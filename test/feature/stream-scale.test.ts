import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normal, uniform } from '../../src/core/random.js';
import { learnValue, SAMPLE_FIELDS, sampleQuantile } from '../../src/feature/sample.js';
import { beginChannels, CHANNEL, CHANNEL_FIELDS } from '../../src/feature/scaling.js';
import { WarmUps } from '../../src/feature/stream-scale.js';

const POOLED = [
  { center: 20, scale: 4 },
  { center: -3, scale: 0.5 },
];

/** The scales of one that warms up, as `[centre, scale]` a channel. */
function scalesOf(warmUps: WarmUps, handle: number): number[][] {
  const memory = new Float64Array(1 + POOLED.length * CHANNEL_FIELDS);
  beginChannels(memory, 1, POOLED);
  warmUps.estimate(handle, memory, 1);
  return POOLED.map((_, c) => {
    const at = 1 + c * CHANNEL_FIELDS;
    return [memory[at + CHANNEL.center], memory[at + CHANNEL.scale]];
  });
}

describe('a stream that warms up', () => {
  it('has the scale of the others at first, then its own quartiles', () => {
    const warmUps = new WarmUps(POOLED, 3);
    let handle = warmUps.begin();
    for (let row = 1; row <= 19; row++) {
      handle = warmUps.makeRoom(handle, row);
      warmUps.learn(handle, 0, 100 + row);
    }
    expect(scalesOf(warmUps, handle)).toEqual([
      [20, 4],
      [-3, 0.5],
    ]);
    handle = warmUps.makeRoom(handle, 20);
    warmUps.learn(handle, 0, 120);
    expect(scalesOf(warmUps, handle)).toEqual([
      [110.5, expect.closeTo(9.5 / 1.349, 12)],
      [-3, 0.5],
    ]);
  });

  it('learns what one with all the room from the beginning would, however many others come and go', () => {
    const streams = 4;
    const turns = fc.array(fc.record({ stream: fc.nat(streams - 1), restarts: fc.nat(40) }), {
      minLength: 200,
      maxLength: 900,
    });
    fc.assert(
      fc.property(turns, fc.nat(), (list, seed) => {
        const warmUps = new WarmUps(POOLED, streams);
        const handles = Array.from({ length: streams }, () => warmUps.begin());
        const rows = new Int32Array(streams);
        const full = handles.map(() => new Float64Array(SAMPLE_FIELDS * POOLED.length));
        list.forEach(({ stream, restarts }, i) => {
          if (restarts === 0) {
            warmUps.end(handles[stream]);
            handles[stream] = warmUps.begin();
            rows[stream] = 0;
            full[stream].fill(0);
          }
          handles[stream] = warmUps.makeRoom(handles[stream], ++rows[stream]);
          for (let c = 0; c < POOLED.length; c++) {
            // Not every row has every channel.
            if (uniform(seed, c, i) < 0.3) continue;
            const value = normal(seed, c, i);
            warmUps.learn(handles[stream], c, value);
            learnValue(full[stream], SAMPLE_FIELDS * c, value);
          }
        });
        for (let stream = 0; stream < streams; stream++) {
          const saved = new Float64Array(warmUps.savedFields);
          warmUps.save(handles[stream], saved, 0);
          expect(saved).toEqual(full[stream]);
          const known = full[stream][0] >= 20;
          const median = known ? sampleQuantile(full[stream], 0, 0.5) : POOLED[0].center;
          expect(scalesOf(warmUps, handles[stream])[0][0]).toBe(median);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('goes on from what was saved', () => {
    const first = new WarmUps(POOLED, 1);
    let handle = first.begin();
    for (let row = 1; row <= 70; row++) {
      handle = first.makeRoom(handle, row);
      first.learn(handle, 1, row);
    }
    const saved = new Float64Array(first.savedFields);
    first.save(handle, saved, 0);
    const second = new WarmUps(POOLED, 2);
    const restored = second.load(second.begin(), saved, 0);
    expect(scalesOf(second, restored)).toEqual(scalesOf(first, handle));
    expect(second.fits(saved, 0, 70)).toBe(true);
    expect(second.fits(saved, 0, 69)).toBe(false);
    saved[0] = Number.NaN;
    expect(second.fits(saved, 0, 70)).toBe(false);
  });
});
