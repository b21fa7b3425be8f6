/** How long after its end a word is told, where it is known when words end. */
import type { Micros } from '../core/contracts.js';
import type { TranscriptEvent } from '../core/events.js';
import { comparedWords } from './compared-text.js';
import type { Told, Wait } from './latency.js';

export interface Word {
  /** As it is compared. */
  readonly text: string;
  /** Positions in the recording; absent: nobody knows. */
  readonly endUs?: Micros;
  readonly startUs?: Micros;
}

/**
 * A word is told when it stands in its place in the text, and has stood there ever since. Only a recording that is heard without
 * a wrong word says where the place of each is.
 */
export class WordDelays {
  /** Text of the segments that are over. */
  #over = '';
  /** What was heard last. */
  #heard: readonly string[] = [];
  readonly #told: (Told | undefined)[] = [];

  /** @param words that are said, in their order */
  constructor(private readonly words: readonly Word[]) {}

  heard({ type, text }: TranscriptEvent, when: Told): void {
    const all = `${this.#over} ${text}`;
    if (type === 'final') this.#over = all;
    this.#heard = comparedWords(all);
    this.words.forEach((word, i) => {
      this.#told[i] = this.#heard[i] === word.text ? (this.#told[i] ?? when) : undefined;
    });
  }

  /** @returns of each word whose end is known; below 0: it was told before */
  waits(): Wait[] {
    if (this.#heard.length !== this.words.length) return [];
    const waits: Wait[] = [];
    for (const [i, { endUs }] of this.words.entries()) {
      const told = this.#told[i];
      if (told === undefined) return [];
      if (endUs === undefined) continue;
      waits.push({ audioS: (told.audioUs - endUs) / 1e6, wallS: told.playedMs / 1000 - endUs / 1e6 });
    }
    return waits;
  }
}
