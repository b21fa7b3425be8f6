/** What `kioku demo listen` shows: a line a word as it is told and, of a microphone on a terminal, a level that moves. */
import { gauge, StatusLine } from '../status-line.js';
import type { Io } from '../output.js';
import type { HeardWord } from './heard-words.js';

const LEVEL_CELLS = 20;
const TIME_CHARS = 8;
const WORD_CHARS = 7;

export class ListeningView {
  readonly #status: StatusLine | undefined;

  /** @param quiet no words: standard output is for JSON */
  constructor(
    private readonly io: Io,
    private readonly quiet: boolean,
  ) {
    if (io.stderr.isTTY) this.#status = new StatusLine(io.stderr);
  }

  /** @param delayMs since the end of the word; absent: nobody knows when it ended */
  word({ text, atUs }: HeardWord, delayMs?: number): void {
    if (this.quiet) return;
    this.clear();
    const time = `${(atUs / 1e6).toFixed(2)} s`.padStart(TIME_CHARS);
    const told = delayMs === undefined ? '' : `  told ${describeDelay(delayMs)} its end`;
    this.io.print(`${time}  ${text.padEnd(WORD_CHARS)}${told}`.trimEnd());
  }

  /** On a terminal, until the next line. */
  opening(): void {
    this.#status?.show('opening the microphone …');
  }

  /** @param level 0 … 1 */
  level(level: number): void {
    this.#status?.show(`listening ${gauge(level, LEVEL_CELLS)}`);
  }

  /** Makes room for an ordinary line. */
  clear(): void {
    this.#status?.clear();
  }
}

/** `40 ms after`, `20 ms before`. */
export function describeDelay(ms: number): string {
  return `${Math.abs(Math.round(ms))} ms ${ms < 0 ? 'before' : 'after'}`;
}
