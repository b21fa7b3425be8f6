/** How long to wait before the next attempt to reconnect. */

/** Before the first attempt. */
export const RECONNECT_MIN_MS = 250;
/** Between being refused with MQTT 5 and trying MQTT 3.1.1. */
export const DOWNGRADE_MS = 50;
/** After a connection that lasted so long, pauses begin small again. */
export const STABLE_MS = 10_000;

/** About twice the last pause, up to `maxMs`; the random part keeps a fleet from coming back in step. */
export function nextPauseMs(lastMs: number, maxMs: number): number {
  return Math.min(maxMs, lastMs * (1.6 + 0.8 * Math.random()));
}
