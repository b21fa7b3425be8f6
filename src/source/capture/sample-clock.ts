/**
 * When samples were recorded, told from when they arrived. Arrival is late, by the time that a program and this process
 * take, and never early; a sound card's clock is off by up to some seconds a day. So the time told goes on with the
 * samples, is set back at once when samples arrive before it, and follows slowly when they arrive after it.
 */

/** Part of the lateness that is followed with each arrival: at 20 a second, half of it in 3.5 s. */
const FOLLOW = 0.01;
/** But no faster, in ms for each ms of audio: when this process was held up, what had waited comes late all at once. */
const FOLLOW_AT_MOST = 0.02;

export class SampleClock {
  #endMs: number | undefined;

  /** When the last sample so far was recorded, on the clock of `nowMs`. */
  get endMs(): number {
    return this.#endMs ?? 0;
  }

  /** Audio of `ms` that follows the last without a loss has arrived at `nowMs`. */
  advance(ms: number, nowMs: number): void {
    const endMs = this.#endMs === undefined ? nowMs : this.#endMs + ms;
    const lateMs = nowMs - endMs;
    this.#endMs = endMs + (lateMs < 0 ? lateMs : Math.min(lateMs * FOLLOW, ms * FOLLOW_AT_MOST));
  }

  /** Audio of `ms`, the first after an interruption, has arrived at `nowMs`. @returns what was lost, in ms, ≥ 0 */
  resume(ms: number, nowMs: number): number {
    const lostMs = this.#endMs === undefined ? 0 : Math.max(0, nowMs - ms - this.#endMs);
    this.#endMs = nowMs;
    return lostMs;
  }
}
