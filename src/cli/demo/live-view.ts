/** What is measured right now and how unusual it is: one line that renews itself on a terminal, else a line now and then. */
import type { Frame } from '../../core/contracts.js';
import type { KiokuEvent } from '../../core/events.js';
import type { Io } from '../output.js';
import { gauge, StatusLine } from '../status-line.js';

/** Without a terminal. */
const LINE_EVERY_MS = 5000;
const BAR_CELLS = 10;

export class LiveView {
  readonly #values = new Map<string, number>();
  readonly #status: StatusLine | undefined;
  #score = 0;
  #open = 0;
  #lastLineMs = -Infinity;

  /** @param units of the channels that are shown, in order */
  constructor(
    private readonly io: Io,
    private readonly units: ReadonlyMap<string, string>,
  ) {
    if (io.stderr.isTTY) this.#status = new StatusLine(io.stderr);
  }

  readonly readings = (frames: readonly Frame[]): void => {
    for (const { signal, data } of frames) {
      if (signal.kind === 'channels') signal.names.forEach((name, i) => this.#values.set(name, data[i]));
    }
    this.#draw();
  };

  readonly events = (events: readonly KiokuEvent[]): void => {
    for (const event of events) {
      if (event.type === 'score') this.#score = event.score;
      else if (event.type === 'incident' && event.phase === 'new') this.#open++;
      else if (event.type === 'incident' && event.phase === 'end') this.#open--;
    }
    // The console sink has written a line of its own.
    if (events.some(({ type }) => type === 'incident')) this.clear();
  };

  /** Makes room for an ordinary line. */
  clear(): void {
    this.#status?.clear();
  }

  #draw(): void {
    const now = performance.now();
    if (this.#status !== undefined) this.#status.show(this.#line());
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
    return `${values.join('  ')}  unusual ${gauge(this.#score, BAR_CELLS)} ${this.#score.toFixed(2)}  ${this.#open > 0 ? 'INCIDENT' : 'normal'}`;
  }
}
