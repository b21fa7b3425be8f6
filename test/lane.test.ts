import * as fc from 'fast-check';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StepAligner } from '../src/align/align.js';
import { alignSchema } from '../src/core/alignment.js';
import type { ForecastDecider, Frame } from '../src/core/contracts.js';
import { Counters } from '../src/core/counters.js';
import type { KiokuEvent } from '../src/core/events.js';
import { StreamLane } from '../src/lane.js';
import { decodeSnapshot, encodeSnapshot } from '../src/step/snapshot.js';
import type { Stepper } from '../src/stepper.js';
import { openTestLane, reading, readings, START_US } from './support/lanes.js';
import { GRU, kiokuModel, writeModel } from './support/step-model.js';

let model: string;
beforeAll(async () => {
  model = await writeModel(await mkdtemp(join(tmpdir(), 'kioku-lane-')), kiokuModel(GRU));
});
afterAll(() => rm(model, { recursive: true }));

/** Everything a lane says about these frames, pushed in pieces of the given sizes. */
function feed(lane: StreamLane, frames: readonly Frame[], sizes: readonly number[] = []): KiokuEvent[] {
  const events: KiokuEvent[] = [];
  for (let at = 0, i = 0; at < frames.length; i++) {
    const size = sizes.length > 0 ? sizes[i % sizes.length] : frames.length;
    lane.push(frames.slice(at, at + size));
    events.push(...lane.turn().events);
    at += size;
  }
  return events;
}

const of = (stream: string, events: readonly KiokuEvent[]): KiokuEvent[] =>
  events.filter((event) => event.stream === stream);
const incidents = (events: readonly KiokuEvent[]): string[] =>
  events.flatMap((event) => (event.type === 'incident' ? [`${event.stream} ${event.phase} ${event.reason}`] : []));

/** The same reading at another time of the device, and of arrival. */
const moved = (frame: Frame, byUs: number, arrivalByUs = 0): Frame => ({
  ...frame,
  us: frame.us + byUs,
  arrivedUs: frame.arrivedUs + arrivalByUs,
});

