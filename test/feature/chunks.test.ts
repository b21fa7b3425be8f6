import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Frame, FrameExtractor } from '../../src/core/contracts.js';
import { BugError, UserError } from '../../src/core/errors.js';
import { uniform } from '../../src/core/random.js';
import { ChunkedFrames, type ChunkShape } from '../../src/feature/chunks.js';
import { recogniserFrames } from '../../src/feature/log-mel.js';
import { emptyBatch, featureContract } from '../contracts/feature.contract.js';

const HOP = 4;
const WINDOW = 6;

/** Frame k is [sum of samples 4k … 4k + 5, sample 4k]; at the end there are as many as there are whole hops. */
class SumFrames implements FrameExtractor {
  readonly names = ['sum', 'first'];
  readonly width = 2;
  readonly hopSamples = HOP;
  #samples: number[] = [];
  #taken = 0;
  #flushed = false;

  push(samples: Float64Array, from: number, n: number): void {
    this.#samples.push(...samples.subarray(from, from + n));
  }

  get ready(): number {
    const hops = Math.floor(this.#samples.length / HOP);
    const whole = Math.max(0, Math.floor((this.#samples.length - WINDOW) / HOP) + 1);
    return (this.#flushed ? hops : whole) - this.#taken;
  }

  take(out: Float32Array, at: number): void {
    const first = HOP * this.#taken++;
    out[at] = this.#samples.slice(first, first + WINDOW).reduce((sum, value) => sum + value, 0);
    out[at + 1] = this.#samples[first];
  }

  flush(): void {
    this.#flushed = true;
  }

  reset(): void {
    this.#samples = [];
    this.#taken = 0;
    this.#flushed = false;
  }

  save(): Uint8Array {
    return new Uint8Array(Float64Array.of(this.#taken, Number(this.#flushed), ...this.#samples).buffer);
  }

  load(bytes: Uint8Array): void {
    if (bytes.length < 16 || bytes.length % 8 !== 0) throw new UserError('SNAPSHOT_INVALID', 'not saved by this');
    const [taken, flushed, ...samples] = new Float64Array(bytes.slice().buffer);
    this.#taken = taken;
    this.#flushed = flushed === 1;
    this.#samples = samples;
  }
}

const SMALL: ChunkShape = { chunkFrames: 5, shiftFrames: 2, features: { sampleRateHz: 400 } };

function audio(samples: ArrayLike<number>, us = 0, seq = 1, rest: Partial<Frame> = {}): Frame {
  const rateHz = rest.signal?.kind === 'audio' ? rest.signal.rateHz : SMALL.features.sampleRateHz;
  return {
    stream: 'mic',
    source: 0,
    seq,
    us,
    arrivedUs: us,
    signal: { kind: 'audio', rateHz, channels: 1 },
    data: Float64Array.from(samples),
    ...rest,
  };
}

interface Row {
  readonly us: number;
  readonly seq: number;
  readonly gap: number;
  readonly data: readonly number[];
}

/** Everything that is ready in slot 0. */
function rowsOf(feature: ChunkedFrames): Row[] {
  const batch = emptyBatch(1, feature.names.length);
  const rows: Row[] = [];
  while (feature.take(batch) > 0) {
    rows.push({ us: batch.us[0], seq: batch.seq[0], gap: batch.gap[0], data: [...batch.data] });
  }
  return rows;
}

function opened(shape = SMALL, make: () => FrameExtractor = () => new SumFrames()): ChunkedFrames {
  const feature = new ChunkedFrames(shape, make, 1);
  feature.open(0, 'mic');
  return feature;
}

/** 1, 2, 3, …, so that a sample tells its place. */
function counting(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i + 1);
}

const frames = fc
  .array(fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 30, maxLength: 60 }), { maxLength: 4 })
  .map((list) => list.map((samples, i) => audio(samples, 7_000_000 + i, i + 1)));

featureContract('ChunkedFrames', () => new ChunkedFrames(SMALL, () => new SumFrames(), 4), frames);

describe('ChunkedFrames', () => {
  it('gives a chunk only when one frame more than it holds is there', () => {
    const feature = opened();
    feature.push(0, audio(counting(HOP * 4 + WINDOW)));
    expect(rowsOf(feature)).toEqual([]);
    feature.push(0, audio(counting(HOP - 1), 0, 2));
    expect(rowsOf(feature)).toEqual([]);
    feature.push(0, audio([1], 0, 3));
    expect(rowsOf(feature)).toHaveLength(1);
  });

  it('advances by the shift and sees what lies beyond it twice; times count from the first sample', () => {
    const feature = opened();
    feature.push(0, audio(counting(60), 5_000_000));
    const rows = rowsOf(feature);
    const firsts = rows.map(({ data }) => data.filter((_, i) => i % 2 === 1));
    expect(firsts.slice(0, 3)).toEqual([
      [1, 5, 9, 13, 17],
      [9, 13, 17, 21, 25],
      [17, 21, 25, 29, 33],
    ]);
    expect(rows.map(({ us }) => us)).toEqual(rows.map((_, k) => 5_000_000 + k * 20_000));
    expect(feature.shiftUs).toBe(20_000);
  });

  it('advances over every real frame after a flush, and leaves nothing behind', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 120 }), (n) => {
        const feature = opened();
        feature.push(0, audio(counting(n)));
        feature.flush(0);
        feature.flush(0);
        const firsts = rowsOf(feature).map(({ data }) => data.filter((_, i) => i % 2 === 1));
        const advanced = firsts.flatMap((chunk) => chunk.slice(0, SMALL.shiftFrames)).filter((sample) => sample > 0);
        expect(advanced).toEqual(Array.from({ length: Math.ceil(n / HOP) }, (_, k) => 1 + HOP * k));
        expect(rowsOf(feature)).toEqual([]);
      }),
    );
  });

