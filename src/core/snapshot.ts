/** All that is remembered of one stream, to be put back after a restart or in another lane. */
import type { Micros } from './contracts.js';

export interface Snapshot {
  readonly version: 1;
  /** Hash of the model it belongs to. */
  readonly model: string;
  readonly stream: string;
  readonly us: Micros;
  /** source → last packet number contained in this state */
  readonly through: ReadonlyMap<number, number>;
  /** stage → its bytes */
  readonly parts: ReadonlyMap<string, Uint8Array>;
}
