import { describe, expect, it } from 'vitest';
import { AlertLadder } from '../../src/decide/alert-ladder.js';
import { rulesOf, schema } from '../../src/decide/anomaly-options.js';
import { clearIncidents, advance, INCIDENT_FIELDS, type IncidentRules } from '../../src/decide/incidents.js';
import { uniforms } from './signals.js';

const STEP_US = 1_000_000;
const rules = rulesOf(schema.parse({ kind: 'anomaly' }), STEP_US);

/** A quiet stream in which each burst lasts some rows. @param bursts first row → score, rows */
function scoresOf(rows: number, bursts: Readonly<Record<number, readonly [number, number]>>): Float64Array {
  const scores = new Float64Array(rows).fill(0.01);
  for (const [from, [score, length]] of Object.entries(bursts)) scores.fill(score, Number(from), Number(from) + length);
  return scores;
}

function climb(streams: readonly Float64Array[], own: IncidentRules = rules): AlertLadder {
  const ladder = new AlertLadder(own);
  streams.forEach((scores, slot) => {
    ladder.begin(slot, `s${slot}`);
    scores.forEach((score, row) => ladder.take(slot, score, score, row * STEP_US, false));
  });
  return ladder;
}

describe('ladder of opening scores', () => {
  it('counts what lasts as one alert, by how high the opening score could have been', () => {
    const bursts = { 100: [0.31, 5], 300: [0.51, 5], 500: [0.9, 1], 700: [0.15, 5] } as const;
    const { streams, baseScore, heldOut } = climb([scoresOf(1000, bursts)]).rehearsal(true);
    expect(baseScore).toBe(0.2);
    expect(heldOut).toBe(true);
    // The spike of a single row is no alert; the last burst does not reach the base.
    expect(streams['s0']).toMatchObject({ rows: 1000, alerts: 2, capped: 0 });
    expect(streams['s0'].excess).toBeGreaterThan(0.11 + 0.31 - 0.03);
    expect(streams['s0'].excess).toBeLessThan(0.11 + 0.31 + 0.03);
    // Open for 5 rows, 10 of calm, then 100 of cooling down, twice.
    expect(streams['s0'].readyRows).toBeGreaterThanOrEqual(1000 - 2 * 116);
    expect(streams['s0'].readyRows).toBeLessThanOrEqual(1000 - 2 * 110);
  });

  it('takes what follows within the cool-down for the same alert', () => {
    const bursts = { 100: [0.3, 5], 125: [0.3, 5], 300: [0.3, 5] } as const;
    expect(climb([scoresOf(500, bursts)]).rehearsal(true).streams['s0'].alerts).toBe(2);
    const briefly = { ...rules, coolDownUs: STEP_US };
    expect(climb([scoresOf(500, bursts)], briefly).rehearsal(true).streams['s0'].alerts).toBe(3);
  });

  it('knows of alerts that reach the highest score only that they do', () => {
    const { streams } = climb([scoresOf(500, { 100: [1, 5], 300: [0.5, 5] })]).rehearsal(false);
    expect(streams['s0']).toMatchObject({ alerts: 2, capped: 1 });
  });

  it('counts on a higher base where there is enough to see, the same for all streams', () => {
    const uniform = uniforms(1);
    const busy = (): Float64Array => {
      const scores = scoresOf(40_000, {});
      for (let row = 0; row < scores.length; row += 100) scores.fill(0.1 - 0.1 * Math.log10(uniform()), row, row + 4);
      return scores;
    };
    const { baseScore, streams } = climb([busy(), busy()]).rehearsal(true);
    expect(baseScore).toBeGreaterThan(0.2);
    const all = Object.values(streams).reduce((sum, { alerts }) => sum + alerts, 0);
    expect(all).toBeGreaterThanOrEqual(40);
    for (const { alerts, excess, readyRows } of Object.values(streams)) {
      // Tenfold rarer for 0.1 by construction: a mean excess of 0.1 / ln 10.
      expect(excess / alerts).toBeGreaterThan(0.02);
      expect(excess / alerts).toBeLessThan(0.08);
      expect(readyRows).toBeGreaterThan(0.9 * 40_000);
    }
  });

  it('raises with each opening score what a decider with that score raises', () => {
    const uniform = uniforms(2);
    let score = 0;
    const scores = Float64Array.from(
      { length: 20_000 },
      () => (score = Math.max(0, 0.9 * score + 0.08 * (uniform() - 0.4))),
    );
    const { baseScore, streams } = climb([scores]).rehearsal(true);
    const state = new Float64Array(INCIDENT_FIELDS);
    clearIncidents(state, 0);
    const own = { ...rules, openScore: baseScore, closeScore: 0.625 * baseScore };
    let alerts = 0;
    scores.forEach((s, row) => {
      if (advance(state, 0, s, s, row * STEP_US, false, own) === 'new') alerts++;
    });
    expect(alerts).toBeGreaterThan(5);
    expect(streams['s0'].alerts).toBe(alerts);
  });

  it('has nothing to say of streams that were never rehearsed', () => {
    const ladder = new AlertLadder(rules);
    ladder.take(3, 0.9, 0.9, 0, false);
    expect(ladder.rehearsal(true).streams).toEqual({});
  });
});
