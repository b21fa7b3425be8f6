/**
 * An ONNX file as a step: what it takes, what it gives and what it remembers. kioku's own models get this from their
 * card, published ones from the metadata in the file.
 */

/** Shape of a tensor; `B` is the batch axis (one row a stream), wherever it lies. */
export type RowShape = readonly ('B' | number)[];

export interface Port {
  readonly name: string;
  readonly elementType: 'float32' | 'int64';
  readonly shape: RowShape;
  /**
   * Of an input: one more axis lies before `shape`, [T, …], and a run takes any number T of steps. The batch axis of the
   * outputs then holds T·B rows, step after step.
   */
  readonly timeAxis?: true;
}

/** Recurrent state: input `name`, output `next` of the same type and shape; the initial value is 0. */
export interface StatePort extends Port {
  readonly next: string;
}

/** An input that is the same in every step, such as the sampling rate of a voice activity model. */
export interface ConstantInput {
  readonly name: string;
  readonly elementType: 'int64';
  /** Without `B`; the empty shape is a scalar. */
  readonly shape: readonly number[];
  /** Every element has this value. */
  readonly value: number;
}

export interface StepModel {
  /** Absolute path of the ONNX file. */
  readonly path: string;
  /** The ONNX file itself, where it was made in memory; `path` is then only what errors call it. */
  readonly bytes?: Uint8Array;
  /** The file is known to be sound, so it may be opened in this process without being tried in another one first. */
  readonly proven?: boolean;
  /** SHA-256 of that file (of a recogniser's encoder: of all its nets), hexadecimal: state belongs to one model only. */
  readonly sha256: string;
  /** What the caller fills before each step; the first is the main one. */
  readonly inputs: readonly [Port, ...Port[]];
  /** float32 results of each step; the first is the main one. */
  readonly outputs: readonly [Port, ...Port[]];
  readonly states: readonly StatePort[];
  readonly constants: readonly ConstantInput[];
  /** [B] float32, 1 = advance this row, 0 = keep its state bit for bit. Absent in models that have none. */
  readonly rowMask?: Port;
  /** Rows of every run, where the file fixes its batch axis or rows of a batch are not independent; absent: any number. */
  readonly rowsPerRun?: number;
}
