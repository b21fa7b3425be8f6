import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Frame, Lane, LaneOut } from '../src/core/contracts.js';
import { Counters } from '../src/core/counters.js';
import type { KiokuEvent } from '../src/core/events.js';
import { Dispatcher, type LaneWork } from '../src/dispatcher.js';
import { openTestLane, reading, START_US } from './support/lanes.js';
import { GRU, kiokuModel, writeModel } from './support/step-model.js';

const MAX_STREAMS = 4;
const STREAM_IDLE_US = 40_000_000;
const LIMITS = { maxStreams: MAX_STREAMS, streamIdleUs: STREAM_IDLE_US, stepUs: 1_000_000 };
const SECOND_US = 1_000_000;

/** One thing that happens to a lane. */
type Happening =
  { readonly type: 'frame'; readonly frame: Frame } | { readonly type: 'tick' | 'forgive'; readonly nowUs: number };

/** Time goes on by little steps, sometimes by a long one, and sometimes it is set back. */
const happenings: fc.Arbitrary<Happening[]> = fc
  .array(
    fc.record({
      stream: fc.oneof({ weight: 6, arbitrary: fc.constantFrom('a', 'b') }, fc.constantFrom('c', 'd', 'e', 'f')),
      what: fc.oneof(
        { weight: 400, arbitrary: fc.constant('frame') },
        { weight: 4, arbitrary: fc.constant('end') },
        { weight: 8, arbitrary: fc.constant('tick') },
        { weight: 3, arbitrary: fc.constant('forgive') },
      ),
      onMs: fc.oneof(
        { weight: 300, arbitrary: fc.integer({ min: 0, max: 900 }) },
        { weight: 60, arbitrary: fc.integer({ min: -800, max: 0 }) },
        { weight: 5, arbitrary: fc.integer({ min: 1000, max: 60_000 }) },
        { weight: 1, arbitrary: fc.constant(-60_000) },
      ),
      fault: fc.boolean(),
    }),
    { minLength: 300, maxLength: 600 },
  )
  .map((entries) => {
    let nowUs = START_US;
    return entries.map(({ stream, what, onMs, fault }): Happening => {
      nowUs += onMs * 1000;
      if (what === 'tick' || what === 'forgive') return { type: what, nowUs };
      const frame = { ...reading(stream, Math.floor((nowUs - START_US) / SECOND_US) + 100, fault), us: nowUs };
      if (what === 'frame') return { type: 'frame', frame: { ...frame, arrivedUs: nowUs } };
      return { type: 'frame', frame: { ...frame, arrivedUs: nowUs, data: new Float64Array(0), mark: 'end' } };
    });
  });

/** All that makes a difference, whatever chance brings: one falls silent, more come than there is room for, all are forgotten. */
function everything(): Happening[] {
  const all: Happening[] = [];
  for (let second = 0; second < 112; second++) {
    const isSilent = second >= 100 && second < 110;
    for (const stream of isSilent ? ['a'] : ['a', 'b']) all.push({ type: 'frame', frame: reading(stream, second) });
    all.push({ type: 'tick', nowUs: START_US + second * SECOND_US });
  }
  for (const stream of ['c', 'd', 'e']) all.push({ type: 'frame', frame: reading(stream, 112) });
  all.push({ type: 'tick', nowUs: START_US + 112 * SECOND_US + 2 * STREAM_IDLE_US });
  return all;
}

function tell(events: KiokuEvent[], { events: told }: LaneOut): void {
  events.push(...told);
}

function work(lane: Lane, all: readonly LaneWork[], events: KiokuEvent[]): void {
  for (const one of all) {
    if (one.type === 'frames') lane.push(one.frames);
    else if (one.type === 'tick') tell(events, lane.tick(one.nowUs));
    else if (one.type === 'forgive') lane.forgive(one.nowUs);
    else tell(events, lane.end());
  }
  tell(events, lane.turn());
}

function byStream(events: readonly KiokuEvent[]): Map<string, KiokuEvent[]> {
  const found = new Map<string, KiokuEvent[]>();
  for (const event of events) {
    const stream = found.get(event.stream);
    if (stream === undefined) found.set(event.stream, [event]);
    else stream.push(event);
  }
  return found;
}

/** Pushes a reading of each. @returns which of two shards each went to */
function shardsOf(dispatcher: Dispatcher, names: readonly string[]): number[] {
  dispatcher.push(names.map((name) => reading(name, 0)));
  const homes = [0, 1].map((shard) =>
    dispatcher.take(shard).flatMap((one) => (one.type === 'frames' ? one.frames.map(({ stream }) => stream) : [])),
  );
  return names.map((name) => homes.findIndex((home) => home.includes(name)));
}

