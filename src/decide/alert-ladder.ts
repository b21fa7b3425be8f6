/**
 * How often each opening score would have raised an alert: one machine of `incidents.ts` for every rung of a ladder of
 * opening scores, fed with the same rows. What makes one alert of many rows (least duration, calm before the end,
 * cool-down) is thus exactly what it is at run time: no declustering of another kind is needed.
 */
import type { AlertEvidence, Rehearsal } from '../core/calibration.js';
import type { Micros, Slot } from '../core/contracts.js';
import * as incidents from './incidents.js';
import { closeScoreOf } from './thresholds.js';

/** Opening scores 0.1, 0.12, … 1. At 0.1, one row in ten, incidents hardly ever end. */
const RUNGS: readonly number[] = Array.from({ length: 46 }, (_, i) => (5 + i) / 50);
const TOP = RUNGS.length - 1;
const RUNG_HEIGHT = 0.02;

/**
 * The base is the highest rung with so many alerts a stream: nearest to the opening scores that are asked for, and enough
 * to tell a slope by. Below the first, alerts merge and their number no longer falls tenfold for 0.1;
 */
const BASE_ALERTS = 20;
const LOWEST_BASE = RUNGS.indexOf(0.2);
/** above the last there is no room for excesses. */
const HIGHEST_BASE = RUNGS.indexOf(0.6);

interface Climb {
  readonly stream: string;
  rows: number;
  /** [rungs], alerts that each opening score would have raised. */
  readonly alerts: Int32Array;
  /** [rungs], rows at which it could have raised one. */
  readonly readyRows: Int32Array;
  /** [rungs · fields] */
  readonly machines: Float64Array;
}

export class AlertLadder {
  readonly #rules: readonly incidents.IncidentRules[];
  readonly #climbs = new Map<Slot, Climb>();

  /** @param rules but for the scores, which are those of the rungs */
  constructor(private readonly rules: incidents.IncidentRules) {
    this.#rules = RUNGS.map((openScore) => ({ ...rules, openScore, closeScore: closeScoreOf(openScore) }));
  }

  /** Counts what the stream in the slot shows from now on. */
  begin(slot: Slot, stream: string): void {
    const machines = new Float64Array(RUNGS.length * incidents.INCIDENT_FIELDS);
    RUNGS.forEach((_, rung) => incidents.clearIncidents(machines, rung * incidents.INCIDENT_FIELDS));
    const alerts = new Int32Array(RUNGS.length);
    this.#climbs.set(slot, { stream, rows: 0, alerts, readyRows: new Int32Array(RUNGS.length), machines });
  }

  /** Takes one row of a stream, if it has begun. Arguments as of `incidents.advance`. */
  take(slot: Slot, score: number, shown: number, us: Micros, gap: boolean): void {
    const climb = this.#climbs.get(slot);
    if (climb === undefined) return;
    const { machines, alerts, readyRows } = climb;
    climb.rows++;
    for (let rung = 0, at = 0; rung < alerts.length; rung++, at += incidents.INCIDENT_FIELDS) {
      if (incidents.isReady(machines, at, us)) readyRows[rung]++;
      const transition = incidents.advance(machines, at, score, shown, us, gap, this.#rules[rung]);
      if (transition === 'new') alerts[rung]++;
    }
  }

  /**
   * What came of it, on one base for all streams.
   * @param heldOut whether the net had not learnt what was shown
   */
  rehearsal(heldOut: boolean): Rehearsal {
    // They begin when they have been learnt, long series last.
    const climbs = [...this.#climbs].toSorted(([a], [b]) => a - b).map(([, climb]) => climb);
    let base = LOWEST_BASE;
    for (let rung = base; rung <= HIGHEST_BASE; rung++) {
      const alerts = climbs.reduce((sum, climb) => sum + climb.alerts[rung], 0);
      if (alerts >= BASE_ALERTS * climbs.length) base = rung;
    }
    const { minDurationUs, closeAfterUs, coolDownUs } = this.rules;
    const streams = climbs.map((climb) => [climb.stream, evidenceOf(climb, base)] as const);
    const baseScore = RUNGS[base];
    return { heldOut, baseScore, minDurationUs, closeAfterUs, coolDownUs, streams: Object.fromEntries(streams) };
  }
}

/** The sum of the excesses is the integral of the number of alerts over the opening score, from the base on. */
function evidenceOf({ rows, alerts, readyRows }: Climb, base: number): AlertEvidence {
  let excess = 0;
  for (let rung = base; rung <= TOP; rung++) {
    // A higher rung is ready more often: as many alerts as in the rows that the base was ready in.
    const share = readyRows[rung] === 0 ? 0 : readyRows[base] / readyRows[rung];
    const half = rung === base || rung === TOP ? 0.5 : 1;
    excess += half * RUNG_HEIGHT * share * alerts[rung];
  }
  return {
    rows,
    readyRows: readyRows[base],
    alerts: alerts[base],
    capped: Math.min(alerts[TOP], alerts[base]),
    excess,
  };
}
