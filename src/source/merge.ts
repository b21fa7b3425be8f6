/** Several files as one sequence of rows in the order of time. */
import type { Row, RowReader } from './rows.js';

interface Head {
  readonly reader: RowReader;
  rows: readonly Row[];
  at: number;
}

/**
 * Always gives the earliest row that is next in any file; of equal times, the one of the file that was named first. The
 * order within a file is kept, also where its times go back.
 */
export class Merge {
  readonly #heads: Head[];

  constructor(readers: readonly RowReader[]) {
    this.#heads = readers.map((reader) => ({ reader, rows: [], at: 0 }));
  }

  /** @returns at most `limit` (≥ 1) rows; none at the end of all files */
  async take(limit: number): Promise<Row[]> {
    const taken: Row[] = [];
    while (taken.length < limit) {
      await this.#fill();
      if (this.#heads.length === 0) break;
      this.#takeFilled(taken, limit);
    }
    return taken;
  }

  /** Reads on wherever the rows are used up, and leaves files that have ended. */
  async #fill(): Promise<void> {
    for (let i = 0; i < this.#heads.length; i++) {
      const head = this.#heads[i];
      while (head.at === head.rows.length) {
        const rows = await head.reader.next();
        if (rows === undefined) {
          this.#heads.splice(i, 1);
          i -= 1;
          break;
        }
        head.rows = rows;
        head.at = 0;
      }
    }
  }

  /** Takes rows until one file has to be read on. */
  #takeFilled(taken: Row[], limit: number): void {
    while (taken.length < limit) {
      let first = this.#heads[0];
      for (let i = 1; i < this.#heads.length; i++) {
        const head = this.#heads[i];
        if (head.rows[head.at].us < first.rows[first.at].us) first = head;
      }
      taken.push(first.rows[first.at]);
      first.at += 1;
      if (first.at === first.rows.length) return;
    }
  }
}
