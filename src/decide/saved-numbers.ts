/** Numbers that were saved, read one after the other. */
import { unfitState } from '../core/saved-state.js';

export class SavedNumbers {
  #at = 0;

  /** @param what was saved, for errors */
  constructor(
    private readonly numbers: Float64Array,
    private readonly what: string,
  ) {}

  /** @throws UserError `SNAPSHOT_INVALID` when there is none left */
  next(): number {
    if (this.#at === this.numbers.length) throw unfitState(this.what);
    return this.numbers[this.#at++];
  }

  /**
   * A number of things that take `size` numbers each, at least `least`.
   * @throws UserError `SNAPSHOT_INVALID` when so many are not left
   */
  count(size = 1, least = 0): number {
    const count = this.next();
    const left = this.numbers.length - this.#at;
    if (!Number.isSafeInteger(count) || count < least || count * size > left) throw unfitState(this.what);
    return count;
  }

  /** @throws UserError `SNAPSHOT_INVALID` when there are numbers left */
  end(): void {
    if (this.#at < this.numbers.length) throw unfitState(this.what);
  }
}
