/** The NAB score of every threshold that makes a difference, from one pass over the rows in the order of their scores. */
import {
  NAB_PROFILES,
  nabScore,
  NO_POINTS,
  type NabProfileName,
  type NabPoints,
  type ScoredRows,
} from './nab-score.js';

/** One threshold for all files. `Infinity`: it is best to say nothing. */
export interface NabOptimum {
  readonly threshold: number;
  readonly points: NabPoints;
}

/** All judged rows after the probations, highest score first; O(n log n). */
export class NabSweep {
  readonly #files: readonly ScoredRows[];
  /** Of each judged row: its file, its row there, its score. */
  readonly #file: Uint32Array;
  readonly #row: Uint32Array;
  readonly #score: Float64Array;
  readonly #order: Uint32Array;

  constructor(files: readonly ScoredRows[]) {
    this.#files = files;
    const file: number[] = [];
    const row: number[] = [];
    files.forEach(({ rows, scores }, f) => {
      for (let r = rows.probation; r < scores.length; r++) {
        if (Number.isNaN(scores[r])) continue;
        file.push(f);
        row.push(r);
      }
    });
    this.#file = Uint32Array.from(file);
    this.#row = Uint32Array.from(row);
    this.#score = Float64Array.from(file, (f, i) => files[f].scores[row[i]]);
    this.#order = Uint32Array.from(file.keys()).toSorted((a, b) => this.#score[b] - this.#score[a]);
  }

  /**
   * The threshold with the highest score in a profile; of equals the highest, which alarms least. `Infinity` where there
   * are no windows.
   */
  best(profile: NabProfileName): NabOptimum {
    let best: NabOptimum = { threshold: Infinity, points: NO_POINTS };
    let most = -Infinity;
    this.walk((threshold, points) => {
      const score = nabScore(points, NAB_PROFILES[profile]);
      if (!(score > most)) return;
      most = score;
      best = { threshold, points: { ...points } };
    });
    return best;
  }

  /**
   * Lowers the threshold from `Infinity` to the lowest score, once per distinct score.
   * @param visit gets the points of all rows at or above the threshold; the object is used again
   */
  walk(visit: (threshold: number, points: NabPoints) => void): void {
    const found = this.#files.map(({ rows }) => new Float64Array(rows.windows));
    const windows = this.#files.reduce((sum, { rows }) => sum + rows.windows, 0);
    const points = { windows, found: 0, reward: 0, falseRows: 0, penalty: 0 };
    let threshold = Infinity;
    for (const i of this.#order) {
      if (this.#score[i] !== threshold) {
        visit(threshold, points);
        threshold = this.#score[i];
      }
      const { rows } = this.#files[this.#file[i]];
      const row = this.#row[i];
      const window = rows.windowOf[row];
      if (window < 0) {
        points.falseRows += 1;
        points.penalty += rows.reward[row];
        continue;
      }
      const best = found[this.#file[i]];
      if (best[window] === 0) points.found += 1;
      if (rows.reward[row] <= best[window]) continue;
      points.reward += rows.reward[row] - best[window];
      best[window] = rows.reward[row];
    }
    visit(threshold, points);
  }
}
