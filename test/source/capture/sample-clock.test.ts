import { describe, expect, it } from 'vitest';
import { SampleClock } from '../../../src/source/capture/sample-clock.js';

const PIECE_MS = 50;

/** Pieces of 50 ms recorded on a clock that gains `ppm`, each arriving `delayMs(i)` after it was recorded. */
function hear(clock: SampleClock, pieces: number, delayMs: (i: number) => number, ppm = 0): number {
  const lengthMs = PIECE_MS * (1 - ppm / 1e6);
  let recordedMs = 0;
  for (let i = 0; i < pieces; i++) {
    recordedMs += lengthMs;
    clock.advance(PIECE_MS, recordedMs + delayMs(i));
  }
  return recordedMs;
}

describe('when samples were recorded', () => {
  it('is told without the delays of single pieces', () => {
    const clock = new SampleClock();
    const recordedMs = hear(clock, 1000, (i) => (i % 10 === 0 ? 5 : 5 + ((i * 7919) % 40)));
    expect(clock.endMs - recordedMs).toBeGreaterThanOrEqual(5);
    expect(clock.endMs - recordedMs).toBeLessThan(10);
  });

  it('is told at once when the first piece was late', () => {
    const clock = new SampleClock();
    const recordedMs = hear(clock, 2, (i) => (i === 0 ? 300 : 5));
    expect(clock.endMs).toBeCloseTo(recordedMs + 5);
  });

  it.each([200, -200])('follows a sound card that is off by %i ppm', (ppm) => {
    const clock = new SampleClock();
    // An hour, in which such a clock goes wrong by 720 ms.
    const recordedMs = hear(clock, 72_000, () => 5, ppm);
    expect(Math.abs(clock.endMs - recordedMs - 5)).toBeLessThan(2);
  });
});

describe('what was lost', () => {
  it('is the time between the last sample before and the first after', () => {
    const clock = new SampleClock();
    const recordedMs = hear(clock, 100, () => 5);
    expect(clock.resume(PIECE_MS, recordedMs + 5 + 1200 + PIECE_MS)).toBeCloseTo(1200);
    expect(clock.endMs).toBe(recordedMs + 1255);
  });

  it('is known although this process was held up, and what was recorded before came in a burst', () => {
    const clock = new SampleClock();
    const recordedMs = hear(clock, 100, () => 5);
    // Two seconds of audio had been kept for ten seconds of standstill.
    for (let i = 0; i < 40; i++) clock.advance(PIECE_MS, recordedMs + 10_000);
    expect(Math.abs(clock.resume(PIECE_MS, recordedMs + 10_000 + PIECE_MS) - 8000)).toBeLessThan(50);
  });

  it('is nothing before the first sample, and never negative', () => {
    const clock = new SampleClock();
    expect(clock.resume(PIECE_MS, 1000)).toBe(0);
    expect(clock.resume(PIECE_MS, 1010)).toBe(0);
  });
});
