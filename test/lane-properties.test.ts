/**
 * What must hold of a lane whatever devices send: readings of all or some channels, faults, gaps, silence, clocks that
 * jump both ways, repeated and late deliveries, absurd numbers.
 */
import * as fc from 'fast-check';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Frame } from '../src/core/contracts.js';
import { Counters } from '../src/core/counters.js';
import type { IncidentEvent, KiokuEvent } from '../src/core/events.js';
import type { StreamLane } from '../src/lane.js';
import { eventJson } from '../src/sink/event-json.js';
import { decodeSnapshot, encodeSnapshot } from '../src/step/snapshot.js';
import { feed, openTestLane, reading } from './support/lanes.js';
import { GRU, kiokuModel, writeModel } from './support/step-model.js';

const S = 1_000_000;
const STREAMS = ['a', 'bb', 'c'];
/** Seconds in which every stream gets known. */
const WARM = 80;

const KINDS = [
  ['normal', 5],
  ['fault', 4],
  ['long-fault', 1],
  ['only-c0', 1],
  ['only-c1', 1],
  ['by-channel', 2],
  ['every-third', 2],
  ['constant', 1],
  ['huge', 1],
  ['tiny', 1],
  ['other-channel', 1],
  ['repeated', 1],
  ['late', 1],
  ['away', 2],
  ['year-ahead', 1],
  ['hour-back', 1],
] as const;
type Kind = (typeof KINDS)[number][0];

interface Segment {
  readonly kind: Kind;
  readonly stream: number;
  readonly seconds: number;
}

const segment: fc.Arbitrary<Segment> = fc.record({
  kind: fc.oneof(...KINDS.map(([kind, weight]) => ({ arbitrary: fc.constant(kind), weight }))),
  stream: fc.nat(STREAMS.length - 1),
  seconds: fc.integer({ min: 3, max: 30 }),
});
const segments = fc.array(segment, { minLength: 1, maxLength: 12 });

/** The device at odds in a segment; the others are well. */
class Traffic {
  readonly frames: Frame[] = [];
  readonly #clockUs = STREAMS.map(() => 0);
  #second = 0;

  constructor(plan: readonly Segment[]) {
    this.#run({ kind: 'normal', stream: 0, seconds: WARM });
    for (const one of plan) this.#run(one);
  }

  #run({ kind, stream, seconds }: Segment): void {
    if (kind === 'year-ahead') this.#clockUs[stream] += 365 * 86_400 * S;
    if (kind === 'hour-back') this.#clockUs[stream] -= 3600 * S;
    const length = kind === 'long-fault' ? 150 : seconds;
    for (let i = 0; i < length; i++, this.#second++) {
      STREAMS.forEach((name, at) => {
        const well = this.#reading(name, at, kind.endsWith('fault') && at === stream);
        if (at !== stream) this.frames.push(well);
        else this.#odd(kind, well, i);
      });
    }
  }

  #reading(name: string, at: number, fault: boolean): Frame {
    const frame = reading(name, this.#second, fault);
    return { ...frame, us: frame.us + this.#clockUs[at] };
  }

  #odd(kind: Kind, frame: Frame, i: number): void {
    const push = (...frames: Frame[]): void => void this.frames.push(...frames);
    if (kind === 'only-c0') push(one(frame, 0));
    else if (kind === 'only-c1') push(one(frame, 1));
    else if (kind === 'by-channel') push(one(frame, 1), ...(i % 4 === 0 ? [one(frame, 0)] : []));
    else if (kind === 'every-third') push(...(i % 3 === 0 ? [frame] : []));
    else if (kind === 'constant') push(holding(frame, 1, 5));
    else if (kind === 'huge') push(holding(frame, i % 2 === 0 ? 1.7e308 : -1.7e308, 1e300));
    else if (kind === 'tiny') push(holding(frame, 5e-324, -0));
    else if (kind === 'other-channel') push({ ...frame, signal: { kind: 'channels', names: ['x', 'y'], stepUs: 0 } });
    else if (kind === 'repeated') push(frame, frame);
    else if (kind === 'late') push({ ...frame, us: frame.us - 3 * S });
    else if (kind !== 'away') push(frame);
  }
}

function one(frame: Frame, channel: number): Frame {
  const signal = { kind: 'channels', names: [`c${channel}`], stepUs: 0 } as const;
  return { ...frame, signal, data: frame.data.slice(channel, channel + 1) };
}

function holding(frame: Frame, ...values: number[]): Frame {
  return { ...frame, data: Float64Array.from(values) };
}

/** Of the form that takes several steps of a backlog in one run. */
let model: string;
beforeAll(async () => {
  model = await writeModel(await mkdtemp(join(tmpdir(), 'kioku-lane-')), kiokuModel(GRU, 'fused'));
});
afterAll(() => rm(model, { recursive: true }));