  it('pads by the chunk of the model and the time in which it may still tell of the last word', () => {
    expect(opened().tailPaddingMs).toBe((5 + 36) * 10);
    const feature = opened();
    feature.push(0, audio(counting(4)));
    feature.flush(0);
    // 1 real frame and 41 of silence: as many chunks as have a frame behind them.
    expect(rowsOf(feature)).toHaveLength(Math.ceil((42 - 5) / 2));
  });

  it('has nothing to flush before the first sample', () => {
    const feature = opened();
    feature.flush(0);
    feature.push(0, audio([]));
    feature.flush(0);
    expect(rowsOf(feature)).toEqual([]);
  });

  it('begins anew with a gap after a flush, and not before its chunks were taken', () => {
    const feature = opened();
    feature.push(0, audio(counting(40)));
    feature.flush(0);
    expect(() => feature.push(0, audio([1]))).toThrow(BugError);
    rowsOf(feature);
    feature.push(0, audio(counting(40), 9_000_000, 2));
    const [first, second] = rowsOf(feature);
    expect(first).toMatchObject({ us: 9_000_000, gap: 1, seq: 2 });
    expect(second.gap).toBe(0);
  });

  it('takes audio after a gap only when what came before was flushed', () => {
    const feature = opened();
    feature.push(0, audio(counting(10)));
    expect(() => feature.push(0, audio([1], 0, 2, { mark: 'gap' }))).toThrow(BugError);
    feature.open(0, 'mic');
    feature.push(0, audio(counting(40), 4_000_000, 3, { mark: 'gap' }));
    expect(rowsOf(feature)[0]).toMatchObject({ us: 4_000_000, gap: 1 });
  });

  it('refuses what is not mono audio of the rate of the model', () => {
    const feature = opened();
    for (const [rateHz, channels] of [
      [8000, 1],
      [400, 2],
    ]) {
      const frame = audio([1, 2], 0, 1, { signal: { kind: 'audio', rateHz, channels } });
      expect(() => feature.push(0, frame)).toThrow(BugError);
    }
  });

  it('gives the log-mel frames that the extractor makes of the same samples', () => {
    const features = { sampleRateHz: 16_000, melBins: 80, lowFrequencyHz: 20, highFrequencyHz: -400, sampleScale: 1 };
    const make = recogniserFrames(features);
    const samples = Float64Array.from({ length: 9000 }, (_, i) => uniform(1, 0, i) - 0.5);
    const direct = make();
    direct.push(samples, 0, samples.length);
    const expected = new Float32Array(direct.ready * direct.width);
    for (let k = 0; direct.ready > 0; k++) direct.take(expected, k * direct.width);

    const feature = opened({ chunkFrames: 9, shiftFrames: 4, features }, make);
    for (let from = 0, n = 1; from < samples.length; from += n, n = (n * 7) % 1601) {
      const piece = samples.subarray(from, from + n);
      feature.push(0, audio(piece, from * 62.5, from + 1, { signal: { kind: 'audio', rateHz: 16_000, channels: 1 } }));
    }
    const rows = rowsOf(feature);
    expect(rows.length).toBeGreaterThan(10);
    rows.forEach(({ data, us }, k) => {
      expect(us).toBe(k * 40_000);
      expect(data).toEqual([...expected.subarray(k * 4 * 80, (k * 4 + 9) * 80)]);
    });
    expect(feature.tailPaddingMs).toBe(450);
  });
});
