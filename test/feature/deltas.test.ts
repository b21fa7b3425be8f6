import { describe, expect, it } from 'vitest';
import type { FrameExtractor } from '../../src/core/contracts.js';
import { Deltas } from '../../src/feature/deltas.js';
import { FramedExtractor, type FrameTransform } from '../../src/feature/framed.js';
import { LogMel } from '../../src/feature/log-mel.js';
import { logMelOptions } from '../../src/feature/mel-options.js';
import { frameExtractorContract } from '../contracts/frame-extractor.contract.js';
import { vectorsOf } from './reference.js';

/** Every sample is a vector of one value. */
function samplesThemselves(): FrameExtractor {
  const frame = [0];
  const transform: FrameTransform = {
    framing: { frameSamples: 1, hopSamples: 1, edges: 'snip' },
    names: ['x'],
    frame,
    memory: 0,
    compute: (_memory, out, at) => {
      out[at] = frame[0];
    },
  };
  return new FramedExtractor(transform);
}

function column(order: 1 | 2, reach: number, values: readonly number[], column: number): number[] {
  const extractor = new Deltas(samplesThemselves(), order, reach);
  const vectors = vectorsOf(extractor, Float64Array.from(values), [1]);
  return values.map((_, i) => vectors[i * extractor.width + column]);
}

const VALUES = [1, 4, 9, 2, -3, 0, 5, 5];

describe('deltas', () => {
  it('are Σ j·(x[t + j] − x[t − j]) / 2·Σ j², worked out by hand, with the first and the last value repeated', () => {
    const reach2 = [1.9, 1, -1, -2, -1, 1.4, 2.1, 1];
    const reach1 = [1.5, 4, -1, -6, -1, 4, 2.5, 0];
    column(1, 2, VALUES, 1).forEach((value, i) => expect(value).toBeCloseTo(reach2[i], 6));
    column(1, 1, VALUES, 1).forEach((value, i) => expect(value).toBeCloseTo(reach1[i], 6));
  });

  it('stand beside the vector itself', () => {
    expect(column(2, 2, VALUES, 0)).toEqual(VALUES);
  });

  it('of deltas are what the deltas of the deltas are, away from the edges', () => {
    const long = Array.from({ length: 30 }, (_, i) => Math.sin(i * i));
    const deltas = column(1, 2, long, 1);
    const twice = column(1, 2, deltas, 1);
    const second = column(2, 2, long, 2);
    for (let i = 4; i < 26; i++) expect(second[i]).toBeCloseTo(twice[i], 6);
  });

  it('of a straight line are its slope, their deltas 0', () => {
    const line = Array.from({ length: 20 }, (_, i) => 3 * i);
    expect(column(2, 3, line, 1)[10]).toBeCloseTo(3, 6);
    expect(column(2, 3, line, 2)[10]).toBeCloseTo(0, 6);
  });

  it('wait for as many vectors as they look ahead', () => {
    const extractor = new Deltas(samplesThemselves(), 2, 2);
    const ready = VALUES.map((value) => {
      extractor.push(Float64Array.of(value), 0, 1);
      return extractor.ready;
    });
    expect(ready).toEqual([0, 0, 0, 0, 1, 2, 3, 4]);
    extractor.flush();
    expect(extractor.ready).toBe(8);
  });
});

const transform = new LogMel(logMelOptions({ melBins: 5, edges: 'mirror' }), 2000);
frameExtractorContract('Deltas', () => new Deltas(new FramedExtractor(transform), 2, 2), 700);
