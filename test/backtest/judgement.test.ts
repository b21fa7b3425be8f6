import { describe, expect, it } from 'vitest';
import { judgementOf, StepRows } from '../../src/backtest/judgement.js';
import type { IncidentEvent, KiokuEvent } from '../../src/core/events.js';

const STEP_US = 10;
/** Steps of the rows: two rows a step, one row that nobody could read, a silence of three steps, then one row a step. */
const STEPS = Float64Array.of(0, 0, 10, 10, NaN, 20, 20, 60, 70, 80);

const rowsFrom = (firstRow: number): StepRows => new StepRows(STEPS, STEP_US, firstRow);

const score = (us: number, value: number): KiokuEvent => ({
  type: 'score',
  id: `${us}`,
  stream: 's',
  us,
  score: value,
});

const incident = (
  phase: IncidentEvent['phase'],
  us: number,
  reason: IncidentEvent['reason'] = 'anomaly',
): KiokuEvent => ({
  type: 'incident',
  phase,
  id: 'i',
  stream: 's',
  us,
  sinceUs: us,
  score: 1,
  severity: 'critical',
  reason,
  channels: [],
});

describe('a judgement', () => {
  it('gives all rows of a step its score, and rows without one none', () => {
    const { scores } = judgementOf(rowsFrom(0), [score(0, 0.1), score(10, 0.2), score(60, 0.3)]);
    expect([...scores]).toEqual([0.1, 0.1, 0.2, 0.2, NaN, NaN, NaN, 0.3, NaN, NaN]);
  });

  it('takes the higher one when two streams of a file have one', () => {
    expect(judgementOf(rowsFrom(0), [score(0, 0.4), score(0, 0.1)]).scores[1]).toBe(0.4);
  });

  it('has no score for rows that were learnt from', () => {
    // The second row of a step may be the first that is judged.
    const { scores } = judgementOf(rowsFrom(3), [score(10, 0.2)]);
    expect([...scores.subarray(0, 4)]).toEqual([NaN, NaN, NaN, 0.2]);
  });

  it('alerts in the last row of the step that opened the incident: before it, it was not known', () => {
    const { alerts, open } = judgementOf(rowsFrom(0), [incident('new', 10), incident('end', 60)]);
    expect([...alerts]).toEqual([3]);
    expect([...open]).toEqual([0, 0, 0, 1, 1, 1, 1, 1, 0, 0]);
  });

  it('shows a silence as an alert in the row that ends it, and that row as any other', () => {
    const events = [incident('new', 45, 'silent'), incident('end', 60, 'silent'), incident('new', 70)];
    const { alerts, anomalies, open } = judgementOf(rowsFrom(0), events);
    expect([...alerts]).toEqual([7, 8]);
    expect([...anomalies]).toEqual([8]);
    expect([...open]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
  });

  it('leaves an incident open that nothing ended, and counts updates for nothing', () => {
    const { alerts, open } = judgementOf(rowsFrom(0), [incident('new', 70), incident('update', 80)]);
    expect([...alerts]).toEqual([8]);
    expect([...open.subarray(7)]).toEqual([0, 1, 1]);
  });

  it('shows what comes behind the last row in it', () => {
    expect([...judgementOf(rowsFrom(0), [incident('new', 500, 'silent')]).alerts]).toEqual([9]);
  });
});
