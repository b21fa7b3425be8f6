/** Samples → what the net is fed with, by the very stage that feeds it when it runs: so training sees what running sees. */
import type { Batch, Frame } from '../../core/contracts.js';
import type { RecogniserFeatures } from '../../core/recogniser.js';
import { ChunkedFrames } from '../../feature/chunks.js';
import { recogniserFrames } from '../../feature/log-mel.js';

/** Feature frames that are one step of the net, 40 ms; no step sees a frame that another sees. */
export const STACKED_FRAMES = 4;

export interface Chunks {
  /** Steps T, those of the silence behind the end included. */
  readonly count: number;
  /** [T, STACKED_FRAMES · melBins] log-mel energies, not normalised. */
  readonly data: Float32Array;
}

const SLOT = 0;

export class ChunkMaker {
  /** Values of a step. */
  readonly width: number;
  /** Steps of the silence that is put behind the end. */
  readonly tailSteps: number;
  readonly #features: RecogniserFeatures;
  readonly #stage: ChunkedFrames;
  readonly #row: Batch;

  /** @throws UserError `CONFIG_INVALID` when the bands do not fit the rate */
  constructor(features: RecogniserFeatures) {
    this.#features = features;
    const shape = { chunkFrames: STACKED_FRAMES, shiftFrames: STACKED_FRAMES, features };
    this.#stage = new ChunkedFrames(shape, recogniserFrames(features), 1);
    this.width = STACKED_FRAMES * features.melBins;
    this.tailSteps = Math.ceil((1000 * this.#stage.tailPaddingMs) / this.#stage.shiftUs);
    this.#row = oneRow(this.width);
  }

  /** @param samples within [-1, 1], at the rate of the features; at least one */
  chunksOf(samples: Float64Array): Chunks {
    const { sampleRateHz } = this.#features;
    const rows: Float32Array[] = [];
    this.#stage.open(SLOT, '');
    this.#stage.push(SLOT, wholeFrame(samples, sampleRateHz));
    this.#stage.flush(SLOT);
    while (this.#stage.take(this.#row) > 0) rows.push(this.#row.data.slice());
    const data = new Float32Array(rows.length * this.width);
    rows.forEach((row, i) => data.set(row, i * this.width));
    return { count: rows.length, data };
  }
}

function wholeFrame(data: Float64Array, rateHz: number): Frame {
  const signal = { kind: 'audio', rateHz, channels: 1 } as const;
  return { stream: '', source: 0, seq: 1, us: 0, arrivedUs: 0, signal, data };
}

function oneRow(width: number): Batch {
  return {
    n: 0,
    width,
    slot: new Int32Array(1),
    us: new Float64Array(1),
    seq: new Float64Array(1),
    data: new Float32Array(width),
    mask: new Uint8Array(width),
    gap: new Uint8Array(1),
    settled: new Uint8Array(1),
  };
}
