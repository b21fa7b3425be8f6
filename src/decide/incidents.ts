/**
 * From scores to incidents, one machine a stream, all times event time:
 *
 *     idle ──score ≥ open──► pending ──lasted minDuration──► open ──below close for closeAfter──► idle (cooling down)
 *       ▲                       │ score < close               └────lasted adoptAfter──► idle, `adopted`
 *       └───────────────────────┘
 *
 * A row counts for the step that begins at its time, so `minDuration` of three steps is met by the third row. What was
 * last heard of a channel stands while it is not heard, but opens nothing: that takes a row that shows it. While
 * cooling down a new incident needs a score clearly above the last peak: one fault with aftershocks is one incident.
 * Silence is a second, independent machine: a stream without data has no scores.
 */
import type { Micros } from '../core/contracts.js';
import type { Severity } from '../core/events.js';

/** What a step of a machine has to be told about; `adopted` is an end. */
export type Transition = 'none' | 'new' | 'update' | 'end' | 'adopted';

export interface IncidentRules {
  readonly stepUs: Micros;
  /** 0 … 1, `openScore` > `closeScore`. */
  readonly openScore: number;
  readonly closeScore: number;
  readonly minDurationUs: Micros;
  readonly closeAfterUs: Micros;
  readonly coolDownUs: Micros;
  /** 0 = never. */
  readonly adoptAfterUs: Micros;
  readonly updateUs: Micros;
  readonly silentAfterSteps: number;
}

/** A thousand times rarer than the last peak starts an incident even while cooling down. */
const CLEARLY_ABOVE = 0.3;
const WARNING_SCORE = 0.6;
const CRITICAL_SCORE = 0.8;
/** Silence has no rarity of its own: it is worth a warning. */
export const SILENT_SCORE = WARNING_SCORE;

const IDLE = 0;
const PENDING = 1;
const OPEN = 2;
const PHASES = 3;

/** Layout of a stream's machines in the slab (float64), as offsets from where they begin. */
/** The phase plus `PHASES` times the number of incidents so far. */
const PHASE = 0;
const SINCE = 1;
const PEAK = 2;
const LAST_PEAK = 3;
/** Open: since when the score has been below `closeScore`; NaN = it is not. */
const BELOW_SINCE = 4;
/** Idle, pending: end of the cool-down. Open: when it is adopted. */
const DEADLINE = 5;
const TOLD = 6;
/** NaN = not silent. */
const SILENT_SINCE = 7;
const SILENT_TOLD = 8;

/** Numbers that the machines of one stream take. */
export const INCIDENT_FIELDS = 9;

/** `info` from `openScore`, `warning` from 0.6, `critical` from 0.8: each step of 0.1 is ten times rarer. */
export function severityOf(score: number): Severity {
  if (score >= CRITICAL_SCORE) return 'critical';
  return score >= WARNING_SCORE ? 'warning' : 'info';
}

/** The machines at rest, as if nothing had ever happened. */
export function clearIncidents(state: Float64Array, at: number): void {
  state.fill(0, at, at + INCIDENT_FIELDS);
  state[at + DEADLINE] = -Infinity;
  state[at + BELOW_SINCE] = state[at + SILENT_SINCE] = NaN;
}

function phaseOf(state: Float64Array, at: number): number {
  return state[at + PHASE] % PHASES;
}

function enter(state: Float64Array, at: number, phase: number): void {
  state[at + PHASE] += phase - phaseOf(state, at);
}

export function isOpen(state: Float64Array, at: number): boolean {
  return phaseOf(state, at) === OPEN;
}

/** Whether an incident could begin now: none is open, and none has just been. */
export function isReady(state: Float64Array, at: number, us: Micros): boolean {
  return !isOpen(state, at) && us >= state[at + DEADLINE];
}

/** Incidents so far, the present one included: a device whose clock begins anew with every start has the same times again. */
export function openings(state: Float64Array, at: number): number {
  return Math.floor(state[at + PHASE] / PHASES);
}

/** Something unusual is going on, whether told or not. */
export function isStirring(state: Float64Array, at: number): boolean {
  return phaseOf(state, at) !== IDLE;
}

export function isSilent(state: Float64Array, at: number): boolean {
  return !Number.isNaN(state[at + SILENT_SINCE]);
}

