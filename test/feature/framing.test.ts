import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { doubles } from '../../src/core/doubles.js';
import { EDGES, Framer, type Framing } from '../../src/feature/framing.js';

/** Frames of samples 0, 1, 2, … n − 1 pushed in pieces of `size`, taken when ready or all at the end. */
function frames(framing: Framing, n: number, size: number, takes = true): number[][] {
  const framer = new Framer(framing);
  const samples = Float64Array.from({ length: n }, (_, i) => i);
  const out = doubles(framing.frameSamples);
  const all: number[][] = [];
  const drain = (): void => {
    while (framer.ready > 0) {
      framer.take(out);
      all.push([...out]);
    }
  };
  for (let from = 0; from < n; from += size) {
    framer.push(samples, from, Math.min(size, n - from));
    if (takes) drain();
  }
  framer.flush();
  drain();
  return all;
}

/** The same by the definition: sample numbers beyond the edges are folded back one step at a time. */
function framesByHand({ frameSamples, hopSamples, edges }: Framing, n: number): number[][] {
  const half = Math.floor(frameSamples / 2);
  const start = { snip: 0, mirror: Math.floor(hopSamples / 2) - half, centre: -half }[edges];
  const count = {
    snip: n < frameSamples ? 0 : 1 + Math.floor((n - frameSamples) / hopSamples),
    mirror: Math.floor((n + Math.floor(hopSamples / 2)) / hopSamples),
    // As torch counts the frames of a signal that was padded by half a frame at both ends.
    centre: n === 0 ? 0 : 1 + Math.floor((n + 2 * half - frameSamples) / hopSamples),
  }[edges];
  const included = edges === 'mirror' ? 1 : 0;
  const fold = (i: number): number => {
    if (i >= 0 && i < n) return i;
    if (n === 1) return 0;
    return fold(i < 0 ? -i - included : 2 * (n - 1) - i + included);
  };
  return Array.from({ length: Math.max(0, count) }, (_, k) =>
    Array.from({ length: frameSamples }, (_, i) => fold(k * hopSamples + start + i)),
  );
}

describe('frames of endless samples', () => {
  it.each(EDGES)('%s: are those of the definition, for any lengths and however the samples are cut', (edges) => {
    const lengths = fc.record({
      frameSamples: fc.integer({ min: 2, max: 40 }),
      hopSamples: fc.integer({ min: 1, max: 50 }),
      n: fc.nat(200),
      size: fc.integer({ min: 1, max: 70 }),
    });
    fc.assert(
      fc.property(lengths, fc.boolean(), ({ frameSamples, hopSamples, n, size }, takes) => {
        const framing = { frameSamples, hopSamples, edges };
        expect(frames(framing, n, size, takes)).toEqual(framesByHand(framing, n));
      }),
      { numRuns: 400 },
    );
  });

  it('become ready with the sample that completes them: 280 for the first of a recogniser, then every 160', () => {
    const framer = new Framer({ frameSamples: 400, hopSamples: 160, edges: 'mirror' });
    const one = new Float64Array(1);
    const readyAt: number[] = [];
    for (let n = 1; n <= 1000; n++) {
      const before = framer.ready;
      framer.push(one, 0, 1);
      if (framer.ready > before) readyAt.push(n);
    }
    expect(readyAt).toEqual([280, 440, 600, 760, 920]);
  });

  it('need no more memory for a long stream than for a short one', () => {
    const framer = new Framer({ frameSamples: 400, hopSamples: 160, edges: 'mirror' });
    const piece = new Float64Array(1600);
    const out = doubles(400);
    const run = (pieces: number): number => {
      for (let i = 0; i < pieces; i++) {
        framer.push(piece, 0, piece.length);
        while (framer.ready > 0) framer.take(out);
      }
      return framer.save().length;
    };
    const short = run(10);
    expect(run(1000)).toBe(short);
    expect(short).toBeLessThan(500);
  });
});
