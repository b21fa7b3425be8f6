/** Segments of the past to learn from again, so that what is new does not displace what was: the oldest make room. */
import { uniform } from '../core/random.js';
import { BugError } from '../core/errors.js';
import type { Lesson, LessonShape } from './lesson.js';

/** Of a row: its inputs, then for each channel whether it was observed. */
export function rowNumbers({ inputs, channels }: LessonShape): number {
  return inputs + channels;
}

/** Of a segment: the state before it [S], then its T rows and one more, which is the last target. */
export function segmentNumbers(shape: LessonShape): number {
  return shape.state + (shape.steps + 1) * rowNumbers(shape);
}

/** What a replay holds, for a file. */
export interface ReplayContent {
  /** [segments, numbers of a segment], the oldest first. */
  readonly numbers: Float32Array;
}

export class Replay {
  readonly #capacity: number;
  readonly #stride: number;
  readonly #numbers: Float32Array;
  /** Segments that were ever added. */
  #added = 0;

  /** @param segments most that are kept, ≥ 1 */
  constructor(
    private readonly shape: LessonShape,
    segments: number,
  ) {
    this.#capacity = segments;
    this.#stride = segmentNumbers(shape);
    this.#numbers = new Float32Array(segments * this.#stride);
  }

  /** Segments that are there. */
  get size(): number {
    return Math.min(this.#added, this.#capacity);
  }

  /** Memory that it takes, whether full or not. */
  get bytes(): number {
    return this.#numbers.byteLength;
  }

  /** Takes a copy. */
  add(segment: Float32Array): void {
    if (segment.length !== this.#stride) throw new BugError(`a segment of ${segment.length} numbers`);
    this.#numbers.set(segment, (this.#added++ % this.#capacity) * this.#stride);
  }

  /**
   * Overwrites a lesson with the latest segment and, for the others, any.
   * @param number of the lesson: with the seed, it says which
   */
  draw(lesson: Lesson, seed: number, number: number): void {
    if (this.#added === 0) throw new BugError('nothing to learn from');
    const { segments } = this.shape;
    this.#give(this.#added - 1, lesson, 0);
    const oldest = this.#added - this.size;
    for (let to = 1; to < segments; to++) {
      this.#give(oldest + Math.floor(uniform(seed, number, to) * this.size), lesson, to);
    }
  }

  content(): ReplayContent {
    const numbers = new Float32Array(this.size * this.#stride);
    for (let i = 0; i < this.size; i++) {
      const from = ((this.#added - this.size + i) % this.#capacity) * this.#stride;
      numbers.set(this.#numbers.subarray(from, from + this.#stride), i * this.#stride);
    }
    return { numbers };
  }

  /** The inverse of `content`; of more than there is room for the latest. */
  restore({ numbers }: ReplayContent): void {
    this.#added = 0;
    for (let at = 0; at < numbers.length; at += this.#stride) this.add(numbers.subarray(at, at + this.#stride));
  }

  /** Segment number `segment` of all that were ever added becomes column `to` of the lesson. */
  #give(segment: number, { x, target, weight, state }: Lesson, to: number): void {
    const { steps, segments, inputs, channels, state: width } = this.shape;
    const numbers = this.#numbers;
    const from = (segment % this.#capacity) * this.#stride;
    for (let i = 0; i < width; i++) state[to * width + i] = numbers[from + i];
    const stride = rowNumbers(this.shape);
    for (let t = 0; t < steps; t++) {
      const row = from + width + t * stride;
      const next = row + stride;
      const at = t * segments + to;
      for (let i = 0; i < inputs; i++) x[at * inputs + i] = numbers[row + i];
      for (let c = 0; c < channels; c++) {
        target[at * channels + c] = numbers[next + c];
        weight[at * channels + c] = numbers[next + inputs + c];
      }
    }
  }
}
