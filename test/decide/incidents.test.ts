import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as incidents from '../../src/decide/incidents.js';

const STEP = 1_000_000;
const RULES: incidents.IncidentRules = {
  stepUs: STEP,
  openScore: 0.5,
  closeScore: 0.3,
  minDurationUs: 3 * STEP,
  closeAfterUs: 4 * STEP,
  coolDownUs: 10 * STEP,
  adoptAfterUs: 50 * STEP,
  updateUs: 20 * STEP,
  silentAfterSteps: 10,
};

/** Feeds one score a step; `t transition` for every step that has one. A score below 0 stands for a gap before |score|. */
function run(scores: readonly number[], rules = RULES): string[] {
  const state = new Float64Array(incidents.INCIDENT_FIELDS);
  incidents.clearIncidents(state, 0);
  return scores.flatMap((score, t) => {
    const transition = incidents.advance(state, 0, Math.abs(score), Math.abs(score), t * STEP, score < 0, rules);
    return transition === 'none' ? [] : [`${t} ${transition}`];
  });
}

const times = (n: number, score: number): number[] => Array.from({ length: n }, () => score);

describe('incident machine', () => {
  it('opens with the third row, and ends after four calm ones', () => {
    expect(run([0, 0.5, 0.3, 0.4, ...times(6, 0.1)])).toEqual(['3 new', '7 end']);
  });

  it('does not open for less than the least duration, nor for what never reaches the opening score', () => {
    expect(run([0.9, 0.9, 0.29, 0.9, 0.9, 0, 0])).toEqual([]);
    expect(run(times(100, 0.49))).toEqual([]);
    expect(run([0.9], { ...RULES, minDurationUs: 0 })).toEqual(['0 new']);
  });

  it('stays open while it is above the closing score now and then', () => {
    const flicker = Array.from({ length: 18 }, (_, i) => (i % 4 === 3 ? 0.3 : 0));
    expect(run([...times(3, 0.5), ...flicker])).toEqual(['2 new']);
  });

  it('tells of a higher severity at once, and that it lasts every so often', () => {
    expect(run([...times(3, 0.5), 0.55, 0.65, 0.7, 0.85, 0.6, ...times(24, 0.5)])).toEqual([
      '2 new',
      '4 update',
      '6 update',
      '26 update',
    ]);
  });

  it('cools down: only what is a thousand times rarer opens again', () => {
    const first = [...times(3, 0.5), ...times(4, 0)];
    expect(run([...first, ...times(9, 0.79)])).toEqual(['2 new', '6 end']);
    expect(run([...first, ...times(3, 0.8)])).toEqual(['2 new', '6 end', '9 new']);
    expect(run([...first, ...times(13, 0.6)])).toEqual(['2 new', '6 end', '18 new']);
  });

  it('adopts what lasts, and never when told so', () => {
    const rules = { ...RULES, updateUs: 1000 * STEP };
    expect(run(times(60, 0.5), rules)).toEqual(['2 new', '50 adopted']);
    expect(run(times(500, 0.5), { ...rules, adoptAfterUs: 0 })).toEqual(['2 new']);
  });

  it('starts to wait anew after a gap, for opening and for adopting', () => {
    const rules = { ...RULES, updateUs: 1000 * STEP };
    expect(run([0.5, 0.5, -0.5, 0.5, 0.5], rules)).toEqual(['4 new']);
    expect(run([...times(40, 0.5), -0.5, ...times(60, 0.5)], rules)).toEqual(['2 new', '90 adopted']);
  });

  it('waits for a channel that it does not hear: no row opens or ends on what was shown before', () => {
    const state = new Float64Array(incidents.INCIDENT_FIELDS);
    incidents.clearIncidents(state, 0);
    const told: string[] = [];
    // Heard every fifth step: 0.6 twice, then calm; in between the 0.6 stands.
    for (let t = 0; t < 20; t++) {
      const heard = t % 5 === 0;
      const score = t < 10 ? 0.6 : 0;
      const transition = incidents.advance(state, 0, score, heard ? score : 0, t * STEP, false, RULES);
      if (transition !== 'none') told.push(`${t} ${transition}`);
    }
    expect(told).toEqual(['5 new', '13 end']);
  });

  it('does not cool down for years when the clock is set back, and numbers the incidents', () => {
    const state = new Float64Array(incidents.INCIDENT_FIELDS);
    incidents.clearIncidents(state, 0);
    const told: string[] = [];
    const feed = (from: number, scores: readonly number[]): void => {
      scores.forEach((score, i) => {
        const t = from + i;
        const transition = incidents.advance(state, 0, Math.abs(score), Math.abs(score), t * STEP, score < 0, RULES);
        if (transition !== 'none') told.push(`${t} ${transition} ${incidents.openings(state, 0)}`);
      });
    };
    feed(1e9, [...times(3, 0.9), ...times(5, 0)]);
    feed(0, [-0.1, ...times(9, 0.1), ...times(3, 0.9), ...times(5, 0)]);
    expect(told).toEqual(['1000000002 new 1', '1000000006 end 1', '12 new 2', '16 end 2']);
  });

  it('whatever the scores: new and end alternate, and an incident never begins below the opening score', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 300 }), (scores) => {
        let open = false;
        for (const line of run(scores)) {
          const transition = line.split(' ')[1];
          expect(transition === 'new').toBe(!open);
          open = transition === 'new' || transition === 'update';
        }
        const highest = Math.max(0, ...scores);
        expect(highest >= 0.5 || run(scores).length === 0).toBe(true);
      }),
    );
  });

  it('tells of silence from the tenth step without data on, and of its end', () => {
    const state = new Float64Array(incidents.INCIDENT_FIELDS);
    incidents.clearIncidents(state, 0);
    const told: string[] = [];
    for (const steps of [...Array.from({ length: 35 }, (_, i) => i + 1), 0, 0]) {
      const us = (100 + steps) * STEP;
      const transition = incidents.advanceSilence(state, 0, steps, us, RULES);
      if (transition !== 'none') told.push(`${steps} ${transition} since ${incidents.silentSince(state, 0) / STEP}`);
    }
    expect(told).toEqual(['10 new since 100', '30 update since 100', '0 end since NaN']);
  });
});