describe('a lane', () => {
  it('raises one incident for a fault and ends it', async () => {
    const lane = await openTestLane(model, { maxStreams: 4 });
    const events = feed(lane, readings(['a', 'b'], 200, 120));
    expect(incidents(events).filter((line) => !line.includes('update'))).toEqual(['a new anomaly', 'a end anomaly']);
    lane.close();
  });

  it('says the same however its input is cut into batches, and keeps the same state', async () => {
    const frames = readings(['a', 'bb', 'c'], 160, 100);
    const whole = await openTestLane(model, { maxStreams: 4 });
    const expected = feed(whole, frames);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 8 }), async (sizes) => {
        const lane = await openTestLane(model, { maxStreams: 4 });
        const events = feed(lane, frames, sizes);
        for (const stream of ['a', 'bb', 'c']) {
          expect(of(stream, events)).toEqual(of(stream, expected));
          expect(lane.snapshot(stream).parts).toEqual(whole.snapshot(stream).parts);
        }
        lane.close();
      }),
      { numRuns: 15 },
    );
    whole.close();
  });

  it('says the same in one batch as message by message, while streams push each other out', async () => {
    const names = ['a', 'bb', 'c', 'dd', 'e'];
    const turns = fc.array(fc.nat(names.length - 1), { minLength: 60, maxLength: 300 });
    await fc.assert(
      fc.asyncProperty(turns, fc.integer({ min: 1, max: 4 }), async (list, maxStreams) => {
        const frames = list.map((name, i) => reading(names[name], i));
        const whole = new Counters();
        const piecewise = new Counters();
        const one = await openTestLane(model, { maxStreams }, whole);
        const other = await openTestLane(model, { maxStreams }, piecewise);
        expect(feed(other, frames, [1])).toEqual(feed(one, frames));
        expect(piecewise.toJSON()).toEqual(whole.toJSON());
        expect(other.streams).toEqual(one.streams);
        for (const stream of one.streams) expect(other.snapshot(stream)).toEqual(one.snapshot(stream));
        one.close();
        other.close();
      }),
      { numRuns: 20 },
    );
  });

  it('says the same about a stream whoever else is in the lane', async () => {
    const alone = await openTestLane(model, { maxStreams: 8 });
    const crowd = await openTestLane(model, { maxStreams: 8 });
    const crowded = feed(crowd, readings(['a', 'b', 'cc', 'ddd', 'e'], 160, 100));
    expect(of('a', crowded)).toEqual(feed(alone, readings(['a'], 160, 100)));
    alone.close();
    crowd.close();
  });

  it('goes on after snapshot and restore at any frame as if nothing had happened', async () => {
    const frames = readings(['a', 'b'], 140, 90);
    const whole = await openTestLane(model, { maxStreams: 4 });
    const expected = feed(whole, frames);
    whole.close();
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: frames.length - 1 }), async (cut) => {
        const first = await openTestLane(model, { maxStreams: 4 });
        const events = feed(first, frames.slice(0, cut), [7]);
        const second = await openTestLane(model, { maxStreams: 4 });
        // Taken in another order, so that every stream lands in another slot.
        for (const stream of first.streams.toReversed()) {
          second.restore(decodeSnapshot(encodeSnapshot(first.snapshot(stream))));
        }
        events.push(...feed(second, frames.slice(cut), [5]));
        for (const stream of ['a', 'b']) expect(of(stream, events)).toEqual(of(stream, expected));
        first.close();
        second.close();
      }),
      { numRuns: 20 },
    );
  });

  it('refuses a damaged state, and then does not know the stream', async () => {
    const [lane, other] = [await openTestLane(model, { maxStreams: 2 }), await openTestLane(model, { maxStreams: 2 })];
    feed(lane, readings(['a'], 10, 100));
    const { parts, ...whole } = lane.snapshot('a');
    for (const name of parts.keys()) {
      for (const wrong of [
        new Map([...parts].filter(([part]) => part !== name)),
        new Map([...parts, [name, Uint8Array.of(99)]]),
      ]) {
        expect(() => other.restore({ ...whole, parts: wrong })).toThrow(
          expect.objectContaining({ code: 'SNAPSHOT_INVALID' }),
        );
        expect(other.streams).toEqual([]);
      }
    }
    lane.close();
    other.close();
  });

  it('refuses the state of another model', async () => {
    const lane = await openTestLane(model, { maxStreams: 2 });
    feed(lane, readings(['a'], 10, 100));
    const snapshot = { ...lane.snapshot('a'), model: 'f'.repeat(64) };
    expect(() => lane.restore(snapshot)).toThrow(expect.objectContaining({ code: 'SNAPSHOT_INVALID' }));
    lane.close();
  });
});

