/** How often each stream stayed away, by the clock that says at run time who is silent: that of arrival. */
import type { Frame, Micros } from './core/contracts.js';

/** No stream is called silent sooner, however it is configured. */
const FEWEST_STEPS = 2;

export interface StreamPauses {
  readonly stream: string;
  /** From what was first heard of it to what was last. */
  readonly heardUs: Micros;
  /** How many time steps nothing came → how many times; shorter ones than two steps are none. */
  readonly times: ReadonlyMap<number, number>;
}

interface Heard {
  firstUs: Micros;
  lastUs: Micros;
  /** Its sender has said that there is no more, so that what follows is no silence. */
  ended: boolean;
  /** Distinct lengths are few: so many must add up to the time heard that their number grows with its square root. */
  readonly times: Map<number, number>;
}

export class PauseRecorder {
  readonly #streams = new Map<string, Heard>();

  /** @param stepUs length of a time step, µs */
  constructor(private readonly stepUs: Micros) {}

  hear({ stream, arrivedUs, data, mark }: Frame): void {
    const heard = this.#streams.get(stream);
    const ended = mark === 'end' && data.length === 0;
    if (heard === undefined) {
      this.#streams.set(stream, { firstUs: arrivedUs, lastUs: arrivedUs, ended, times: new Map() });
      return;
    }
    const steps = Math.floor((arrivedUs - heard.lastUs) / this.stepUs);
    if (steps >= FEWEST_STEPS && !heard.ended) heard.times.set(steps, (heard.times.get(steps) ?? 0) + 1);
    // A clock that was set back begins anew.
    heard.firstUs = Math.min(heard.firstUs, arrivedUs);
    heard.lastUs = arrivedUs;
    heard.ended = ended;
  }

  /** Sorted by stream. */
  finish(): StreamPauses[] {
    return [...this.#streams]
      .map(([stream, { firstUs, lastUs, times }]) => ({ stream, heardUs: lastUs - firstUs, times }))
      .toSorted((a, b) => (a.stream < b.stream ? -1 : 1));
  }
}
