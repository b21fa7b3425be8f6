/** What a lane has to say since it was last asked, and how far it has taken each source. */
import type { Emit, LaneOut } from './core/contracts.js';
import type { KiokuEvent } from './core/events.js';

export class LaneOutput {
  /** Number of the last packet of each source. */
  readonly #through = new Map<number, number>();
  /** The source that was taken from last, and its packet: not in `#through` yet, because mostly there is one source. */
  #source: number | undefined;
  #seq = 0;
  #events: KiokuEvent[] = [];
  /** Time steps taken through the net. */
  steps = 0;

  /** Bound once: the hot path makes no closures. */
  readonly emit: Emit = (event) => {
    this.#events.push(event);
  };

  taken(source: number, seq: number): void {
    if (source !== this.#source) this.#note();
    this.#source = source;
    this.#seq = seq;
  }

  through(): ReadonlyMap<number, number> {
    this.#note();
    return new Map(this.#through);
  }

  /** What a snapshot had taken is taken. */
  restore(through: ReadonlyMap<number, number>): void {
    this.#note();
    this.#source = undefined;
    for (const [source, seq] of through) this.#through.set(source, Math.max(seq, this.#through.get(source) ?? 0));
  }

  /** Everything since the last call. */
  turn(): LaneOut {
    const out = { events: this.#events, through: this.through(), steps: this.steps };
    this.#events = [];
    this.steps = 0;
    return out;
  }

  #note(): void {
    if (this.#source !== undefined) this.#through.set(this.#source, this.#seq);
  }
}
