/** A judged file as a page needs it; in plain data, because a backtest lies beside this room. */
import type { Micros } from '../core/contracts.js';
import type { Contribution, IncidentReason, Severity } from '../core/events.js';

export interface Stretch {
  readonly fromUs: Micros;
  readonly toUs: Micros;
}

export interface ReportedChannel {
  readonly name: string;
  /** A value a row each; NaN: none. */
  readonly values: Float64Array;
  readonly expected: Float64Array;
  readonly low: Float64Array;
  readonly high: Float64Array;
}

export interface ReportedIncident {
  readonly sinceUs: Micros;
  readonly raisedUs: Micros;
  readonly endUs: Micros;
  /** 0 … 1, its highest. */
  readonly score: number;
  readonly severity: Severity;
  readonly reason: IncidentReason;
  readonly channels: readonly Contribution[];
}

export interface ReportedFile {
  readonly name: string;
  /** Of every row; NaN: it has none. */
  readonly timesUs: Float64Array;
  /** 0 … 1 of every row; NaN: not judged. */
  readonly scores: Float64Array;
  /** Score at which an incident may be raised. */
  readonly threshold: number;
  /** Rows at the beginning that were learnt, not judged. */
  readonly learntRows: number;
  readonly channels: readonly ReportedChannel[];
  readonly incidents: readonly ReportedIncident[];
  /** Labelled faults; absent: the file is not labelled. */
  readonly faults?: readonly Stretch[];
  readonly falseAlerts: number;
  /** Labelled faults of which something was judged, and those that were found. */
  readonly judgedFaults: number;
  readonly found: number;
  /** Median over those found, s. */
  readonly delayS: number | null;
}
