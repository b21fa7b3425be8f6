/**
 * Greedy search through a transducer (Graves, "Sequence Transduction with Recurrent Neural Networks", 2012) with a
 * stateless decoder, as icefall trains them: at most one token a frame. The joiner sees all streams of a batch at once; the
 * decoder sees only those whose context has changed, and what it said is kept until then, over the borders of chunks too.
 */
import type { Batch, Net, Slot } from '../core/contracts.js';
import type { Counters } from '../core/counters.js';
import { BugError } from '../core/errors.js';
import { OUTPUT_FRAME_US, type TransducerModel } from '../core/recogniser.js';
import type { Hypothesis } from './hypothesis.js';
import type { SavedNumbers } from './saved-numbers.js';
import { bestOf, logSum } from './scores.js';
import type { TokenSearch } from './token-search.js';

/** Logits are divided by this before the softmax that gives a token's probability; sherpa-onnx's default. */
export const TEMPERATURE = 2;

/** Before anything was heard the context is filled with this, which means "no token", up to a blank at its end. */
export const NO_TOKEN = -1;

/** Behind the tokens of the context: whether they are forgotten when the next one comes. */
const FORGET = 1;

export class TransducerSearch implements TokenSearch<Int32Array> {
  readonly form = 2;
  readonly #contextSize: number;
  readonly #model: TransducerModel;
  readonly #decoder: Net;
  readonly #joiner: Net;
  readonly #counters: Counters;
  readonly #width: number;
  readonly #vocabulary: number;
  readonly #decoderInput: BigInt64Array;
  readonly #decoderOutput: Float32Array;
  readonly #encoded: Float32Array;
  readonly #decoded: Float32Array;
  readonly #logits: Float32Array;
  /** [capacity, width]: what the decoder said to the context of each slot, unless that has changed since. */
  readonly #said: Float32Array;
  readonly #changed: Uint8Array;
  readonly #stale: Int32Array;

  /** @param decoder,joiner opened with room for `capacity` streams */
  constructor(model: TransducerModel, decoder: Net, joiner: Net, capacity: number, counters: Counters) {
    if (Math.min(decoder.capacity, joiner.capacity) < capacity) throw new BugError('decoder or joiner is too small');
    const [encodedPort, decodedPort] = joiner.model.inputs;
    if (decodedPort === undefined) throw new BugError('a joiner has two inputs');
    this.#model = model;
    this.#decoder = decoder;
    this.#joiner = joiner;
    this.#counters = counters;
    this.#contextSize = model.contextSize;
    this.#decoderInput = decoder.integerInput[decoder.model.inputs[0].name];
    this.#decoderOutput = decoder.output[decoder.model.outputs[0].name];
    this.#encoded = joiner.input[encodedPort.name];
    this.#decoded = joiner.input[decodedPort.name];
    this.#logits = joiner.output[joiner.model.outputs[0].name];
    this.#width = this.#encoded.length / joiner.rows;
    this.#vocabulary = this.#logits.length / joiner.rows;
    this.#said = new Float32Array(capacity * this.#width);
    this.#changed = new Uint8Array(capacity).fill(1);
    this.#stale = new Int32Array(capacity);
  }

  /** The tokens that the decoder sees, then what is to become of them. */
  begin(slot: Slot): Int32Array {
    this.#changed[slot] = 1;
    const context = new Int32Array(this.#contextSize + 1);
    this.#empty(context);
    return context;
  }

  /**
   * After speech the context stays, as the encoder's memory does: the next words may belong to the same sentence. After a
   * segment without any it is forgotten, but only when the next token comes: until then the joiner hears what the decoder
   * said last. sherpa-onnx does so, whose tokens are to be the same.
   */
  pause(_slot: Slot, { memory: context }: Hypothesis<Int32Array>, spoke: boolean): void {
    context[this.#contextSize] = spoke ? 0 : FORGET;
  }

  /** The context is that of the last tokens, final or not. */
  cut(): void {}

  save(context: Int32Array): number[] {
    return [...context];
  }

  load(slot: Slot, numbers: SavedNumbers): Int32Array {
    this.#changed[slot] = 1;
    return Int32Array.from({ length: this.#contextSize + 1 }, () => numbers.next());
  }

  /** @param output [n, output frames, joiner width] */
  advance(output: Float32Array, input: Batch, hypotheses: readonly Hypothesis<Int32Array>[]): void {
    const { outputFrames } = this.#model;
    for (let t = 0; t < outputFrames; t++) {
      this.#decode(input, hypotheses);
      this.#join(output, t, input);
      for (let row = 0; row < input.n; row++) {
        const slot = input.slot[row];
        this.#hear(slot, row, hypotheses[slot], input.us[row] + t * OUTPUT_FRAME_US);
      }
    }
  }

  /** Asks the decoder about the contexts that have changed. */
  #decode({ n, slot }: Batch, hypotheses: readonly Hypothesis<Int32Array>[]): void {
    let rows = 0;
    for (let row = 0; row < n; row++) {
      if (this.#changed[slot[row]] === 0) continue;
      const { memory: context } = hypotheses[slot[row]];
      const at = rows * this.#contextSize;
      for (let k = 0; k < this.#contextSize; k++) this.#decoderInput[at + k] = BigInt(context[k]);
      this.#stale[rows++] = slot[row];
    }
    if (rows === 0) return;
    this.#decoder.step(this.#stale, rows);
    for (let row = 0; row < rows; row++) {
      copyRow(this.#decoderOutput, row, this.#said, this.#stale[row], this.#width);
      this.#changed[this.#stale[row]] = 0;
    }
  }

  #join(output: Float32Array, t: number, { n, slot }: Batch): void {
    const { outputFrames } = this.#model;
    for (let row = 0; row < n; row++) {
      copyRow(output, row * outputFrames + t, this.#encoded, row, this.#width);
      copyRow(this.#said, slot[row], this.#decoded, row, this.#width);
    }
    this.#joiner.step(slot, n);
  }

  #hear(slot: Slot, row: number, hypothesis: Hypothesis<Int32Array>, us: number): void {
    const at = row * this.#vocabulary;
    const id = bestOf(this.#logits, at, this.#vocabulary);
    if (!Number.isFinite(this.#logits[at + id])) this.#counters.count('decide.score-not-finite');
    const isBlank = id === this.#model.blank || id === this.#model.unknown;
    hypothesis.hear(isBlank);
    if (isBlank) return;
    const logProb = this.#logits[at + id] / TEMPERATURE - logSum(this.#logits, at, this.#vocabulary, TEMPERATURE);
    hypothesis.add(id, us, logProb);
    const { memory: context } = hypothesis;
    if (context[this.#contextSize] === FORGET) this.#empty(context);
    context.copyWithin(0, 1, this.#contextSize);
    context[this.#contextSize - 1] = id;
    this.#changed[slot] = 1;
  }

  #empty(context: Int32Array): void {
    context.fill(NO_TOKEN, 0, this.#contextSize);
    context[this.#contextSize - 1] = this.#model.blank;
    context[this.#contextSize] = 0;
  }
}

/** Row `fromRow` of one matrix of this width becomes row `toRow` of another. */
export function copyRow(from: Float32Array, fromRow: number, to: Float32Array, toRow: number, width: number): void {
  const source = fromRow * width;
  const target = toRow * width;
  for (let k = 0; k < width; k++) to[target + k] = from[source + k];
}
