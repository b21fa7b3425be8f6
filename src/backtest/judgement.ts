/** What a lane said about a file, row by row. */
import type { Micros } from '../core/contracts.js';
import type { IncidentEvent, KiokuEvent } from '../core/events.js';

export interface Judgement {
  /** 0 … 1 of every row: that of its time step, which all rows of the step share. NaN: the row was not judged. */
  readonly scores: Float64Array;
  /** Rows at which an incident was opened, ascending: the last one of the step that opened it. */
  readonly alerts: Int32Array;
  /** Those of the alerts that are about what came; the others say that nothing came, which no row shows. */
  readonly anomalies: Int32Array;
  /** 1: an incident about what came has been opened and not ended yet, as of this row. */
  readonly open: Uint8Array;
}

/**
 * @param events all that a lane said, in order
 * @param rows those that were given to the lane
 */
export function judgementOf(rows: StepRows, events: readonly KiokuEvent[]): Judgement {
  const scoreOf = new Map<Micros, number>();
  const incidents: IncidentEvent[] = [];
  for (const event of events) {
    if (event.type === 'score') scoreOf.set(event.us, Math.max(event.score, scoreOf.get(event.us) ?? 0));
    if (event.type === 'incident') incidents.push(event);
  }
  const { steps, firstRow } = rows;
  const scores = Float64Array.from(steps, (step, row) => (row < firstRow ? NaN : (scoreOf.get(step) ?? NaN)));
  const alerts = incidents.flatMap(({ phase, us }) => (phase === 'new' ? [rows.lastOf(us)] : []));
  return {
    scores,
    alerts: Int32Array.from(alerts).toSorted(),
    anomalies: anomaliesOf(rows, incidents),
    open: openIn(rows, incidents),
  };
}

/** Rows at which an incident about what came was opened, ascending. */
export function anomaliesOf(rows: StepRows, incidents: readonly IncidentEvent[]): Int32Array {
  const opened = incidents.flatMap(({ phase, reason, us }) =>
    phase === 'new' && reason !== 'silent' ? [rows.lastOf(us)] : [],
  );
  return Int32Array.from(opened).toSorted();
}

function openIn(rows: StepRows, incidents: readonly IncidentEvent[]): Uint8Array {
  const { steps } = rows;
  const changes = new Int32Array(steps.length + 1);
  for (const { us, phase, reason } of incidents) {
    if (reason === 'silent' || phase === 'update') continue;
    const row = rows.lastOf(us);
    if (phase === 'new') changes[row] += 1;
    else changes[row + 1] -= 1;
  }
  let now = 0;
  return Uint8Array.from(steps, (_, row) => {
    now += changes[row];
    return now > 0 ? 1 : 0;
  });
}

/** Rows by the time step that they are in. */
export class StepRows {
  readonly #lastRow = new Map<Micros, number>();

  /**
   * @param steps start of the time step of every row; NaN: the row has no reading
   * @param firstRow rows before it were not given to the lane
   */
  constructor(
    readonly steps: Float64Array,
    private readonly stepUs: Micros,
    readonly firstRow: number,
  ) {
    for (let row = firstRow; row < steps.length; row++) {
      if (!Number.isNaN(steps[row])) this.#lastRow.set(steps[row], row);
    }
  }

  /** The last row of the step at `us`; where it has none, such as in a silence, the next row: only that one shows it. */
  lastOf(us: Micros): number {
    const step = Math.floor(us / this.stepUs) * this.stepUs;
    const last = this.#lastRow.get(step);
    if (last !== undefined) return last;
    const next = this.steps.findIndex((start, row) => row >= this.firstRow && start > step);
    return next < 0 ? this.steps.length - 1 : next;
  }
}
