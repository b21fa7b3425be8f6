/** The aligner for readings of many streams by name, outside a lane: to learn from them, or in a program's own chain. */
import { type ResolvedAlignment, StepAligner } from './align/align.js';
import type { Frame, Micros } from './core/contracts.js';
import type { Counters } from './core/counters.js';
import { Slots } from './step/slots.js';

/** A copy of a frame that was borrowed, to keep. */
export function copyOfFrame(frame: Frame): Frame {
  const { data, mask } = frame;
  return { ...frame, data: data.slice(), ...(mask === undefined ? {} : { mask: mask.slice() }) };
}

export class StreamAligner {
  readonly stepUs: Micros;
  readonly #aligner: StepAligner;
  readonly #slots: Slots;

  /**
   * @param maxStreams when one more comes, the open step of the one unheard for longest is emitted and it is forgotten
   * @param emit takes every time step that is complete; the frame is borrowed for the call
   */
  constructor(
    alignment: ResolvedAlignment,
    maxStreams: number,
    counters: Counters,
    private readonly emit: (frame: Frame) => void,
  ) {
    this.#aligner = new StepAligner(alignment, counters, maxStreams);
    this.stepUs = this.#aligner.stepUs;
    this.#slots = new Slots(maxStreams, counters, (_stream, slot) => {
      this.#aligner.flush(slot, emit);
      this.#aligner.leave(slot);
    });
  }

  push(frames: readonly Frame[]): void {
    for (const frame of frames) {
      const known = this.#slots.find(frame.stream) !== undefined;
      const slot = this.#slots.acquire(frame.stream);
      if (!known) this.#aligner.open(slot, frame.stream);
      this.#aligner.push(slot, frame, this.emit);
    }
  }

  /** Emits the open step of every stream. */
  flush(): void {
    for (const [, slot] of this.#slots.leastRecent()) this.#aligner.flush(slot, this.emit);
  }
}
