/** A speech recogniser as its files describe it: which nets, how a step eats frames, what its tokens mean. */
import type { Micros } from './contracts.js';
import type { StepModel } from './step-model.js';
import type { Pieces, TokenTable } from './tokens.js';

/** The log-mel features that a recogniser was trained on (Kaldi's names; see `feature/log-mel.ts`). */
export interface RecogniserFeatures {
  readonly sampleRateHz: number;
  readonly melBins: number;
  /** Hz; negative: below the Nyquist frequency by as much. */
  readonly lowFrequencyHz: number;
  readonly highFrequencyHz: number;
  /** Samples are multiplied by this first: 1 for [-1, 1], 32768 for models that learnt on 16-bit integers. */
  readonly sampleScale: number;
}

/**
 * Which of two exports of the same net is taken. `auto`: int8 where there is one, because a small machine is what kioku
 * runs on: the 12-layer LSTM has 319 MB of weights in float32, more than a Raspberry Pi 4 can read from its memory 25
 * times a second, and 80 MB in int8. But int8 streams cannot share a run.
 */
export const PRECISIONS = ['auto', 'fp32', 'int8'] as const;
export type Precision = (typeof PRECISIONS)[number];

interface RecogniserBase {
  /** Name of its folder. */
  readonly name: string;
  readonly folder: string;
  /** Such as `lstm` or `zipformer2`, from the metadata. */
  readonly architecture: string;
  readonly features: RecogniserFeatures;
  /**
   * inputs[0]: [B, chunkFrames, melBins]; outputs[0]: [B, outputFrames, joinerWidth] (transducer) or
   * [B, outputFrames, vocabulary] log-probabilities (CTC).
   */
  readonly encoder: StepModel;
  /** Feature frames that one step sees. */
  readonly chunkFrames: number;
  /** Feature frames by which one step advances. */
  readonly shiftFrames: number;
  /** Output frames of one step, `shiftFrames / 4`. */
  readonly outputFrames: number;
  readonly tokens: TokenTable;
  /** Absent: the folder does not say. */
  readonly pieces?: Pieces;
  /** Token that means "nothing here". */
  readonly blank: number;
}

export interface CtcModel extends RecogniserBase {
  readonly kind: 'ctc';
}

export interface TransducerModel extends RecogniserBase {
  readonly kind: 'transducer';
  /** inputs[0]: int64 [B, contextSize]; outputs[0]: [B, joinerWidth]; no state. */
  readonly decoder: StepModel;
  /** inputs: encoder_out and decoder_out [B, joinerWidth]; outputs[0]: logits [B, vocabulary]; no state. */
  readonly joiner: StepModel;
  /** Tokens that the decoder sees. */
  readonly contextSize: number;
  /** Treated as blank when there is one. */
  readonly unknown?: number;
}

export type RecogniserModel = CtcModel | TransducerModel;

/** Time of one output frame: four feature frames of 10 ms. */
export const OUTPUT_FRAME_US = 40_000;

/** A feature frame, and by how much the next one is later. */
const FRAME_US = 25_000;
const HOP_US = 10_000;

/**
 * How much audio behind the end of a step must have been heard before that step is computed: the frames that the model
 * sees and does not advance over, and one more, which is centred on its hop (see `feature/chunks.ts`).
 */
export function lookAheadUs({ chunkFrames, shiftFrames }: Pick<RecogniserBase, 'chunkFrames' | 'shiftFrames'>): Micros {
  return (chunkFrames - shiftFrames) * HOP_US + (HOP_US + FRAME_US) / 2;
}
