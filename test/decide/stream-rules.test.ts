import { describe, expect, it } from 'vitest';
import type { AlertEvidence, Calibration } from '../../src/core/calibration.js';
import { silentLog } from '../../src/core/log.js';
import { schema } from '../../src/decide/anomaly-options.js';
import { CALIBRATION_VERSION } from '../../src/decide/calibration.js';
import { StreamRules } from '../../src/decide/stream-rules.js';
import { openScoresFor } from '../../src/decide/thresholds.js';
import { cardOf, STEP_US } from './watch.js';

const quiet: AlertEvidence = { rows: 5000, readyRows: 4800, alerts: 12, capped: 0, excess: 12 * 0.043 };
const loud: AlertEvidence = { rows: 5000, readyRows: 3000, alerts: 60, capped: 0, excess: 60 * 0.3 };

function calibrationOf(streams: Record<string, AlertEvidence>): Calibration {
  const rules = { minDurationUs: 3 * STEP_US, closeAfterUs: 10 * STEP_US, coolDownUs: 30 * STEP_US };
  return { decider: CALIBRATION_VERSION, streams: {}, rehearsal: { heldOut: true, baseScore: 0.2, ...rules, streams } };
}

function rulesOf(options: object, streams: Record<string, AlertEvidence>): StreamRules {
  const card = cardOf(1, 'gaussian', calibrationOf(streams));
  return new StreamRules(schema.parse({ kind: 'anomaly', ...options }), { card, log: silentLog });
}

/** Scores for one alert a week of steps of a second. */
function scoresOf(streams: Record<string, AlertEvidence>) {
  const { rehearsal } = calibrationOf(streams);
  return rehearsal === undefined ? undefined : openScoresFor(1, rehearsal, STEP_US);
}

const fleet = (others: number, one: AlertEvidence): Record<string, AlertEvidence> => ({
  one,
  ...Object.fromEntries(Array.from({ length: others }, (_, i) => [`pump-${i}`, quiet])),
});

describe('rules of streams', () => {
  it('are those of the configuration for all, unless alerts are wished for', () => {
    const rules = rulesOf({ openScore: 0.5, closeScore: 0.3 }, { one: loud });
    rules.open(0, 'one');
    expect(rules.of(0)).toBe(rules.common);
    expect(rules.common).toMatchObject({ openScore: 0.5, closeScore: 0.3 });
  });

  it('go with the stream, whichever slot it is in and whoever was in it before', () => {
    const rules = rulesOf({ alertsPerWeek: 1 }, { one: loud, two: quiet });
    rules.open(0, 'one');
    rules.open(1, 'two');
    rules.open(2, 'stranger');
    expect(rules.of(0)).toBe(rules.ofStream('one'));
    expect(rules.of(0).openScore).toBeGreaterThan(rules.of(1).openScore);
    expect(rules.of(2)).toBe(rules.common);
    rules.open(0, 'stranger');
    expect(rules.of(0)).toBe(rules.common);
    rules.open(0, 'two');
    expect(rules.of(0)).toBe(rules.of(1));
    rules.leave(1);
    expect(rules.of(1)).toBe(rules.common);
  });

  it('close at five eighths of the score that was found, and keep all else', () => {
    const { common } = rulesOf({ alertsPerWeek: 1, coolDownMs: 7000 }, { one: quiet });
    expect(common.closeScore).toBeCloseTo(0.625 * common.openScore, 12);
    expect(common).toMatchObject({ coolDownUs: 7_000_000, minDurationUs: 3 * STEP_US });
  });
});

describe('opening scores of a fleet', () => {
  it('are not raised by one pump that is broken, only its own is', () => {
    const among = scoresOf(fleet(9, loud));
    const without = scoresOf(fleet(9, quiet));
    const risen = (stream: string): number =>
      (among?.streams.get(stream) ?? NaN) - (without?.streams.get(stream) ?? NaN);
    expect(risen('pump-0')).toBeLessThan(0.05);
    expect((among?.others ?? NaN) - (without?.others ?? NaN)).toBeLessThan(0.1);
    expect(risen('one')).toBeGreaterThan(0.2);
  });

  it('are raised for a pump of which little is known by what most others are like', () => {
    const little: AlertEvidence = { rows: 50, readyRows: 50, alerts: 0, capped: 0, excess: 0 };
    const amongLoud = scoresOf({ one: little, a: loud, b: loud, c: loud, d: loud });
    const amongQuiet = scoresOf({ one: little, a: quiet, b: quiet, c: quiet, d: quiet });
    expect(amongLoud?.streams.get('one')).toBeGreaterThan((amongQuiet?.streams.get('one') ?? NaN) + 0.1);
  });
});
