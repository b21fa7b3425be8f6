import * as fc from 'fast-check';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Frame, Lane, LaneOut } from '../src/core/contracts.js';
import type { KiokuEvent } from '../src/core/events.js';
import { LocalLane } from '../src/lane-host.js';
import { openTestLane, reading, readings } from './support/lanes.js';
import { GRU, kiokuModel, writeModel } from './support/step-model.js';

const FULL_BATCH = 256;

/** Every frame is a row; says in `steps` how many rows a turn took. */
class CountingLane implements Lane {
  readonly streams = [];
  rowsWaiting = 0;
  closed = false;
  fails = false;

  push(frames: readonly Frame[]): void {
    this.rowsWaiting += frames.length;
  }

  turn(): LaneOut {
    if (this.fails) throw new Error('the net has failed');
    const steps = this.rowsWaiting;
    this.rowsWaiting = 0;
    return { events: [], through: new Map(), steps };
  }

  tick(): LaneOut {
    return this.turn();
  }

  end(): LaneOut {
    return this.turn();
  }

  close(): void {
    this.closed = true;
  }

  forgive(): void {}
  snapshot = this.#none;
  evict = this.#none;
  restore(): void {}

  get #none(): () => never {
    return () => {
      throw new Error('this lane remembers nothing');
    };
  }
}

function host(maxDelayMs: number): { lane: CountingLane; host: LocalLane; steps: number[] } {
  const lane = new CountingLane();
  const local = new LocalLane(lane, maxDelayMs);
  const steps: number[] = [];
  local.out.subscribe((out) => steps.push(out.steps));
  return { lane, host: local, steps };
}

const frames = (n: number): Frame[] => Array.from({ length: n }, (_, second) => reading('a', second));

describe('a lane on this thread', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    const left = vi.getTimerCount();
    vi.useRealTimers();
    if (left > 0) throw new Error(`${left} timers are left`);
  });

  it('without a delay steps all frames as they come', () => {
    const { host: local, steps } = host(0);
    local.push(frames(1));
    local.push(frames(3));
    expect(steps).toEqual([1, 3]);
  });

  it('steps when the oldest row has waited for the delay, whatever came after it', () => {
    const { host: local, steps } = host(5);
    local.push(frames(1));
    vi.advanceTimersByTime(4);
    local.push(frames(2));
    expect(steps).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(steps).toEqual([3]);
    vi.advanceTimersByTime(4);
    local.push(frames(1));
    vi.advanceTimersByTime(4);
    expect(steps).toEqual([3]);
    vi.advanceTimersByTime(1);
    expect(steps).toEqual([3, 1]);
  });

  it('steps at once when a batch is full', () => {
    const { host: local, steps } = host(1000);
    local.push(frames(FULL_BATCH - 1));
    expect(steps).toEqual([]);
    local.push(frames(1));
    expect(steps).toEqual([FULL_BATCH]);
  });

  it('says what it has to say also when no row is waiting', () => {
    const { host: local, steps } = host(5);
    local.push([]);
    vi.advanceTimersByTime(5);
    expect(steps).toEqual([0]);
  });

  it('waits no longer when the clock is told, the source ends or it is closed', async () => {
    const { host: local, steps, lane } = host(5);
    local.push(frames(1));
    local.tick(0);
    expect(vi.getTimerCount()).toBe(0);
    local.push(frames(2));
    local.end();
    expect(steps).toEqual([1, 2]);
    const other = host(5);
    other.host.push(frames(1));
    await other.host.close();
    expect(other.lane.closed).toBe(true);
    expect(lane.closed).toBe(false);
  });

  it('tells whoever listens when the net fails at the deadline', () => {
    const lane = new CountingLane();
    const local = new LocalLane(lane, 5);
    const errors: unknown[] = [];
    local.out.subscribe({ error: (error: unknown) => errors.push(error) });
    local.push(frames(1));
    lane.fails = true;
    vi.advanceTimersByTime(5);
    expect(errors).toEqual([new Error('the net has failed')]);
  });
});

describe('what a lane says', () => {
  let model: string;
  beforeAll(async () => {
    model = await writeModel(await mkdtemp(join(tmpdir(), 'kioku-host-')), kiokuModel(GRU, 'fused'));
  });
  afterAll(() => rm(model, { recursive: true }));

  it('does not depend on the delay', async () => {
    const streams = ['a', 'bb', 'c'];
    const all = readings(streams, 140, 90);
    const pause = fc.record({ frames: fc.integer({ min: 1, max: 60 }), ms: fc.integer({ min: 0, max: 9 }) });
    const run = async (delayMs: number, pauses: readonly { frames: number; ms: number }[]): Promise<KiokuEvent[]> => {
      vi.useFakeTimers();
      const local = new LocalLane(await openTestLane(model, { maxStreams: 4 }), delayMs);
      const events: KiokuEvent[] = [];
      local.out.subscribe((out) => events.push(...out.events));
      for (let at = 0, i = 0; at < all.length; i++) {
        const { frames: n, ms } = pauses[i % pauses.length];
        local.push(all.slice(at, (at += n)));
        vi.advanceTimersByTime(ms);
      }
      local.end();
      await local.close();
      vi.useRealTimers();
      return events;
    };
    const expected = await run(0, [{ frames: 1, ms: 1 }]);
    expect(expected.some(({ type }) => type === 'incident')).toBe(true);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 20 }),
        fc.array(pause, { minLength: 1, maxLength: 5 }),
        async (delay, pauses) => {
          const events = await run(delay, pauses);
          for (const stream of streams) {
            const of = (list: readonly KiokuEvent[]): KiokuEvent[] => list.filter((event) => event.stream === stream);
            expect(of(events)).toEqual(of(expected));
          }
        },
      ),
      { numRuns: 15 },
    );
  });
});