describe('streams shared out among lanes', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kioku-dispatch-'));
    await writeModel(folder, kiokuModel(GRU));
  });
  afterAll(() => rm(folder, { recursive: true }));

  function openLane(maxStreams: number, counters: Counters): Promise<Lane> {
    const decide = { silentAfterSteps: 3 };
    return openTestLane(folder, { maxStreams, streamIdleUs: STREAM_IDLE_US }, counters, decide);
  }

  it('say and count what one lane does, whoever comes, goes, falls silent or has to make room', async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(
        happenings,
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 3 }),
        async (all, n, cut, together) => {
          const counters = { one: new Counters(), many: new Counters() };
          const one = await openLane(MAX_STREAMS, counters.one);
          const dispatcher = new Dispatcher({ ...LIMITS, together }, n);
          const lanes: Lane[] = [];
          for (let i = 0; i < n; i++) lanes.push(await openLane(dispatcher.capacityOf(i), counters.many));
          const events: { one: KiokuEvent[]; many: KiokuEvent[] } = { one: [], many: [] };
          const turn = (): void => lanes.forEach((lane, i) => work(lane, dispatcher.take(i), events.many));
          all.forEach((happening, i) => {
            if (happening.type === 'frame') {
              one.push([happening.frame]);
              dispatcher.push([happening.frame]);
            } else if (happening.type === 'tick') {
              tell(events.one, one.tick(happening.nowUs));
              dispatcher.tick(happening.nowUs);
            } else {
              one.forgive(happening.nowUs);
              dispatcher.forgive(happening.nowUs);
            }
            if (i % cut === 0) turn();
          });
          tell(events.one, one.end());
          dispatcher.end();
          turn();
          expect(byStream(events.many)).toEqual(byStream(events.one));
          expect(counters.many.toJSON()).toEqual(counters.one.toJSON());
          expect(lanes.flatMap((lane) => lane.streams).toSorted()).toEqual(one.streams.toSorted());
          lanes.forEach((lane, i) => expect(dispatcher.streamsOf(i)).toBe(lane.streams.length));
          for (const reason of Object.keys(counters.one.toJSON())) seen.add(reason);
          for (const event of events.one) seen.add(event.type === 'incident' ? event.reason : event.type);
          for (const lane of [one, ...lanes]) lane.close();
        },
      ),
      {
        numRuns: 30,
        endOnFailure: true,
        examples: [
          [everything(), 2, 3, 1],
          [everything(), 3, 1, 2],
        ],
      },
    );
    // What makes the difference has happened.
    for (const what of ['step.evicted', 'lane.stream-idle', 'silent', 'score']) expect(seen).toContain(what);
  });

  it('go where most room is, and stay', () => {
    const limits = { maxStreams: 5, streamIdleUs: Infinity, together: 1, stepUs: SECOND_US };
    const dispatcher = new Dispatcher(limits, 2);
    expect([dispatcher.capacityOf(0), dispatcher.capacityOf(1)]).toEqual([3, 2]);
    expect(shardsOf(dispatcher, ['a', 'b', 'c', 'd', 'e'])).toEqual([0, 0, 1, 0, 1]);
    expect(shardsOf(dispatcher, ['e', 'd', 'c', 'b', 'a'])).toEqual([1, 0, 1, 0, 0]);
    // No room: f takes the place of e, which was unheard for longest.
    expect(shardsOf(dispatcher, ['f'])).toEqual([1]);
    expect(dispatcher.streams).toBe(5);
    expect([dispatcher.streamsOf(0), dispatcher.streamsOf(1)]).toEqual([3, 2]);
  });

  it('join a few others first, where they share the runs of a net', () => {
    const limits = { maxStreams: 12, streamIdleUs: Infinity, together: 3, stepUs: SECOND_US };
    const dispatcher = new Dispatcher(limits, 2);
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    expect(shardsOf(dispatcher, names)).toEqual([0, 0, 0, 1, 1, 1, 0, 1]);
  });

  it('need no lane to hear of what no lane has', () => {
    const dispatcher = new Dispatcher({ maxStreams: 4, streamIdleUs: Infinity, together: 1 }, 2);
    dispatcher.tick(START_US);
    dispatcher.push([{ ...reading('a', 0), data: new Float64Array(0), mark: 'end' }]);
    dispatcher.end();
    expect([dispatcher.take(0), dispatcher.take(1)]).toEqual([[], []]);
  });
});
