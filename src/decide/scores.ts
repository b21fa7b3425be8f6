/** Arithmetic of scores, which are natural logarithms of probabilities or differ from them by a constant. */

/** @returns offset of the first of the highest among `scores[at … at + n)`; 0 when all are NaN */
export function bestOf(scores: Float32Array, at: number, n: number): number {
  let best = 0;
  for (let k = 1; k < n; k++) if (scores[at + k] > scores[at + best]) best = k;
  return best;
}

/** ln(e^a + e^b); −∞ is the logarithm of 0 */
export function logAdd(a: number, b: number): number {
  const high = Math.max(a, b);
  if (high === -Infinity) return high;
  return high + Math.log1p(Math.exp(Math.min(a, b) - high));
}

/** ln Σ e^(scores[at + k] / temperature) over k < n; NaN or infinite when the scores are no numbers */
export function logSum(scores: Float32Array, at: number, n: number, temperature = 1): number {
  const high = scores[at + bestOf(scores, at, n)];
  let sum = 0;
  for (let k = 0; k < n; k++) sum += Math.exp((scores[at + k] - high) / temperature);
  return high / temperature + Math.log(sum);
}

/** The highest of many candidates: token `id` behind path number `path`. Of equals the one offered first stays. */
export class Candidates {
  count = 0;
  readonly scores: Float64Array;
  readonly paths: Int32Array;
  readonly ids: Int32Array;
  /** What a candidate has to surpass to be taken. */
  bar = -Infinity;

  /** @param most candidates that are kept, ≥ 1 */
  constructor(private readonly most: number) {
    this.scores = new Float64Array(most);
    this.paths = new Int32Array(most);
    this.ids = new Int32Array(most);
  }

  clear(): void {
    this.count = 0;
    this.bar = -Infinity;
  }

  /** @param score above `bar` */
  take(score: number, path: number, id: number): void {
    const { scores, paths, ids, most } = this;
    let at = this.count < most ? this.count++ : most - 1;
    for (; at > 0 && scores[at - 1] < score; at--) {
      scores[at] = scores[at - 1];
      paths[at] = paths[at - 1];
      ids[at] = ids[at - 1];
    }
    scores[at] = score;
    paths[at] = path;
    ids[at] = id;
    if (this.count === most) this.bar = scores[most - 1];
  }
}
