/** The packed recurrent state of all lanes, double-buffered: a run reads one array and writes the other. */
import { tensorOf, type Tensor } from '../step/ort.js';

export class LaneState {
  readonly #width: number;
  #data: [now: Float32Array, next: Float32Array];
  #tensors: [now: Tensor, next: Tensor];

  /** @param width S, values a lane; all start at 0 */
  constructor(lanes: number, width: number) {
    this.#width = width;
    this.#data = [new Float32Array(lanes * width), new Float32Array(lanes * width)];
    this.#tensors = [tensorOf(this.#data[0], [lanes, width]), tensorOf(this.#data[1], [lanes, width])];
  }

  /** [B, S] what a run starts from. */
  get now(): Tensor {
    return this.#tensors[0];
  }

  /** [B, S] where a run leaves its result. */
  get next(): Tensor {
    return this.#tensors[1];
  }

  /** [B · S], the values of `now`. */
  get values(): Float32Array {
    return this.#data[0];
  }

  /** Zeroes the lanes that are marked with 1. */
  restart(marks: Uint8Array): void {
    for (let lane = 0; lane < marks.length; lane++) {
      if (marks[lane] === 1) this.#data[0].fill(0, lane * this.#width, (lane + 1) * this.#width);
    }
  }

  /** The result of the last run becomes the start of the next. */
  advance(): void {
    this.#data.reverse();
    this.#tensors.reverse();
  }
}