const open = (maxStreams = 4): Promise<StreamLane> =>
  openTestLane(model, { maxStreams }, new Counters(), { adoptAfterMs: 60_000, updateMs: 20_000 });

const of = (stream: string, events: readonly KiokuEvent[]): KiokuEvent[] =>
  events.filter((event) => event.stream === stream);
/** Silence is a matter of the arrival clock, which others move too, and which nobody has just after a start. */
const ofRows = (stream: string, events: readonly KiokuEvent[]): KiokuEvent[] =>
  of(stream, events).filter((event) => event.type !== 'incident' || event.reason !== 'silent');

/** Every incident is begun once, under an id of its own, and ended once; a stream has one of a kind at a time. */
function faultsOf(events: readonly KiokuEvent[]): string[] {
  const open = new Map<string, IncidentEvent>();
  const seen = new Set<string>();
  const faults: string[] = [];
  for (const event of events) {
    if (event.type !== 'incident') continue;
    const kind = `${event.stream} ${event.reason === 'silent' ? 'silent' : 'anomaly'}`;
    const begun = open.get(kind);
    if (event.phase === 'new') {
      if (begun !== undefined) faults.push(`${kind} begun twice`);
      if (seen.has(event.id)) faults.push(`${kind} has the id of another`);
      seen.add(event.id);
    } else if (begun?.id !== event.id || begun.sinceUs !== event.sinceUs)
      faults.push(`${kind} ${event.phase} of another`);
    if (event.phase === 'end') open.delete(kind);
    else open.set(kind, event);
  }
  return [...faults, ...[...open.keys()].map((kind) => `${kind} not ended`)];
}

/** What goes out is what was meant: JSON makes null of what is no number. */
function checkNumbers(events: readonly KiokuEvent[]): void {
  for (const event of events) {
    if (event.type !== 'incident' && event.type !== 'score') throw new Error(`a sensor lane has raised ${event.type}`);
    expect(event.score).toBeGreaterThanOrEqual(0);
    expect(event.score).toBeLessThanOrEqual(1);
    expect(eventJson(event)).not.toContain('null');
  }
}

describe('whatever devices send, a lane', () => {
  it('begins and ends every incident once, in numbers', async () => {
    let incidents = 0;
    await fc.assert(
      fc.asyncProperty(segments, async (plan) => {
        const lane = await open();
        const events = feed(lane, new Traffic(plan).frames);
        events.push(...lane.end().events);
        expect(faultsOf(events)).toEqual([]);
        checkNumbers(events);
        incidents += events.filter(({ type }) => type === 'incident').length;
        lane.close();
      }),
      { numRuns: 60 },
    );
    expect(incidents).toBeGreaterThan(60);
  });

  it('says the same however it comes in batches', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(segments, sizes, async (plan, cuts) => {
        const { frames } = new Traffic(plan);
        const [whole, cut] = [await open(), await open()];
        const [expected, events] = [feed(whole, frames), feed(cut, frames, cuts)];
        for (const stream of STREAMS) {
          expect(of(stream, events)).toEqual(of(stream, expected));
          expect(cut.snapshot(stream).parts).toEqual(whole.snapshot(stream).parts);
        }
        whole.close();
        cut.close();
      }),
      { numRuns: 25 },
    );
  });

  it('says the same of a stream with others and alone', async () => {
    await fc.assert(
      fc.asyncProperty(segments, async (plan) => {
        const { frames } = new Traffic(plan);
        const [crowd, alone] = [await open(), await open(1)];
        const expected = ofRows('a', feed(crowd, frames));
        const own = frames.filter(({ stream }) => stream === 'a');
        expect(ofRows('a', feed(alone, own))).toEqual(expected);
        crowd.close();
        alone.close();
      }),
      { numRuns: 25 },
    );
  });

  it('goes on after a restart at any frame, also within an incident, a gap or a silence', async () => {
    await fc.assert(
      fc.asyncProperty(segments, fc.double({ min: 0, max: 1, noNaN: true }), async (plan, part) => {
        const { frames } = new Traffic(plan);
        // The last second comes after it, so that the clock has moved.
        const at = Math.floor(part * (frames.length - STREAMS.length));
        const [whole, before, after] = [await open(), await open(), await open()];
        const expected = [...feed(whole, frames), ...whole.end().events];
        const events = feed(before, frames.slice(0, at), [11]);
        for (const stream of before.streams.toReversed()) {
          after.restore(decodeSnapshot(encodeSnapshot(before.snapshot(stream))));
        }
        events.push(...feed(after, frames.slice(at), [5]), ...after.end().events);
        expect(faultsOf(events)).toEqual([]);
        for (const stream of STREAMS) expect(ofRows(stream, events)).toEqual(ofRows(stream, expected));
        for (const lane of [whole, before, after]) lane.close();
      }),
      { numRuns: 25 },
    );
  });
});
