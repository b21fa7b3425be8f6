/** What the consumer will still take of a source that reads by itself (a file, a pipe), and the wait for more. */

export class Credit {
  readonly #signal: AbortSignal;
  #packets = 0;
  #wake: () => void = () => {};

  /** @param signal aborted: the wait is over */
  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#wake(), { once: true });
  }

  get packets(): number {
    return this.#packets;
  }

  add(packets: number): void {
    this.#packets += packets;
    this.#wake();
  }

  spend(packets: number): void {
    this.#packets -= packets;
  }

  /**
   * Waits a turn of the event loop, so that whoever else waits for it comes in between two batches, and on until there
   * is credit. @returns false when aborted
   */
  async available(): Promise<boolean> {
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#packets === 0 && !this.#signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return !this.#signal.aborted;
  }
}
