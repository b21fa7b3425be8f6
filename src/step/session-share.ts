/** Sessions that the threads of one lane have in common, so that the weights of a large model are in memory once. */
import type { SkippedProvider } from '../core/runtime.js';

/** An opened session as another thread can use it: any number of runs at the same time. */
export interface OpenedSession {
  /** Of the library's object, the same in all threads. */
  readonly address: number;
  readonly provider: string;
  /** The provider computes in memory of its own. */
  readonly onDevice: boolean;
  readonly skipped: readonly SkippedProvider[];
}

/** By the SHA-256 of the model. */
export interface SessionShare {
  /** Of another thread, which keeps them open until this one has ended. */
  readonly lent: ReadonlyMap<string, OpenedSession>;
  /** What this thread has open, to be lent. */
  readonly opened: Map<string, OpenedSession>;
}
