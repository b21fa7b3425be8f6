/** Which of the device's own message numbers were seen: the newest and 63 below it, in four numbers. */

/** Numbers that one window takes; the newest is NaN before the first. */
export const WINDOW_FIELDS = 4;

const NEWEST = 0;
/** Bit s mod 64 of the two words says whether s was seen, for the 64 numbers up to the newest. */
const WORDS = 1;
/** Repeats in a row. */
const REPEATS = 3;
const SPAN = 64;

/** Nothing seen. */
export function clearWindow(state: Float64Array, at: number): void {
  state[at + NEWEST] = Number.NaN;
  state[at + WORDS] = 0;
  state[at + WORDS + 1] = 0;
  state[at + REPEATS] = 0;
}

/**
 * Notes a message number (the anti-replay window of IPsec, RFC 4303 section 3.4.3, with a way back: a device that counts
 * anew must not be shut out). A number 64 or more below the newest begins a new count, and so does the 65th repeat in a
 * row, as of a device that restarts before it has counted to 64.
 * @param state slab; the window is `state[at … at + WINDOW_FIELDS)`
 * @param sequence whole number
 * @returns whether it was seen before
 */
export function seenBefore(state: Float64Array, at: number, sequence: number): boolean {
  const newest = state[at + NEWEST];
  const ahead = sequence - newest;
  if (ahead <= 0 && ahead > -SPAN && hasBit(state, at, sequence)) {
    state[at + REPEATS]++;
    if (state[at + REPEATS] <= SPAN) return true;
    restart(state, at, sequence);
  } else if (Number.isNaN(newest) || ahead >= SPAN || ahead <= -SPAN) {
    restart(state, at, sequence);
  } else if (ahead > 0) {
    for (let s = newest + 1; s < sequence; s++) setBit(state, at, s, false);
    state[at + NEWEST] = sequence;
  }
  setBit(state, at, sequence, true);
  state[at + REPEATS] = 0;
  return false;
}

function restart(state: Float64Array, at: number, sequence: number): void {
  clearWindow(state, at);
  state[at + NEWEST] = sequence;
}

function place(sequence: number): number {
  return ((sequence % SPAN) + SPAN) % SPAN;
}

function hasBit(state: Float64Array, at: number, sequence: number): boolean {
  const index = place(sequence);
  return ((state[at + WORDS + (index >> 5)] >>> (index & 31)) & 1) === 1;
}

function setBit(state: Float64Array, at: number, sequence: number, on: boolean): void {
  const index = place(sequence);
  const word = at + WORDS + (index >> 5);
  const mask = 1 << (index & 31);
  state[word] = (on ? state[word] | mask : state[word] & ~mask) >>> 0;
}
