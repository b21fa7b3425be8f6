/**
 * What waits to be sent: bounded, what lasts before what passes. Scores and partial transcripts pass: the next one says
 * more; so they are dropped first when it is full, and a partial does not outlive what comes after it.
 */
import type { Counters } from '../core/counters.js';
import type { KiokuEvent } from '../core/events.js';
import { Fifo } from '../core/fifo.js';

export interface Letter {
  readonly type: KiokuEvent['type'];
  readonly topic: string;
  readonly payload: string;
  /** Called once: the letter is safe on the other side, no longer wanted, or dropped (and counted). */
  readonly settled: () => void;
}

/** Whether an event of this type is worth little once there is the next. */
export function passes(type: KiokuEvent['type']): boolean {
  return type === 'score' || type === 'partial';
}

export class Outbox {
  readonly #capacity: number;
  readonly #counters: Counters;
  readonly #lasting = new Fifo<Letter>();
  readonly #passing = new Fifo<Letter>();

  /** @param capacity letters, ≥ 1 */
  constructor(capacity: number, counters: Counters) {
    this.#capacity = capacity;
    this.#counters = counters;
  }

  get length(): number {
    return this.#lasting.length + this.#passing.length;
  }

  /** Makes room by dropping the oldest that passes, else the oldest of all; never what lasts for what passes. */
  add(letter: Letter): void {
    if (letter.type === 'partial' || letter.type === 'final') this.#supersede(letter.topic);
    if (this.length >= this.#capacity) {
      const victim = this.#passing.shift() ?? (passes(letter.type) ? letter : this.#lasting.shift());
      if (victim !== undefined) this.#drop(victim);
      if (victim === letter) return;
    }
    this.#queue(letter).push(letter);
  }

  /** Takes the oldest that lasts, else the oldest that passes. */
  next(): Letter | undefined {
    return this.#lasting.shift() ?? this.#passing.shift();
  }

  /** Puts a letter that could not be sent back to the front; a partial is dropped, because there may be its final by now. */
  putBack(letter: Letter): void {
    if (letter.type === 'partial') this.#drop(letter);
    else this.#queue(letter).unshift(letter);
  }

  /** Drops everything. */
  clear(): void {
    for (let letter = this.next(); letter !== undefined; letter = this.next()) this.#drop(letter);
  }

  #queue({ type }: Letter): Fifo<Letter> {
    return passes(type) ? this.#passing : this.#lasting;
  }

  /** Takes out the partial that waits for the same topic: there is none of it left to be told. */
  #supersede(topic: string): void {
    this.#passing.remove((letter) => letter.type === 'partial' && letter.topic === topic)?.settled();
  }

  #drop(letter: Letter): void {
    this.#counters.count(`sink.${letter.type}-dropped`);
    letter.settled();
  }
}
