/** Stretches of streams without a gap, normalised: what a net learns from. In memory, or in a temporary file. */
import type { ChannelScale } from '../core/card.js';
import type { Micros } from '../core/contracts.js';
import { readSpilled } from './spill-file.js';

/** Bytes of a file that are read at once, so that the windows of a lane come a few dozen to a read. */
const PAGE_BYTES = 16_384;

/**
 * One stretch of a stream without a gap: n rows, n - 1 samples. Sample r shows the net row r and asks for row r + 1.
 * Samples below `split` are learnt; the others are held out.
 */
interface Stretch {
  /** n */
  readonly rows: number;
  /** 0 … n - 1 */
  readonly split: number;
}

export interface SequenceInMemory extends Stretch {
  /** [n, I] normalised channels (missing: the last observed value, 0 before the first), then the calendar. */
  readonly x: Float32Array;
  /** [n, C], 1 = observed. */
  readonly observed: Uint8Array;
}

export interface SequenceInFile extends Stretch {
  /** Of the file; all threads of the process read through it. */
  readonly descriptor: number;
  /** The first byte of `x`, and of `observed`. */
  readonly xAt: number;
  readonly observedAt: number;
}

/** Data, not an object with methods: it is sent to a thread. */
export type Sequence = SequenceInMemory | SequenceInFile;

/** A sequence of which one knows what, where and when it was. */
export type MeasuredSequence = Sequence & {
  readonly stream: string;
  /** Start of the first row; the others follow without a gap. */
  readonly fromUs: Micros;
  /** What its channels were normalised with. */
  readonly scales: readonly ChannelScale[];
};

/** Some rows of a sequence at hand. */
export class SequencePage {
  /** Number of the first row at hand. */
  from = 0;
  /** [rows at hand, I] and [rows at hand, C] */
  x: Float32Array = new Float32Array();
  observed: Uint8Array = new Uint8Array();
  #sequence: Sequence | undefined;
  #to = 0;

  /** @param inputs I @param channels C */
  constructor(
    private readonly inputs: number,
    private readonly channels: number,
  ) {}

  /** Sees to it that rows `from` … `to - 1` are at hand, of a file also some that follow. @throws UserError `DISK` */
  turnTo(sequence: Sequence, from: number, to: number): void {
    if (sequence === this.#sequence && from >= this.from && to <= this.#to) return;
    this.#sequence = sequence;
    if ('x' in sequence) {
      [this.from, this.#to] = [0, sequence.rows];
      this.x = sequence.x;
      this.observed = sequence.observed;
    } else this.#read(sequence, from, to);
  }

  #read(sequence: SequenceInFile, from: number, to: number): void {
    const { inputs, channels } = this;
    const rows = Math.max(to - from, Math.floor(PAGE_BYTES / (4 * inputs + channels)));
    // What is at hand may be part of a sequence in memory.
    if (this.x.length !== rows * inputs) {
      this.x = new Float32Array(rows * inputs);
      this.observed = new Uint8Array(rows * channels);
    }
    const there = Math.min(rows, sequence.rows - from);
    readSpilled(sequence.descriptor, this.x.subarray(0, there * inputs), sequence.xAt + 4 * from * inputs);
    readSpilled(
      sequence.descriptor,
      this.observed.subarray(0, there * channels),
      sequence.observedAt + from * channels,
    );
    this.from = from;
    this.#to = from + there;
  }
}

/** The bytes of `x` and then those of `observed`, the same wherever they are; each piece is borrowed. */
export function* bytesOf(sequence: Sequence, inputs: number, channels: number): Generator<Uint8Array> {
  if ('x' in sequence) {
    for (const { buffer, byteOffset, byteLength } of [sequence.x, sequence.observed]) {
      yield new Uint8Array(buffer, byteOffset, byteLength);
    }
    return;
  }
  const { descriptor, xAt, observedAt, rows } = sequence;
  const page = new Uint8Array(PAGE_BYTES);
  for (const [at, length] of [
    [xAt, 4 * rows * inputs],
    [observedAt, rows * channels],
  ]) {
    for (let done = 0; done < length; done += page.length) {
      const piece = page.subarray(0, Math.min(page.length, length - done));
      readSpilled(descriptor, piece, at + done);
      yield piece;
    }
  }
}
