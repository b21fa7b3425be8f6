/** What kioku says to the outside: one discriminated union, the same for every sink. */
import type { Micros } from './contracts.js';

interface Base {
  /** Unique; all phases of one incident share it. */
  readonly id: string;
  readonly stream: string;
  readonly us: Micros;
}

export type Severity = 'info' | 'warning' | 'critical';

/** `anomaly`: unlike the past; `silent`: no data; `new-normal`: it lasted so long that it is learnt as normal. */
export type IncidentReason = 'anomaly' | 'silent' | 'new-normal';

/** Why a channel stands out: its own value, a lasting error of the forecast, a change of its noise, or that it no longer moves. */
export type View = 'level' | 'drift' | 'noise' | 'still';

/** One channel's part in an incident; values in the channel's own unit. */
export interface Contribution {
  readonly name: string;
  readonly view: View;
  readonly expected: number;
  readonly observed: number;
  /** This channel's own score, 0 … 1. */
  readonly score: number;
}

export interface IncidentEvent extends Base {
  readonly type: 'incident';
  readonly phase: 'new' | 'update' | 'end';
  readonly severity: Severity;
  /** 0 … 1, the highest so far. */
  readonly score: number;
  readonly reason: IncidentReason;
  /** When it began; `us` is the time of this phase. */
  readonly sinceUs: Micros;
  /** The most telling first (own level strange, then badly foretold, each strongest first); empty for `silent`. */
  readonly channels: readonly Contribution[];
}

export interface ScoreEvent extends Base {
  readonly type: 'score';
  /** 0 … 1 */
  readonly score: number;
}

export type KiokuEvent = IncidentEvent | ScoreEvent;