describe('silence', () => {
  it('is an incident of the stream that stopped, and ends with its next reading', async () => {
    const lane = await openTestLane(model, { maxStreams: 4 });
    const frames = readings(['a', 'b'], 130, 1000).filter(({ stream, seq }) => stream === 'b' || seq < 90 || seq > 110);
    expect(incidents(feed(lane, frames, [3]))).toEqual(['a new silent', 'a end silent']);
    lane.close();
  });

  it('is noticed by the clock when nothing arrives at all', async () => {
    const lane = await openTestLane(model, { maxStreams: 4 });
    feed(lane, readings(['a'], 80, 1000));
    expect(incidents(lane.tick(START_US + 83_000_000).events)).toEqual([]);
    expect(incidents(lane.tick(START_US + 86_000_000).events)).toEqual(['a new silent']);
    lane.close();
  });

  it('is not held against a stream that is hardly known', async () => {
    const lane = await openTestLane(model, { maxStreams: 4 });
    feed(lane, readings(['a'], 20, 1000));
    expect(incidents(lane.tick(START_US + 60_000_000).events)).toEqual([]);
    lane.close();
  });

  it('is told in the time of the device, and counts from when the source was back', async () => {
    const lane = await openTestLane(model, { maxStreams: 4 });
    // Its clock is an hour ahead.
    const hourUs = 3_600_000_000;
    feed(
      lane,
      readings(['a'], 80, 1000).map((frame) => moved(frame, hourUs)),
    );
    const backUs = START_US + 1_000_000_000;
    lane.forgive(backUs);
    const told = [...lane.tick(backUs + 6_000_000).events];
    told.push(...feed(lane, [{ ...reading('a', 81), us: START_US, arrivedUs: backUs + 9_000_000 }]));
    const times = told.flatMap((event) => (event.type === 'incident' ? [[event.us, event.sinceUs]] : []));
    const sinceUs = backUs + hourUs;
    expect(times).toEqual([
      [sinceUs + 6_000_000, sinceUs],
      [sinceUs + 9_000_000, sinceUs],
    ]);
    lane.close();
  });

  it('has ended when it ends, also of a stream that is forgotten or taken along', async () => {
    const lane = await openTestLane(model, { maxStreams: 4, streamIdleUs: 20_000_000 });
    feed(lane, readings(['a', 'b'], 80, 1000));
    lane.tick(START_US + 90_000_000);
    const other = await openTestLane(model, { maxStreams: 4 });
    other.restore(decodeSnapshot(encodeSnapshot(lane.snapshot('b'))));
    const [end] = lane.tick(START_US + 100_000_000).events;
    expect(end).toMatchObject({ phase: 'end', reason: 'silent', us: START_US + 100_000_000 });
    const back = feed(other, [reading('b', 120)]);
    expect(back[0]).toMatchObject({ phase: 'end', reason: 'silent', us: reading('b', 120).us });
    lane.close();
    other.close();
  });

  it('ends in the time of the last reading when nothing is heard after a restart', async () => {
    const [lane, other] = [await openTestLane(model, { maxStreams: 2 }), await openTestLane(model, { maxStreams: 2 })];
    feed(lane, readings(['a'], 80, 1000));
    lane.tick(START_US + 90_000_000);
    other.restore(lane.snapshot('a'));
    const ended = { phase: 'end', reason: 'silent' };
    expect(other.end().events[0]).toMatchObject({ ...ended, us: reading('a', 79).us });
    expect(lane.end().events[0]).toMatchObject({ ...ended, us: START_US + 90_000_000 });
    lane.close();
    other.close();
  });

  it('is noticed again after the clock of a recording was set back', async () => {
    const lane = await openTestLane(model, { maxStreams: 4 });
    feed(lane, [...readings(['a', 'b'], 80, 1000)]);
    const back = readings(['a', 'b'], 300, 1000).filter(({ seq, stream }) => seq > 81 && (stream === 'b' || seq < 200));
    const earlier = back.map((frame) => moved(frame, 0, -86_400_000_000));
    expect(incidents(feed(lane, earlier, [9]))).toEqual(['a new silent']);
    lane.close();
  });

  it('is noticed before 1970 as well', async () => {
    const lane = await openTestLane(model, { maxStreams: 4 });
    const early = readings(['a', 'b'], 130, 1000).filter(({ stream, seq }) => stream === 'b' || seq < 90 || seq > 110);
    const frames = early.map((frame) => moved(frame, -2 * START_US, -2 * START_US));
    expect(incidents(feed(lane, frames, [3]))).toEqual(['a new silent', 'a end silent']);
    lane.close();
  });

  it('is not held against streams while their source was away', async () => {
    const lane = await openTestLane(model, { maxStreams: 4 });
    feed(lane, readings(['a', 'b'], 80, 1000));
    lane.forgive(START_US + 100_000_000);
    const late = reading('a', 81);
    expect(incidents(feed(lane, [{ ...late, arrivedUs: START_US + 100_000_000 }]))).toEqual([]);
    expect(incidents(lane.tick(START_US + 102_000_000).events)).toEqual([]);
    lane.close();
  });
});

