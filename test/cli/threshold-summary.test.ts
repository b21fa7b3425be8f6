import { describe, expect, it } from 'vitest';
import type { FoundThreshold, Threshold } from '../../src/core/calibration.js';
import { describeThreshold, summariseThreshold } from '../../src/cli/threshold-summary.js';

const at = (openScore: number, low: number, expected: number, high: number): Threshold => ({
  openScore,
  closeScore: 0.625 * openScore,
  ratePerWeek: { low, expected, high },
});

const found = (streams: Record<string, Threshold>, parts: Partial<FoundThreshold> = {}): FoundThreshold => ({
  alertsPerWeek: 1,
  ...at(0.5, 0.1, 1, 4),
  streams,
  from: { heldOut: true, rows: 10_800, hours: 3, exceedances: 7 },
  ...parts,
});

const described = (threshold: FoundThreshold): string => describeThreshold(summariseThreshold(threshold));

describe('what was found for alertsPerWeek', () => {
  it('is said in a line', () => {
    expect(described(found({ pump: at(0.4712, 0.31, 1, 2.96) }))).toBe(
      'opening score 0.47: about 1 alert a week (0.31 to 3) per stream, from 3 h held out',
    );
  });

  it('spans all streams', () => {
    const streams = { a: at(0.41, 0.2, 1, 2), b: at(0.58, 0.3, 1, 3), c: at(0.44, 0.3, 1, 2) };
    expect(summariseThreshold(found(streams))).toMatchObject({
      streams: 3,
      own: { openScore: { least: 0.41, most: 0.58 }, ratePerWeek: { low: 0.2, expected: 1, high: 3 } },
    });
    expect(described(found(streams))).toContain(
      'opening scores 0.41 to 0.58: about 1 alert a week (0.2 to 3) per stream, ',
    );
    expect(described(found(streams))).toContain('from 3 h held out of 3 streams');
  });

  it('is that of streams that come later where none was learnt', () => {
    expect(described(found({}))).toContain('opening score 0.5: about 1 alert a week (0.1 to 4)');
  });

  it('says when the wish cannot be had, and when nothing was held out', () => {
    const from = { heldOut: false, rows: 200, hours: 0.05, exceedances: 40 };
    expect(described(found({ a: at(1, 2, 5.3, 9) }, { from }))).toBe(
      'opening score 1: about 5.3 alerts a week (2 to 9) per stream, ' +
        'from 3 min of what was learnt, too little being held out; 1 as wished cannot be had',
    );
  });

  it('tells long rehearsals in days', () => {
    const from = { heldOut: true, rows: 10_000, hours: 833, exceedances: 40 };
    expect(described(found({ a: at(0.3, 0.5, 1, 2) }, { from }))).toContain('from 35 days held out');
  });
});
