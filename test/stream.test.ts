import { map, NEVER, Subject, type Observable } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import { alignSchema } from '../src/core/alignment.js';
import type { Decoder, Frame, Lane, LaneOut, Packet, Sink, Source } from '../src/core/contracts.js';
import { deferred } from '../src/core/deferred.js';
import type { KiokuEvent } from '../src/core/events.js';
import { alignWith, decodeWith, fromSource, runLane, writeTo } from '../src/stream.js';
import { packetOf, readingOf } from './support/readings.js';

const S = 1_000_000;

/** Runs marbles; `compared` says that something was. */
function marbles(run: Parameters<TestScheduler['run']>[0]): number {
  let compared = 0;
  const scheduler = new TestScheduler((actual, expected) => {
    compared += 1;
    expect(actual).toEqual(expected);
  });
  scheduler.run(run);
  return compared;
}

const reading = (second: number, x: number): Frame => readingOf(1_700_000_000 * S + second * S, { x });
const laneOut = (steps: number): LaneOut => ({ events: [], through: new Map(), steps });

const packets = (...payloads: string[]): Packet[] => payloads.map((payload, i) => packetOf(payload, { seq: i + 1 }));

/** A source whose packets come from `packets`, and a record of what was done to it. */
class FakeSource implements Source {
  readonly calls: string[] = [];
  readonly mode = 'pause';
  readonly clock = 'live';
  readonly status = NEVER;
  constructor(
    readonly packets: Observable<readonly Packet[]>,
    private readonly started: Promise<void> = Promise.resolve(),
  ) {}
  start(): Promise<void> {
    this.calls.push('start');
    return this.started;
  }
  stop(): Promise<void> {
    this.calls.push('stop');
    return Promise.resolve();
  }
  credit(n: number): void {
    this.calls.push(`credit ${n}`);
  }
  ackThrough(seq: number): void {
    this.calls.push(`ack ${seq}`);
  }
}

describe('fromSource', () => {
  it('gives credit after starting, acknowledges what was taken, and stops when unsubscribed', async () => {
    const subject = new Subject<readonly Packet[]>();
    const source = new FakeSource(subject);
    const seen: number[] = [];
    const subscription = fromSource(source, { windowPackets: 10 }).subscribe((batch) => seen.push(batch.length));
    await Promise.resolve();
    subject.next(packets('1', '2'));
    subscription.unsubscribe();
    subject.next(packets('3'));
    expect(seen).toEqual([2]);
    expect(source.calls).toEqual(['start', 'credit 10', 'ack 2', 'credit 2', 'stop']);
  });

  it('holds credit back until it is told to go on', async () => {
    const subject = new Subject<readonly Packet[]>();
    const source = new FakeSource(subject);
    const held = deferred();
    fromSource(source, { windowPackets: 10, hold: () => held.promise }).subscribe();
    await Promise.resolve();
    subject.next(packets('1'));
    expect(source.calls).not.toContain('credit 1');
    held.resolve();
    await Promise.resolve();
    expect(source.calls).toContain('credit 1');
  });

  it('takes what the source still has when it is told to stop, and completes', async () => {
    const subject = new Subject<readonly Packet[]>();
    const source = new FakeSource(subject);
    source.stop = () => {
      subject.next(packets('1', '2'));
      subject.complete();
      return Promise.resolve();
    };
    const seen: (number | string)[] = [];
    const stop = new AbortController();
    fromSource(source, { signal: stop.signal }).subscribe({
      next: (batch) => seen.push(batch.length),
      complete: () => seen.push('complete'),
    });
    stop.abort();
    expect(seen).toEqual([2, 'complete']);
    const late: string[] = [];
    fromSource(source, { signal: stop.signal }).subscribe({ complete: () => late.push('complete') });
    expect(late).toEqual(['complete']);
    expect(source.calls.filter((call) => call === 'start')).toHaveLength(1);
  });

  it('has not failed when it is told to stop while it starts', async () => {
    const starting = deferred();
    const source = new FakeSource(NEVER, starting.promise);
    source.stop = () => {
      starting.reject(new Error('aborted'));
      return Promise.resolve();
    };
    const stop = new AbortController();
    const ended: string[] = [];
    fromSource(source, { signal: stop.signal }).subscribe({
      complete: () => ended.push('complete'),
      error: (error: Error) => ended.push(error.message),
    });
    stop.abort();
    await new Promise(setImmediate);
    expect(ended).toEqual(['complete']);
  });

  it('completes with the source and passes its failure on', async () => {
    const ended: string[] = [];
    const done = new Subject<readonly Packet[]>();
    fromSource(new FakeSource(done)).subscribe({ complete: () => ended.push('complete') });
    done.complete();
    const refused = new FakeSource(NEVER, Promise.reject(new Error('refused')));
    fromSource(refused).subscribe({ error: (error: Error) => ended.push(error.message) });
    await new Promise(setImmediate);
    expect(ended).toEqual(['complete', 'refused']);
    expect(refused.calls).toContain('stop');
  });
});

