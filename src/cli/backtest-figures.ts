/** Figures of a backtest as text and as JSON. */
import type { IncidentFigures } from '../backtest/incident-figures.js';
import type { Interval } from '../core/bootstrap.js';

export function figuresJson({ detectionDelayS: delay, ...figures }: IncidentFigures): object {
  return { ...figures, detectionDelay: delay?.median ?? null, detectionDelays: delay };
}

/** Three digits; `-`: nothing to divide by. */
export function number(value: number | null): string {
  return value === null || Number.isNaN(value) ? '-' : String(Number(value.toPrecision(3)));
}

/** A NAB score; JSON has null where there is none. */
export function scoreOf(score: number | null): string {
  return score === null || Number.isNaN(score) ? '-' : score.toFixed(1);
}

export function range({ low, high }: Interval): string {
  return `${number(low)} to ${number(high)}`;
}
