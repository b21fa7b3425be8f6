import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import type { Extractor } from '../../../src/core/extractor.js';
import { Counters } from '../../../src/core/counters.js';
import { UserError } from '../../../src/core/errors.js';
import type { ExtractContext, ExtractKind } from '../../../src/core/kind.js';
import { silentLog } from '../../../src/core/log.js';
import { descriptorsKind } from '../../../src/feature/extract/descriptors.js';
import { logMelKind } from '../../../src/feature/extract/log-mel.js';
import { mfccKind } from '../../../src/feature/extract/mfcc.js';
import {
  audioFrame,
  audioFrames,
  extractContext,
  extractorContract,
  readingsOf,
} from '../../contracts/extractor.contract.js';

function made<S extends z.ZodType>(kind: ExtractKind<S>, options: object, context = extractContext()): Extractor {
  return kind.create(kind.schema.parse(options), context);
}

/** What is wrong with the options, by path. */
function mistakes(kind: ExtractKind<z.ZodType>, options: object): string[] {
  const result = kind.schema.safeParse(options);
  return result.success ? [] : result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

/** Messages that were logged as warnings. */
function listening(counters = new Counters()): { readonly context: ExtractContext; readonly warnings: string[] } {
  const warnings: string[] = [];
  const log = { ...silentLog, warn: (_fields: object, message: string): void => void warnings.push(message) };
  return { context: extractContext(4, counters, log), warnings };
}

describe('extract: log-mel', () => {
  it('names its channels after their frequencies, without knowing the rate', () => {
    const options = { kind: 'log-mel', melBins: 3, lowFrequencyHz: 100, highFrequencyHz: 4000 };
    expect(made(logMelKind, options).names).toEqual(['mel.545Hz', 'mel.1239Hz', 'mel.2319Hz']);
    expect(made(logMelKind, { ...options, useEnergy: true }).names[0]).toBe('logEnergy');
  });

  it('numbers them when their range depends on a rate that only the sound will tell', () => {
    expect(made(logMelKind, { kind: 'log-mel', melBins: 2 }).names).toEqual(['mel.0', 'mel.1']);
    const fixed = made(logMelKind, { kind: 'log-mel', melBins: 2, sampleRateHz: 8000 });
    expect(fixed.names[0]).toMatch(/^mel\.\d+Hz$/);
    expect(fixed.sampleRateHz).toBe(8000);
  });

  it('names the deltas, too', () => {
    const names = made(mfccKind, { kind: 'mfcc', numCeps: 2, deltas: 2 }).names;
    expect(names).toEqual([
      'logEnergy',
      'mfcc.1',
      'logEnergy.delta',
      'mfcc.1.delta',
      'logEnergy.delta2',
      'mfcc.1.delta2',
    ]);
  });

  it('refuses options that fit no rate, or not the rate that they name', () => {
    expect(mistakes(logMelKind, { kind: 'log-mel', lowFrequencyHz: 500, highFrequencyHz: 400 })).toEqual([
      'highFrequencyHz: must be above lowFrequencyHz (500 Hz)',
    ]);
    expect(mistakes(mfccKind, { kind: 'mfcc', numCeps: 24 })).toEqual(['numCeps: must be at most melBins (23)']);
    expect(mistakes(descriptorsKind, { kind: 'descriptors', descriptors: ['rms', 'rms'] })).toEqual([
      'descriptors: must name each descriptor once',
    ]);
    const options = { kind: 'log-mel', highFrequencyHz: 4000, sampleRateHz: 3200 };
    expect(() => made(logMelKind, options)).toThrow(UserError);
  });

  it('drops sound whose rate the options do not fit, counted and said once for each rate', () => {
    const counters = new Counters();
    const { context, warnings } = listening(counters);
    const extractor = made(logMelKind, { kind: 'log-mel', highFrequencyHz: 4000 }, context);
    expect(readingsOf(extractor, audioFrames('slow', 3200, 3200, [320]))).toEqual([]);
    expect(readingsOf(extractor, audioFrames('other', 3200, 3200, [320]))).toEqual([]);
    expect(counters.get('extract.unfit-rate')).toBe(20);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('20 to 4000 Hz do not fit sound of 3200 samples per second');
    expect(readingsOf(extractor, audioFrames('fast', 8000, 8000, [800])).length).toBeGreaterThan(90);
  });

  it('begins anew when a device changes its rate', () => {
    const extractor = made(logMelKind, { kind: 'log-mel', highFrequencyHz: 1500 });
    const slow = audioFrames('a', 3200, 1600, [320]);
    const fast = audioFrames('a', 8000, 4000, [800], 1_700_000_000_500_000);
    readingsOf(extractor, slow.slice(0, -1));
    const [first, ...rest] = readingsOf(made(logMelKind, { kind: 'log-mel', highFrequencyHz: 1500 }), fast);
    expect(readingsOf(extractor, fast)).toEqual([{ ...first, mark: 'gap' }, ...rest]);
  });

  it('remembers the tables of a few rates only', () => {
    const { context, warnings } = listening();
    const extractor = made(logMelKind, { kind: 'log-mel', highFrequencyHz: 4000 }, context);
    const sample = new Float64Array(1);
    const hear = (rateHz: number): void => void readingsOf(extractor, [audioFrame('a', 0, rateHz, sample)]);
    for (let rateHz = 1000; rateHz < 1020; rateHz++) hear(rateHz);
    hear(1000);
    hear(1019);
    expect(warnings).toHaveLength(21);
  });

  it('warns of bands that will always be silent', () => {
    const { context, warnings } = listening();
    made(logMelKind, { kind: 'log-mel', melBins: 128, sampleRateHz: 8000 }, context);
    expect(warnings).toEqual([expect.stringMatching(/^\d+ of 128 mel bands are narrower/)]);
    made(logMelKind, { kind: 'log-mel', melBins: 20, sampleRateHz: 8000 }, context);
    expect(warnings).toHaveLength(1);
  });

  it('gives a reading the time at which its hop begins', () => {
    const extractor = made(logMelKind, { kind: 'log-mel', edges: 'mirror', frameShiftMs: 20 });
    const readings = readingsOf(extractor, audioFrames('a', 44_100, 44_100, [4410], 1_000_000));
    expect(readings.map(({ us }) => us).slice(0, 3)).toEqual([1_000_000, 1_020_000, 1_040_000]);
    expect(readings.filter(({ data }) => data.length > 0)).toHaveLength(50);
  });
});

extractorContract('log-mel', (context) => made(logMelKind, { kind: 'log-mel', melBins: 8 }, context), 3200);
extractorContract(
  'log-mel with deltas and mirrored edges at a fixed rate',
  (context) => made(logMelKind, { kind: 'log-mel', edges: 'mirror', deltas: 2, sampleRateHz: 8000 }, context),
  8000,
);
extractorContract('mfcc', (context) => made(mfccKind, { kind: 'mfcc', edges: 'centre' }, context), 11_025);
extractorContract('descriptors', (context) => made(descriptorsKind, { kind: 'descriptors' }, context), 3200);
