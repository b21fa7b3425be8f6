import { BehaviorSubject, NEVER } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ArrivalClock } from '../src/arrival-clock.js';
import type { Lane, LaneOut, Source, SourceStatus } from '../src/core/contracts.js';
import { Counters } from '../src/core/counters.js';
import { packetOf } from './support/readings.js';

const START_MS = 1_700_000_000_000;
const NOTHING: LaneOut = { events: [], through: new Map(), steps: 0 };

beforeEach(() => {
  vi.useFakeTimers({ now: START_MS, toFake: ['Date', 'performance', 'setInterval', 'clearInterval'] });
});
afterEach(() => {
  vi.useRealTimers();
});

function setUp(clock: Source['clock'] = 'live', status: SourceStatus = 'up') {
  const calls: string[] = [];
  const lane = {
    tick: (us: number) => {
      calls.push(`tick ${us / 1000 - START_MS}`);
      return NOTHING;
    },
    forgive: (us: number) => calls.push(`forgive ${us / 1000 - START_MS}`),
  } as unknown as Lane;
  const statuses = new BehaviorSubject<SourceStatus>(status);
  const source = { clock, status: statuses, packets: NEVER } as unknown as Source;
  const counters = new Counters();
  return { calls, statuses, counters, arrival: new ArrivalClock(source, lane, counters) };
}

const packetAt = (ms: number) => [packetOf('1', { arrivedUs: (START_MS + ms) * 1000 })];

describe('the arrival clock', () => {
  it('ticks while a live source is up, and not while it is down', () => {
    const { calls, statuses, arrival } = setUp();
    const ticking = arrival.ticks().subscribe();
    calls.length = 0;
    vi.advanceTimersByTime(500);
    statuses.next('down');
    vi.advanceTimersByTime(1000);
    expect(calls).toEqual(['tick 250', 'tick 500']);
    statuses.next('up');
    vi.advanceTimersByTime(250);
    expect(calls.slice(2)).toEqual(['forgive 1500', 'tick 1750']);
    ticking.unsubscribe();
    vi.advanceTimersByTime(1000);
    expect(calls).toHaveLength(4);
  });

  it('forgives what comes before the source says that it is up again', () => {
    const { calls, statuses, arrival } = setUp();
    arrival.ticks().subscribe();
    statuses.next('down');
    calls.length = 0;
    arrival.arrived(packetAt(9000));
    expect(calls).toEqual(['forgive 9000']);
  });

  it('forgives when this machine gets another time', () => {
    const { calls, counters, arrival } = setUp();
    arrival.ticks().subscribe();
    calls.length = 0;
    vi.advanceTimersByTime(250);
    vi.setSystemTime(START_MS + 1_000_000_000);
    vi.advanceTimersByTime(250);
    expect(calls).toEqual(['tick 250', 'forgive 1000000250', 'tick 1000000250']);
    expect(counters.get('pipeline.clock-set')).toBe(1);
  });

  it('forgives when this process was held up: what came meanwhile is not read yet', () => {
    const { calls, counters, statuses, arrival } = setUp();
    arrival.ticks().subscribe();
    calls.length = 0;
    vi.setSystemTime(START_MS + 30_000);
    const ran = vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 30_000);
    vi.advanceTimersByTime(250);
    expect(calls).toEqual(['forgive 30250', 'tick 30250']);
    expect(counters.toJSON()).toEqual({ 'pipeline.stalled': 1 });
    ran.mockRestore();
    statuses.next('down');
    vi.setSystemTime(START_MS + 500);
    vi.advanceTimersByTime(60_000);
    statuses.next('up');
    vi.advanceTimersByTime(250);
    expect(counters.get('pipeline.stalled')).toBe(1);
  });

  it('leaves a replay alone: its time is in the data', () => {
    const { calls, arrival } = setUp('data');
    let completed = false;
    arrival.ticks().subscribe({ complete: () => (completed = true) });
    arrival.arrived(packetAt(-5_000_000));
    vi.advanceTimersByTime(5000);
    expect(completed).toBe(true);
    expect(calls).toEqual([]);
  });
});