describe('decodeWith', () => {
  const twice: Decoder = {
    decode: (packet, emit) => {
      for (let i = 0; i < 2; i++) emit(readingOf(packet.seq, { x: Number(packet.bytes) }));
    },
  };

  it('emits one batch of frames for each batch of packets, empty ones too; completes and fails with its input', () => {
    const compared = marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const input = cold('a-b-|', { a: packets('1'), b: [] });
      const frames = [readingOf(1, { x: 1 }), readingOf(1, { x: 1 })];
      expectObservable(input.pipe(decodeWith(twice))).toBe('a-b-|', { a: frames, b: [] });
      expectSubscriptions(input.subscriptions).toBe('^---!');
      const failing = cold('a-#', { a: packets('1') });
      expectObservable(failing.pipe(decodeWith(twice))).toBe('a-#', { a: frames });
      const cut = cold('a-a-a-|', { a: packets('1') });
      expectObservable(cut.pipe(decodeWith(twice)), '^--!').toBe('a-a', { a: frames });
      expectSubscriptions(cut.subscriptions).toBe('^--!');
    });
    expect(compared).toBe(5);
  });
});

describe('alignWith', () => {
  it('emits the steps that each batch completes, and the open ones at the end', () => {
    const x = { name: 'x', aggregate: 'mean', noiseFloor: 0 } as const;
    const alignment = { ...alignSchema.parse({ stepMs: 1000 }), channels: [x] };
    const compared = marbles(({ cold, expectObservable }) => {
      const input = cold('a-b-|', { a: [reading(0, 1), reading(0.5, 3)], b: [reading(1, 7)] });
      const values = input.pipe(
        alignWith(alignment, 2),
        map((frames) => frames.map(({ data }) => data[0])),
      );
      expectObservable(values).toBe('a-b-(c|)', { a: [], b: [2], c: [7] });
    });
    expect(compared).toBe(1);
  });
});

describe('runLane', () => {
  const lane = { push: () => {}, turn: () => laneOut(1), end: () => laneOut(9) } as unknown as Lane;

  it('emits what the lane says about each batch, and at completion what it says at its end', () => {
    const compared = marbles(({ cold, expectObservable }) => {
      expectObservable(cold('a-a-|', { a: [] }).pipe(runLane(lane))).toBe('a-a-(b|)', { a: laneOut(1), b: laneOut(9) });
      expectObservable(cold('a-#', { a: [] }).pipe(runLane(lane))).toBe('a-#', { a: laneOut(1) });
      expectObservable(cold('a-a-|', { a: [] }).pipe(runLane(lane)), '^-!').toBe('a', { a: laneOut(1) });
    });
    expect(compared).toBe(3);
  });
});

describe('writeTo', () => {
  const event: KiokuEvent = { type: 'score', id: 'a', stream: 's', us: 0, score: 0.1 };

  it('passes a batch on when it is written, in order', async () => {
    const written: number[] = [];
    const sink = {
      write: async (events: readonly KiokuEvent[]) => {
        // The first takes longer: the second must wait for it.
        await new Promise((resolve) => (events.length === 1 ? setTimeout(resolve, 5) : setImmediate(resolve)));
        written.push(events.length);
      },
    } as unknown as Sink;
    const passed: number[] = [];
    const input = new Subject<readonly KiokuEvent[]>();
    const done = new Promise<void>((resolve) => {
      input.pipe(writeTo(sink)).subscribe({ next: (events) => passed.push(events.length), complete: resolve });
    });
    input.next([event]);
    input.next([event, event]);
    input.complete();
    await done;
    expect(written).toEqual([1, 2]);
    expect(passed).toEqual([1, 2]);
  });

  it('fails when the sink fails', async () => {
    const sink = { write: () => Promise.reject(new Error('disk full')) } as unknown as Sink;
    const input = new Subject<readonly KiokuEvent[]>();
    const failure = new Promise((resolve) => input.pipe(writeTo(sink)).subscribe({ error: resolve }));
    input.next([event]);
    await expect(failure).resolves.toMatchObject({ message: 'disk full' });
  });
});
