/** Decoder and joiner for the paths of many beams at once. */
import type { Net } from '../core/contracts.js';
import { BugError } from '../core/errors.js';
import { lastIds, type PathToken } from './path-token.js';
import { copyRow } from './transducer.js';

export interface AskingPath {
  readonly last: PathToken;
  /** [width], what the decoder says to its last tokens; undefined until it was asked. */
  said: Float32Array | undefined;
}

export class TransducerRuns {
  /** Most paths of one run. */
  readonly rows: number;
  readonly vocabulary: number;
  /** [rows, vocabulary], after `run`, in the order of `add`. */
  readonly logits: Float32Array;
  readonly #decoderInput: BigInt64Array;
  readonly #decoderOutput: Float32Array;
  readonly #encoded: Float32Array;
  readonly #decoded: Float32Array;
  readonly #width: number;
  /** 0, 1, 2, …: decoder and joiner remember nothing, any slots will do. */
  readonly #anySlots: Int32Array;
  readonly #paths: AskingPath[] = [];

  /** @param contextSize tokens that the decoder sees */
  constructor(
    private readonly decoder: Net,
    private readonly joiner: Net,
    private readonly contextSize: number,
  ) {
    const [encodedPort, decodedPort] = joiner.model.inputs;
    if (decodedPort === undefined) throw new BugError('a joiner has two inputs');
    this.rows = Math.min(decoder.rows, joiner.rows);
    this.#decoderInput = decoder.integerInput[decoder.model.inputs[0].name];
    this.#decoderOutput = decoder.output[decoder.model.outputs[0].name];
    this.#encoded = joiner.input[encodedPort.name];
    this.#decoded = joiner.input[decodedPort.name];
    this.logits = joiner.output[joiner.model.outputs[0].name];
    this.#width = this.#encoded.length / joiner.rows;
    this.vocabulary = this.logits.length / joiner.rows;
    this.#anySlots = Int32Array.from({ length: this.rows }, (_, row) => row);
  }

  /** No path is waiting. */
  clear(): void {
    this.#paths.length = 0;
  }

  /** Another path, at most `rows` in all. @param encoded of the encoder's output, row `row` is that of the frame */
  add(path: AskingPath, encoded: Float32Array, row: number): void {
    copyRow(encoded, row, this.#encoded, this.#paths.length, this.#width);
    this.#paths.push(path);
  }

  /** @throws UserError `ENGINE` */
  run(): void {
    const paths = this.#paths;
    this.#decode();
    for (let row = 0; row < paths.length; row++) {
      const { said } = paths[row];
      if (said === undefined) throw new BugError('the decoder was not asked');
      copyRow(said, 0, this.#decoded, row, this.#width);
    }
    this.joiner.step(this.#anySlots, paths.length);
  }

  /** Asks the decoder about what it was not asked before. */
  #decode(): void {
    const asking: AskingPath[] = [];
    for (const path of this.#paths) {
      if (path.said !== undefined) continue;
      const context = lastIds(path.last, this.contextSize);
      const at = asking.length * this.contextSize;
      for (let k = 0; k < this.contextSize; k++) this.#decoderInput[at + k] = BigInt(context[k]);
      asking.push(path);
    }
    if (asking.length === 0) return;
    this.decoder.step(this.#anySlots, asking.length);
    for (let row = 0; row < asking.length; row++) {
      const said = new Float32Array(this.#width);
      copyRow(this.#decoderOutput, row, said, 0, this.#width);
      asking[row].said = said;
    }
  }
}
