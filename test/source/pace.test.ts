import { describe, expect, it } from 'vitest';
import { type Clock, Pace } from '../../src/source/pace.js';
import type { Row } from '../../src/source/rows.js';

function rowsAt(...seconds: number[]): Row[] {
  return seconds.map((second) => ({ us: second * 1e6, topic: 't', bytes: new Uint8Array() }));
}

/** A clock that moves only when somebody sleeps. */
class FakeClock implements Clock {
  ms = 5000;

  nowMs(): number {
    return this.ms;
  }

  sleep(ms: number): Promise<void> {
    this.ms += ms;
    return Promise.resolve();
  }
}

async function play(speed: number | 'full', ...seconds: number[]): Promise<[atMs: number, seconds: number[]][]> {
  const clock = new FakeClock();
  const pace = new Pace(speed, new AbortController().signal, clock);
  const emitted: [number, number[]][] = [];
  await pace.walk(rowsAt(...seconds), (due) => emitted.push([clock.ms - 5000, due.map(({ us }) => us / 1e6)]));
  return emitted;
}

describe('pace', () => {
  it('gives everything at once at full speed', async () => {
    expect(await play('full', 100, 101, 5000)).toEqual([[0, [100, 101, 5000]]]);
  });

  it('keeps the time of the data, times the speed', async () => {
    const real = await play(1, 100, 100, 101, 103.5);
    expect(real).toEqual([
      [0, [100, 100]],
      [1000, [101]],
      [3500, [103.5]],
    ]);
    expect(await play(10, 100, 100, 101, 103.5)).toEqual(real.map(([ms, due]) => [ms / 10, due]));
  });

  it('does not wait for a time that is past', async () => {
    expect(await play(1, 100, 40, 101)).toEqual([
      [0, [100, 40]],
      [1000, [101]],
    ]);
  });

  it('waits longer than one timer can', async () => {
    const days60 = 60 * 86_400;
    expect(await play(1, 0, days60)).toEqual([
      [0, [0]],
      [days60 * 1000, [days60]],
    ]);
  });

  it('goes on from where the last batch was', async () => {
    const clock = new FakeClock();
    const pace = new Pace(1, new AbortController().signal, clock);
    const at: number[] = [];
    await pace.walk(rowsAt(10), () => at.push(clock.ms));
    await pace.walk(rowsAt(12), () => at.push(clock.ms));
    expect(at).toEqual([5000, 7000]);
  });

  it('gives up when it is aborted', async () => {
    const abort = new AbortController();
    const pace = new Pace(1, abort.signal);
    const emitted: number[] = [];
    const walked = pace.walk(rowsAt(0, 1e6), (due) => emitted.push(due.length));
    abort.abort();
    await walked;
    expect(emitted).toEqual([1]);
  });
});
