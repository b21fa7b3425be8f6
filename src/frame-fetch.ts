/** Whatever the next frames of a lane need, read from main memory side by side. */
import type { Frame, PerSlot, Slot } from './core/contracts.js';
import type { Slots } from './step/slots.js';

/** Frames looked at together: what is remembered of so many streams has room in the first cache of a processor. */
export const FRAMES_FETCHED = 64;

/**
 * What is remembered of a hundred thousand streams lies in main memory. Frame by frame each of two dozen reads would be
 * waited for; in short loops that do nothing else the processor has many of them under way at a time.
 */
export class FrameFetch {
  /** [i] slot of the i-th frame that was looked at, −1 = its stream has none. Of hints only: a stream may leave meanwhile. */
  readonly found = new Int32Array(FRAMES_FETCHED);
  readonly #known = new Int32Array(FRAMES_FETCHED);
  /** Kept of `touch`. */
  touched = 0;

  constructor(
    private readonly slots: Slots,
    private readonly stages: readonly PerSlot[],
  ) {}

  /** Looks at `frames[from … to)`, `FRAMES_FETCHED` of them at most. */
  fetch(frames: readonly Frame[], from: number, to: number): void {
    const { found, slots } = this;
    if (!slots.many) {
      found.fill(-1, 0, to - from);
      return;
    }
    slots.findEach(frames, from, to, found);
    const known = this.#known;
    let n = 0;
    for (let i = 0; i < to - from; i++) if (found[i] >= 0) known[n++] = found[i];
    let touched = slots.touch(known, n);
    for (const stage of this.stages) touched += stage.touch?.(known, n) ?? 0;
    this.touched = touched;
  }

  /** The slot of the i-th of these frames, if that is still so. */
  slotOf(stream: string, i: number): Slot | undefined {
    const slot = this.found[i];
    return slot >= 0 && this.slots.streamOf(slot) === stream ? slot : this.slots.findNext(stream);
  }
}
