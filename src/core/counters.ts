/** Counts by reason: nothing is dropped without one. */

/** Counters of one running pipeline; handed to every stage. */
export class Counters {
  readonly #counts = new Map<string, number>();

  /** @param reason `stage.reason`, such as `decode.malformed-json` */
  count(reason: string, n = 1): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + n);
  }

  /** Everything that another thread has counted since it last told. */
  add(counts: Readonly<Record<string, number>>): void {
    for (const [reason, n] of Object.entries(counts)) this.count(reason, n);
  }

  /** All counts so far; then counting begins anew. */
  drain(): Record<string, number> {
    const counts = this.toJSON();
    this.#counts.clear();
    return counts;
  }

  get(reason: string): number {
    return this.#counts.get(reason) ?? 0;
  }

  /** All counts so far, sorted by reason. */
  toJSON(): Record<string, number> {
    return Object.fromEntries([...this.#counts].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }
}
