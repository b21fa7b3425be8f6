/** How long to wait before the next attempt at something that keeps failing. */

/** Before the first attempt. */
export const FIRST_PAUSE_MS = 250;
/** After a success that lasted so long, pauses begin small again. */
export const STABLE_MS = 10_000;

/** About twice the last pause, up to `maxMs`; the random part keeps a fleet from coming back in step. */
export function nextPauseMs(lastMs: number, maxMs: number): number {
  return Math.min(maxMs, lastMs * (1.6 + 0.8 * Math.random()));
}
