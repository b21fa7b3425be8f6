/** First in, first out. `Array.shift` moves up all the others, of which there may be a million. */
export class Fifo<T> {
  /** In order, from `#first` on; before it stands whatever is waiting anyway, so that nothing is kept in memory. */
  #items: T[] = [];
  #first = 0;

  get length(): number {
    return this.#items.length - this.#first;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** Becomes the oldest. */
  unshift(item: T): void {
    if (this.#first === 0) this.#items.unshift(item);
    else this.#items[--this.#first] = item;
  }

  /** Takes out the oldest. @returns undefined when there is none */
  shift(): T | undefined {
    if (this.length === 0) return undefined;
    const item = this.#items[this.#first];
    this.#leave(1);
    return item;
  }

  /** Takes out the oldest n, or all when there are fewer. */
  take(n: number): T[] {
    const items = this.#items;
    const from = this.#first;
    const taken = Math.min(n, this.length);
    if (taken === items.length) {
      this.#items = [];
      return items;
    }
    const oldest = items.slice(from, from + taken);
    this.#leave(taken);
    return oldest;
  }

  /** Takes out the oldest of those that are meant. @returns undefined when there is none */
  remove(meant: (item: T) => boolean): T | undefined {
    for (let i = this.#first; i < this.#items.length; i++) {
      if (meant(this.#items[i])) return this.#items.splice(i, 1)[0];
    }
    return undefined;
  }

  /** The others are moved up when no more of them are left than have gone: once an item on average. */
  #leave(n: number): void {
    const items = this.#items;
    const from = this.#first;
    const end = from + n;
    if (2 * end >= items.length) {
      this.#items = items.slice(end);
      this.#first = 0;
    } else {
      items.fill(items[end], from, end);
      this.#first = end;
    }
  }
}
