/** Batches of the same streams, one step behind the other, that go through the net in one run. */
import type { Batch, Feature, Net } from './core/contracts.js';

/**
 * Most streams of a chunk. A further step of few streams costs a fraction of their first; with many, what a run costs by
 * itself is shared among them already.
 */
const MOST_STREAMS = 16;

/** A batch for up to `rows` rows of `width` values. */
export function newBatch(rows: number, width: number, data: Float32Array = new Float32Array(rows * width)): Batch {
  return {
    n: 0,
    width,
    slot: new Int32Array(rows),
    us: new Float64Array(rows),
    seq: new Float64Array(rows),
    data,
    mask: new Uint8Array(rows * width),
    gap: new Uint8Array(rows),
    settled: new Uint8Array(rows),
  };
}

export class Chunk {
  /** Batches 0 … `length` − 1 name the same slots in the same order; only batch 0 may have gaps. */
  length = 0;
  /** Most rows of a batch of a chunk that is longer than one. */
  readonly rows: number;
  readonly #batches: Batch[] = [];
  readonly #width: number;
  /** The batch behind the last one was taken from the feature but does not go on with the same streams. */
  #ahead = false;

  /** @param first batch 0, as large as the net takes */
  constructor(
    private readonly net: Net,
    first: Batch,
  ) {
    this.#batches.push(first);
    this.#width = first.width;
    this.rows = Math.min(first.slot.length, MOST_STREAMS);
  }

  /** Batch `step`; its rows are valid until the next `take`. */
  at(step: number): Batch {
    return (this.#batches[step] ??= newBatch(this.rows, this.#width));
  }

  /** Takes what waits in the feature, as far as it goes on with the same streams. @returns `length`, 0 when nothing waits */
  take(feature: Feature): number {
    const first = this.at(0);
    if (this.#ahead) copyBatch(this.at(this.length), first);
    else feature.take(first);
    this.#ahead = false;
    this.length = first.n > 0 ? 1 : 0;
    if (this.length === 0 || first.n > this.rows) return this.length;
    // Fewer than fit: every stream that has a row waiting is among them.
    while (this.length < this.net.maxSteps) {
      const next = this.at(this.length);
      if (feature.take(next) === 0) break;
      this.#ahead = !goesOn(first, next);
      if (this.#ahead) break;
      this.length++;
    }
    return this.length;
  }
}

/** Whether `next` names the slots of `first` in the same order, and no time is missing before it. */
function goesOn(first: Batch, next: Batch): boolean {
  if (next.n !== first.n) return false;
  for (let i = 0; i < next.n; i++) if (next.slot[i] !== first.slot[i] || next.gap[i] === 1) return false;
  return true;
}

function copyBatch(from: Batch, to: Batch): void {
  const { n, width } = from;
  to.n = n;
  for (let i = 0; i < n; i++) {
    to.slot[i] = from.slot[i];
    to.us[i] = from.us[i];
    to.seq[i] = from.seq[i];
    to.gap[i] = from.gap[i];
    to.settled[i] = from.settled[i];
  }
  for (let i = 0; i < n * width; i++) {
    to.data[i] = from.data[i];
    to.mask[i] = from.mask[i];
  }
}
