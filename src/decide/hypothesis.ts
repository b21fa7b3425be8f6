/** What a search has recognised of the present segment of one stream, and what it needs to go on. */
import type { Micros } from '../core/contracts.js';
import { OUTPUT_FRAME_US } from '../core/recogniser.js';
import { type PathToken, tokensOf } from './path-token.js';
import type { SavedNumbers } from './saved-numbers.js';

const TOKEN_FIELDS = 3;

/** @typeParam M what the search remembers beside the tokens */
export class Hypothesis<M> {
  /** Number of the segment in its stream. */
  segment = 0;
  /** Output frames heard in the segment. */
  frames = 0;
  /** Output frames since the last one that was not blank; `frames` when there was none. */
  blanks = 0;
  /** End of what was heard; NaN: nothing yet. */
  heardUs: Micros = Number.NaN;
  /** When the segment's first token began as it was first heard, which names the segment; NaN: nothing was heard yet. */
  bornUs: Micros = Number.NaN;
  /** Tokens of the partial result that was given last. */
  told: readonly number[] = [];
  /** Tokens of the segment: vocabulary ids, times of their output frames, natural logarithms of their probabilities. */
  readonly ids: number[] = [];
  readonly startUs: Micros[] = [];
  readonly logProbs: number[] = [];
  /** The path that the tokens were taken from last, where a search has several. */
  #path: PathToken | undefined;

  /** @param memory of the search; outlives the segment */
  constructor(public memory: M) {}

  /** One output frame more. */
  hear(blank: boolean): void {
    this.frames++;
    this.blanks = blank ? this.blanks + 1 : 0;
  }

  add(id: number, startUs: Micros, logProb: number): void {
    if (Number.isNaN(this.bornUs)) this.bornUs = startUs;
    this.ids.push(id);
    this.startUs.push(startUs);
    this.logProbs.push(logProb);
  }

  /** The tokens of a path, which ends with `last`, take the place of all that were there. */
  follow(last: PathToken): void {
    if (last === this.#path) return;
    this.#path = last;
    this.#forget(this.ids.length);
    for (const { id, startUs, logProb } of tokensOf(last)) this.add(id, startUs, logProb);
  }

  /** Forgets the first `count` tokens, a segment of their own; what follows them begins the next one. */
  cut(count: number): void {
    this.#forget(count);
    this.#path = undefined;
    const isEmpty = this.ids.length === 0;
    this.frames = isEmpty ? 0 : (this.heardUs - this.startUs[0]) / OUTPUT_FRAME_US;
    this.blanks = Math.min(this.blanks, this.frames);
    this.bornUs = isEmpty ? Number.NaN : this.startUs[0];
    this.told = [];
  }

  save(numbers: number[]): void {
    const { segment, frames, blanks, heardUs, bornUs, told, ids, startUs, logProbs } = this;
    numbers.push(segment, frames, blanks, heardUs, bornUs, told.length, ...told, ids.length);
    ids.forEach((id, i) => numbers.push(id, startUs[i], logProbs[i]));
  }

  /** The inverse of `save`, on a new hypothesis. @throws UserError `SNAPSHOT_INVALID` */
  load(numbers: SavedNumbers): void {
    this.segment = numbers.next();
    this.frames = numbers.next();
    this.blanks = numbers.next();
    this.heardUs = numbers.next();
    const bornUs = numbers.next();
    this.told = Array.from({ length: numbers.count() }, () => numbers.next());
    for (let left = numbers.count(TOKEN_FIELDS); left > 0; left--) {
      this.add(numbers.next(), numbers.next(), numbers.next());
    }
    this.bornUs = bornUs;
  }

  #forget(count: number): void {
    this.ids.splice(0, count);
    this.startUs.splice(0, count);
    this.logProbs.splice(0, count);
  }
}
