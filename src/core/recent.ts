/** What is remembered per stream where streams have no slot: bounded, the one unused for longest leaves first. */

export class Recent<V extends object> {
  readonly #values = new Map<string, V>();

  /**
   * @param capacity values kept, ≥ 1
   * @param leave called with what has to leave because one more came
   */
  constructor(
    private readonly capacity: number,
    private readonly leave: (key: string, value: V) => void = () => {},
  ) {}

  /** The value is now the one used last. */
  get(key: string): V | undefined {
    const value = this.#values.get(key);
    if (value === undefined) return undefined;
    this.#values.delete(key);
    this.#values.set(key, value);
    return value;
  }

  set(key: string, value: V): void {
    this.#values.delete(key);
    this.makeRoom();
    this.#values.set(key, value);
  }

  /** Lets go until one more can come. */
  makeRoom(): void {
    for (const [oldest, leaving] of this.#values) {
      if (this.#values.size < this.capacity) return;
      this.#values.delete(oldest);
      this.leave(oldest, leaving);
    }
  }

  delete(key: string): void {
    this.#values.delete(key);
  }

  values(): IterableIterator<V> {
    return this.#values.values();
  }
}