/** When the present (or last) incident began. */
export function since(state: Float64Array, at: number): Micros {
  return state[at + SINCE];
}

/** The highest score of the present (or last) incident. */
export function peak(state: Float64Array, at: number): number {
  return state[at + PEAK];
}

/** When the data stopped; NaN while they flow. */
export function silentSince(state: Float64Array, at: number): Micros {
  return state[at + SILENT_SINCE];
}

/**
 * Takes one row.
 * @param score of all channels, heard in this row or before
 * @param shown score of the channels that this row has, ≤ `score`
 * @param gap time is missing before this row, or the clock was set: what must last starts to last anew
 */
export function advance(
  state: Float64Array,
  at: number,
  score: number,
  shown: number,
  us: Micros,
  gap: boolean,
  rules: IncidentRules,
): Transition {
  if (isOpen(state, at)) return advanceOpen(state, at, score, us, gap, rules);
  if (gap) state[at + DEADLINE] = Math.min(state[at + DEADLINE], us + rules.coolDownUs);
  if (isStirring(state, at) && (gap || score < rules.closeScore)) enter(state, at, IDLE);
  if (!isStirring(state, at)) {
    const cooling = us < state[at + DEADLINE] && shown < state[at + LAST_PEAK] + CLEARLY_ABOVE;
    if (shown < rules.openScore || cooling) return 'none';
    enter(state, at, PENDING);
    state[at + SINCE] = us;
    state[at + PEAK] = 0;
  }
  state[at + PEAK] = Math.max(state[at + PEAK], shown);
  const lasted = us + rules.stepUs - state[at + SINCE] >= rules.minDurationUs;
  if (!lasted || shown < rules.closeScore) return 'none';
  enter(state, at, OPEN + PHASES);
  state[at + BELOW_SINCE] = NaN;
  state[at + TOLD] = us;
  state[at + DEADLINE] = rules.adoptAfterUs > 0 ? state[at + SINCE] + rules.adoptAfterUs : Infinity;
  return 'new';
}

function advanceOpen(
  state: Float64Array,
  at: number,
  score: number,
  us: Micros,
  gap: boolean,
  rules: IncidentRules,
): Transition {
  if (gap) {
    state[at + BELOW_SINCE] = NaN;
    if (rules.adoptAfterUs > 0) state[at + DEADLINE] = us + rules.adoptAfterUs;
    state[at + TOLD] = Math.min(state[at + TOLD], us);
  }
  const before = severityOf(state[at + PEAK]);
  state[at + PEAK] = Math.max(state[at + PEAK], score);
  if (score >= rules.closeScore) state[at + BELOW_SINCE] = NaN;
  else if (Number.isNaN(state[at + BELOW_SINCE])) state[at + BELOW_SINCE] = us;
  if (us + rules.stepUs - state[at + BELOW_SINCE] >= rules.closeAfterUs) return close(state, at, us, rules, 'end');
  if (us >= state[at + DEADLINE]) return close(state, at, us, rules, 'adopted');
  if (severityOf(state[at + PEAK]) === before && us - state[at + TOLD] < rules.updateUs) return 'none';
  state[at + TOLD] = us;
  return 'update';
}

/** Ends an open incident at `us`. */
export function close(
  state: Float64Array,
  at: number,
  us: Micros,
  rules: IncidentRules,
  how: 'end' | 'adopted',
): Transition {
  enter(state, at, IDLE);
  state[at + LAST_PEAK] = state[at + PEAK];
  state[at + DEADLINE] = us + rules.coolDownUs;
  return how;
}

/** Takes the length of a silence. @param steps time steps without data as of `us`; 0 = data came */
export function advanceSilence(
  state: Float64Array,
  at: number,
  steps: number,
  us: Micros,
  rules: IncidentRules,
): Transition {
  if (isSilent(state, at)) {
    if (steps === 0) {
      state[at + SILENT_SINCE] = NaN;
      return 'end';
    }
    if (us - state[at + SILENT_TOLD] < rules.updateUs) return 'none';
    state[at + SILENT_TOLD] = us;
    return 'update';
  }
  if (steps < rules.silentAfterSteps) return 'none';
  state[at + SILENT_SINCE] = us - steps * rules.stepUs;
  state[at + SILENT_TOLD] = us;
  return 'new';
}
