/**
 * What a user would have got: figures over alerts, not rows. An alert is the moment at which an incident is raised (its
 * phase `new`); what happens to it later raises nobody from bed.
 */
import type { Micros } from '../core/contracts.js';
import { median } from '../core/median.js';
import { MICROS } from '../core/time.js';
import { isWithin, type Span } from './spans.js';

/** What was raised in one file, and when something was wrong in it. */
export interface AlertedFile {
  /** When each incident was raised, in any order. */
  readonly alertsUs: readonly Micros[];
  /** Times of the first and last row judged: after what was learnt from. Alerts and labels outside do not count. */
  readonly judged: Span;
  /** Faults, not overlapping; undefined: the file is not labelled, only its alerts are counted. */
  readonly faults: readonly Span[] | undefined;
}

/** From the beginning of a fault, or of judging when that began in it, to its first alert, in s, over the faults found. */
export interface DetectionDelay {
  readonly median: number;
  readonly mean: number;
  readonly worst: number;
}

/** Figures over all files together; null where there is nothing to divide by. */
export interface IncidentFigures {
  /** Time judged, in days; gaps in the data included. */
  readonly days: number;
  readonly alerts: number;
  /** Alerts of labelled files that lie in no fault. */
  readonly falseAlerts: number;
  /** Faults of which something was judged, and those of them in which at least one alert lies. */
  readonly faults: number;
  readonly found: number;
  /** Share of the alerts of labelled files that lie in a fault. */
  readonly precision: number | null;
  /** `found` / `faults` */
  readonly recall: number | null;
  readonly detectionDelayS: DetectionDelay | null;
  readonly alertsPerDay: number | null;
  /** False alerts over the days of labelled files. */
  readonly falseAlertsPerDay: number | null;
}

/**
 * Counts over all files, then divides: a long file weighs more than a short one. Several alerts in one fault are all right,
 * but find it once. An alert before a fault, also of an incident that goes on into it, is false, and so is one behind it.
 */
export function incidentFigures(files: readonly AlertedFile[]): IncidentFigures {
  const all = files.map(countsOf);
  const labelled = all.filter(({ isLabelled }) => isLabelled);
  const days = sumOf(all, ({ days: own }) => own);
  const alerts = sumOf(all, (file) => file.alerts);
  const alertsLabelled = sumOf(labelled, (file) => file.alerts);
  const falseAlerts = sumOf(labelled, (file) => file.falseAlerts);
  const faults = sumOf(labelled, (file) => file.faults);
  const delaysS = labelled.flatMap((file) => file.delaysS);
  return {
    days,
    alerts,
    falseAlerts,
    faults,
    found: delaysS.length,
    precision: ratio(alertsLabelled - falseAlerts, alertsLabelled),
    recall: ratio(delaysS.length, faults),
    detectionDelayS: delayOf(delaysS),
    alertsPerDay: ratio(alerts, days),
    falseAlertsPerDay: ratio(
      falseAlerts,
      sumOf(labelled, ({ days: own }) => own),
    ),
  };
}

interface Counts {
  readonly isLabelled: boolean;
  readonly days: number;
  readonly alerts: number;
  readonly falseAlerts: number;
  readonly faults: number;
  /** Of the faults found. */
  readonly delaysS: readonly number[];
}

function countsOf({ alertsUs, judged, faults }: AlertedFile): Counts {
  const alerts = alertsUs.filter((us) => isWithin(us, judged));
  const judgedFaults = (faults ?? []).filter(({ fromUs, toUs }) => toUs >= judged.fromUs && fromUs <= judged.toUs);
  const delaysS: number[] = [];
  for (const fault of judgedFaults) {
    const first = alerts.reduce((earliest, us) => (isWithin(us, fault) ? Math.min(earliest, us) : earliest), Infinity);
    if (first < Infinity) delaysS.push((first - Math.max(fault.fromUs, judged.fromUs)) / MICROS.second);
  }
  return {
    isLabelled: faults !== undefined,
    days: (judged.toUs - judged.fromUs) / MICROS.day,
    alerts: alerts.length,
    falseAlerts: alerts.filter((us) => !judgedFaults.some((fault) => isWithin(us, fault))).length,
    faults: judgedFaults.length,
    delaysS,
  };
}

function delayOf(delaysS: readonly number[]): DetectionDelay | null {
  if (delaysS.length === 0) return null;
  return { median: median(delaysS), mean: sumOf(delaysS, (s) => s) / delaysS.length, worst: Math.max(...delaysS) };
}

function sumOf<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((sum, item) => sum + value(item), 0);
}

function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}