describe('limits', () => {
  it('makes room for a new stream by forgetting the one unheard for longest', async () => {
    const counters = new Counters();
    const lane = await openTestLane(model, { maxStreams: 2 }, counters);
    feed(lane, [reading('a', 0), reading('b', 1), reading('a', 2), reading('c', 3)]);
    expect(lane.streams.toSorted()).toEqual(['a', 'c']);
    expect(counters.get('step.evicted')).toBe(1);
    lane.close();
  });

  it('forgets idle streams when asked to, and their open incident ends', async () => {
    const counters = new Counters();
    const lane = await openTestLane(model, { maxStreams: 4, streamIdleUs: 20_000_000 }, counters);
    feed(lane, readings(['a'], 80, 1000));
    expect(incidents(lane.tick(START_US + 90_000_000).events)).toEqual(['a new silent']);
    expect(incidents(lane.tick(START_US + 100_000_000).events)).toEqual(['a end silent']);
    expect(lane.streams).toEqual([]);
    expect(counters.get('lane.stream-idle')).toBe(1);
    lane.close();
  });

  it('takes the rows of a long bridged gap in pieces', () => {
    const align = alignSchema.parse({ stepMs: 1, maxGapMs: 60_000, channels: [{ name: 'c0' }, { name: 'c1' }] });
    const aligner = new StepAligner({ ...align, channels: align.channels ?? [] }, new Counters(), 1);
    const turns: number[] = [];
    let waiting = 0;
    const stepper = {
      feature: { push: () => (waiting += 1) },
      decider: { silence: () => undefined },
      stages: [],
      open: () => undefined,
      turn: () => {
        turns.push(waiting);
        waiting = 0;
        return turns.at(-1);
      },
    } as unknown as Stepper<ForecastDecider>;
    const lane = new StreamLane({ aligner, stepper }, { maxStreams: 1 }, new Counters());
    lane.push([reading('a', 0), reading('a', 50)]);
    expect(lane.turn().steps).toBe(50_000);
    expect(Math.max(...turns)).toBeLessThanOrEqual(4096);
  });

  it('does not call a stream silent whose sender has said that there is no more', async () => {
    const lane = await openTestLane(model, { maxStreams: 2 });
    lane.push(readings(['a', 'b'], 80, 1000));
    const last = reading('a', 80);
    lane.push([{ ...last, data: new Float64Array(0), mark: 'end' }]);
    lane.push([{ ...last, stream: 'never heard of', data: new Float64Array(0), mark: 'end' }]);
    expect(lane.streams).toEqual(['b']);
    lane.turn();
    expect(incidents(lane.tick(START_US + 90_000_000).events)).toEqual(['b new silent']);
    expect(incidents(lane.end().events)).toEqual(['b end silent']);
  });

  it('ends the incident of a stream that has to leave, and begins anew with it', async () => {
    const lane = await openTestLane(model, { maxStreams: 2 });
    const events = feed(lane, readings(['a'], 130, 100));
    events.push(...feed(lane, [reading('b', 131), reading('c', 132), reading('a', 133, true)]));
    const told = incidents(events).filter((line) => !line.includes('update'));
    expect(told).toEqual(['a new anomaly', 'a end anomaly']);
    expect(events.findLast(({ type }) => type === 'incident')?.us).toBe(reading('c', 132).us);
    expect(feed(lane, readings(['a'], 160, 134).slice(134))).toEqual([]);
    lane.close();
  });

  it('takes 100,000 unknown streams in bounded memory, every forgotten one counted', async () => {
    const counters = new Counters();
    const lane = await openTestLane(model, { maxStreams: 1000 }, counters);
    const before = process.memoryUsage().arrayBuffers;
    const frames: Frame[] = [];
    for (let i = 0; i < 100_000; i++) {
      frames.push({ ...reading('x', 0), stream: `device-${i}`, us: START_US + i, arrivedUs: START_US + i });
    }
    feed(lane, frames, [1000]);
    expect(lane.streams).toHaveLength(1000);
    expect(counters.get('step.evicted')).toBe(99_000);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 2 ** 20);
    lane.close();
  });
});
