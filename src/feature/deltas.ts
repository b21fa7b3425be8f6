/** How features change: regression over the frames around each one, as Kaldi's `delta-functions.cc` (Furui 1986). */
import type { FrameExtractor } from '../core/contracts.js';
import { BugError } from '../core/errors.js';
import { unfitState } from '../core/saved-state.js';

const VERSION = 1;
/** Vectors given, vectors taken from inside, flushed. */
const HEAD = 3;

/** `order` times the slope of a straight line through the `reach` values on both sides: weights of −order·reach … order·reach. */
function slopeWeights(order: number, reach: number): Float64Array {
  let weights = Float64Array.of(1);
  let squares = 0;
  for (let j = -reach; j <= reach; j++) squares += j * j;
  for (let o = 0; o < order; o++) {
    const next = new Float64Array(weights.length + 2 * reach);
    for (let j = -reach; j <= reach; j++) {
      for (let i = 0; i < weights.length; i++) next[i + j + reach] += (j / squares) * weights[i];
    }
    weights = next;
  }
  return weights;
}

/** The names themselves, then those of their deltas, order by order. */
export function deltaNames(names: readonly string[], order: 1 | 2): string[] {
  const suffixes = order === 1 ? ['delta'] : ['delta', 'delta2'];
  return [...names, ...suffixes.flatMap((suffix) => names.map((name) => `${name}.${suffix}`))];
}

/**
 * The vectors of another extractor, each followed by its deltas and, for order 2, their deltas. Beyond the first and the
 * last vector those count as repeated. Vectors come `order · reach` hops later than without.
 */
export class Deltas implements FrameExtractor {
  readonly names: readonly string[];
  readonly width: number;
  readonly hopSamples: number;
  /** Vectors seen on either side. */
  readonly #sight: number;
  /** One row of weights per order. */
  readonly #weights: readonly Float64Array[];
  /** [2 · sight + 1, inner width], vector v in row v mod its length. */
  readonly #ring: Float32Array;
  /** Vectors given. */
  #given = 0;
  /** Vectors taken from inside. */
  #taken = 0;
  #flushed = false;

  /**
   * @param inner becomes this extractor's own
   * @param order 1: deltas; 2: their deltas, too
   * @param reach vectors on either side through which a line is laid, ≥ 1
   */
  constructor(
    private readonly inner: FrameExtractor,
    order: 1 | 2,
    reach: number,
  ) {
    this.names = deltaNames(inner.names, order);
    this.width = this.names.length;
    this.hopSamples = inner.hopSamples;
    this.#sight = order * reach;
    this.#weights = Array.from({ length: order }, (_, i) => slopeWeights(i + 1, reach));
    this.#ring = new Float32Array((2 * this.#sight + 1) * inner.width);
  }

  push(samples: Float64Array, from: number, n: number): void {
    this.inner.push(samples, from, n);
  }

  get ready(): number {
    const known = this.#taken + this.inner.ready;
    return Math.max(0, (this.#flushed ? known : known - this.#sight) - this.#given);
  }

  take(out: Float32Array, at: number): void {
    if (this.ready === 0) throw new BugError('no vector is ready');
    const { inner } = this;
    while (this.#taken <= this.#given + this.#sight && inner.ready > 0) {
      inner.take(this.#ring, this.#row(this.#taken));
      this.#taken++;
    }
    const own = this.#row(this.#given);
    for (let c = 0; c < inner.width; c++) out[at + c] = this.#ring[own + c];
    this.#weights.forEach((weights, i) => this.#regress(weights, out, at + (i + 1) * inner.width));
    this.#given++;
  }

  flush(): void {
    this.inner.flush();
    this.#flushed = true;
  }

  reset(): void {
    this.inner.reset();
    this.#ring.fill(0);
    this.#given = 0;
    this.#taken = 0;
    this.#flushed = false;
  }

  save(): Uint8Array {
    const inner = this.inner.save();
    const head = Float64Array.of(this.#given, this.#taken, this.#flushed ? 1 : 0);
    const bytes = new Uint8Array(1 + head.byteLength + this.#ring.byteLength + inner.length);
    bytes[0] = VERSION;
    bytes.set(new Uint8Array(head.buffer), 1);
    bytes.set(new Uint8Array(this.#ring.buffer), 1 + head.byteLength);
    bytes.set(inner, 1 + head.byteLength + this.#ring.byteLength);
    return bytes;
  }

  load(bytes: Uint8Array): void {
    const ringAt = 1 + 8 * HEAD;
    const innerAt = ringAt + this.#ring.byteLength;
    if (bytes[0] !== VERSION || bytes.length < innerAt) {
      throw unfitState('the deltas of a stream');
    }
    this.inner.load(bytes.subarray(innerAt));
    const [given, taken, flushed] = new Float64Array(bytes.slice(1, ringAt).buffer);
    this.#ring.set(new Float32Array(bytes.slice(ringAt, innerAt).buffer));
    this.#given = given;
    this.#taken = taken;
    this.#flushed = flushed === 1;
  }

  #row(vector: number): number {
    return (vector % (2 * this.#sight + 1)) * this.inner.width;
  }

  #regress(weights: Float64Array, out: Float32Array, at: number): void {
    const { width } = this.inner;
    const reach = (weights.length - 1) / 2;
    for (let c = 0; c < width; c++) {
      let sum = 0;
      for (let j = -reach; j <= reach; j++) {
        const vector = Math.min(Math.max(this.#given + j, 0), this.#taken - 1);
        sum += weights[j + reach] * this.#ring[this.#row(vector) + c];
      }
      out[at + c] = sum;
    }
  }
}
