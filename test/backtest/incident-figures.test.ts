import { describe, expect, it } from 'vitest';
import { type AlertedFile, incidentFigures } from '../../src/backtest/incident-figures.js';
import type { Span } from '../../src/backtest/spans.js';
import { MICROS } from '../../src/core/time.js';

const hours = (hour: number): number => hour * MICROS.hour;
const span = (from: number, to: number): Span => ({ fromUs: hours(from), toUs: hours(to) });

/** Two days; times in hours. */
function file(alerts: readonly number[], faults: readonly Span[] | undefined): AlertedFile {
  return { alertsUs: alerts.map(hours), judged: span(0, 48), faults };
}

describe('incidentFigures', () => {
  it('by hand: three faults in two days, two found, one of them twice, and two false alerts', () => {
    // 1 h and 3 h late; 4 before and 45 behind the faults are false; 12 repeats what 11 said.
    const figures = incidentFigures([file([4, 12, 11, 33, 45], [span(10, 15), span(20, 22), span(30, 40)])]);
    expect(figures).toEqual({
      days: 2,
      alerts: 5,
      falseAlerts: 2,
      faults: 3,
      found: 2,
      precision: 3 / 5,
      recall: 2 / 3,
      detectionDelayS: { median: 2 * 3600, mean: 2 * 3600, worst: 3 * 3600 },
      alertsPerDay: 2.5,
      falseAlertsPerDay: 1,
    });
  });

  it('counts the ends of a fault to it, and nothing beside them', () => {
    const faults = [span(10, 15)];
    expect(incidentFigures([file([10], faults)]).detectionDelayS?.mean).toBe(0);
    expect(incidentFigures([file([15], faults)])).toMatchObject({ found: 1, falseAlerts: 0 });
    expect(incidentFigures([file([9.999, 15.001], faults)])).toMatchObject({ found: 0, falseAlerts: 2 });
  });

  it('finds a fault that is a point by an alert at that moment', () => {
    expect(incidentFigures([file([10], [span(10, 10)])])).toMatchObject({ found: 1, recall: 1 });
  });

  it('leaves out what lies before or behind the rows judged', () => {
    const early = { ...file([1, 2, 30], [span(0, 3), span(29, 31)]), judged: span(24, 48) };
    expect(incidentFigures([early])).toMatchObject({ days: 1, alerts: 1, faults: 1, found: 1, falseAlerts: 0 });
  });

  it('measures the delay from where judging began when a fault was going on', () => {
    const going = { ...file([30], [span(20, 40)]), judged: span(24, 48) };
    expect(incidentFigures([going]).detectionDelayS?.mean).toBe(6 * 3600);
  });

  it('tells files without labels from files without faults', () => {
    const labelled = file([1, 11], [span(10, 15)]);
    const unlabelled = incidentFigures([labelled, file([7, 8, 9], undefined)]);
    expect(unlabelled).toMatchObject({
      alerts: 5,
      falseAlerts: 1,
      precision: 0.5,
      alertsPerDay: 1.25,
      falseAlertsPerDay: 0.5,
    });
    const normal = incidentFigures([labelled, file([7, 8, 9], [])]);
    expect(normal).toMatchObject({
      alerts: 5,
      falseAlerts: 4,
      precision: 0.2,
      alertsPerDay: 1.25,
      falseAlertsPerDay: 1,
    });
  });

  it('adds files before it divides', () => {
    const long = { ...file([], []), judged: span(0, 24 * 98) };
    expect(incidentFigures([file([1], []), long])).toMatchObject({ days: 100, falseAlertsPerDay: 0.01 });
  });

  it('has null where there is nothing to divide by', () => {
    expect(incidentFigures([])).toMatchObject({
      precision: null,
      recall: null,
      detectionDelayS: null,
      alertsPerDay: null,
    });
    expect(incidentFigures([file([], [])])).toMatchObject({ precision: null, recall: null, alertsPerDay: 0 });
    expect(incidentFigures([file([1], undefined)])).toMatchObject({ precision: null, falseAlertsPerDay: null });
  });
});
