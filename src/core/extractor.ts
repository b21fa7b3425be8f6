/** The contract of the stage that listens to a machine: sound → channels. */
import type { Frame } from './contracts.js';

/**
 * Audio → channels: readings at the hop rate, for a model that watches a sound. Streams by name, bounded; `gap` starts
 * a stream anew, `end` emits what is left and forgets it.
 */
export interface Extractor {
  readonly names: readonly string[];
  /** Rate and channels that frames must have; absent: any rate. Always one channel. */
  readonly sampleRateHz?: number;
  push(frame: Frame, emit: (frame: Frame) => void): void;
}
