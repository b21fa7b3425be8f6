/** What waits to be sent: bounded, incidents before scores; when it is full, scores are dropped first. */
import type { Counters } from '../core/counters.js';

export interface Letter {
  readonly kind: 'incident' | 'score';
  readonly topic: string;
  readonly payload: string;
  /** Called once: the letter is safe on the other side, or dropped (and counted). */
  readonly settled: () => void;
}

export class Outbox {
  readonly #capacity: number;
  readonly #counters: Counters;
  readonly #incidents: Letter[] = [];
  readonly #scores: Letter[] = [];

  /** @param capacity letters, ≥ 1 */
  constructor(capacity: number, counters: Counters) {
    this.#capacity = capacity;
    this.#counters = counters;
  }

  get length(): number {
    return this.#incidents.length + this.#scores.length;
  }

  /** Makes room by dropping the oldest score, else the oldest incident; never an incident for a score. */
  add(letter: Letter): void {
    if (this.length >= this.#capacity) {
      const victim = this.#scores.shift() ?? (letter.kind === 'score' ? letter : this.#incidents.shift());
      if (victim !== undefined) this.#drop(victim);
      if (victim === letter) return;
    }
    (letter.kind === 'score' ? this.#scores : this.#incidents).push(letter);
  }

  /** Takes the oldest incident, else the oldest score. */
  next(): Letter | undefined {
    return this.#incidents.shift() ?? this.#scores.shift();
  }

  /** Puts a letter that could not be sent back to the front. */
  putBack(letter: Letter): void {
    (letter.kind === 'score' ? this.#scores : this.#incidents).unshift(letter);
  }

  /** Drops everything. */
  clear(): void {
    for (let letter = this.next(); letter !== undefined; letter = this.next()) this.#drop(letter);
  }

  #drop(letter: Letter): void {
    this.#counters.count(`sink.${letter.kind}-dropped`);
    letter.settled();
  }
}
