/** What is measured right now and how unusual it is: one line that renews itself on a terminal, else a line now and then. */
import type { Frame } from '../../core/contracts.js';
import type { KiokuEvent } from '../../core/events.js';
import type { Io } from '../output.js';

/** Without a terminal. */
const LINE_EVERY_MS = 5000;
const CLEAR_LINE = '\r\u001b[2K';
const BAR_CELLS = 10;

export class LiveView {
  readonly #values = new Map<string, number>();
  #score = 0;
  #open = 0;
  #lastLineMs = -Infinity;

  /** @param units of the channels that are shown, in order */
  constructor(
    private readonly io: Io,
    private readonly units: ReadonlyMap<string, string>,
  ) {}

  readonly readings = (frames: readonly Frame[]): void => {
    for (const { signal, data } of frames) {
      if (signal.kind === 'channels') signal.names.forEach((name, i) => this.#values.set(name, data[i]));
    }
    this.#draw();
  };

  readonly events = (events: readonly KiokuEvent[]): void => {
    for (const event of events) {
      if (event.type === 'score') this.#score = event.score;
      else if (event.phase === 'new') this.#open++;
      else if (event.phase === 'end') this.#open--;
    }
    // The console sink has written a line of its own.
    if (events.some(({ type }) => type === 'incident')) this.clear();
  };

  /** Makes room for an ordinary line. */
  clear(): void {
    if (this.io.stderr.isTTY) this.io.stderr.write(CLEAR_LINE);
  }

  #draw(): void {
    const now = performance.now();
    if (this.io.stderr.isTTY) this.io.stderr.write(CLEAR_LINE + this.#line().slice(0, this.io.stderr.columns - 1));
    else if (now - this.#lastLineMs >= LINE_EVERY_MS) {
      this.#lastLineMs = now;
      this.io.note(this.#line());
    }
  }

  #line(): string {
    const values = [...this.units].flatMap(([name, unit]) => {
      const value = this.#values.get(name);
      return value === undefined ? [] : [`${name} ${value.toFixed(1)}${unit}`];
    });
    const filled = Math.round(this.#score * BAR_CELLS);
    const bar = '█'.repeat(filled) + '░'.repeat(BAR_CELLS - filled);
    return `${values.join('  ')}  unusual ${bar} ${this.#score.toFixed(2)}  ${this.#open > 0 ? 'INCIDENT' : 'normal'}`;
  }
}
