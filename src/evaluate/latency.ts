/**
 * How long a recogniser keeps its listener waiting. Two waits for each segment, both from where the recogniser itself says that
 * the words are:
 *
 *     first   from the beginning of its first word until the first text is told of it, right or not
 *     final   from the end of its last word until its text is final
 *
 * In audio time: how much more had to be heard until it was out, what the recogniser looks ahead included. In wall time,
 * where recordings are played as long as they last: how long a listener waits, the time that it takes to compute included.
 */
import type { Micros } from '../core/contracts.js';
import type { TranscriptEvent } from '../core/events.js';
import { median } from '../core/median.js';

/** When something was told. */
export interface Told {
  /** Audio that had to be heard until then. */
  readonly audioUs: Micros;
  /** Wall time since the beginning of the recording was played. */
  readonly playedMs: number;
}

/** Seconds. */
export interface Wait {
  readonly audioS: number;
  readonly wallS: number;
}

/** The waits of one recording, found while it is heard. */
export class Waits {
  readonly first: Wait[] = [];
  readonly final: Wait[] = [];
  /** Segments of which something was told. */
  readonly #told = new Set<number>();

  heard({ type, originUs, segment, tokens }: TranscriptEvent, { audioUs, playedMs }: Told): void {
    // What was told is taken back.
    if (tokens.length === 0) return;
    const since = (placeUs: Micros): Wait => ({
      audioS: (audioUs - (placeUs - originUs)) / 1e6,
      wallS: playedMs / 1000 - (placeUs - originUs) / 1e6,
    });
    if (!this.#told.has(segment)) this.first.push(since(tokens[0].startUs));
    this.#told.add(segment);
    if (type === 'final') this.final.push(since(tokens[tokens.length - 1].endUs));
  }
}

/** Seconds. */
export interface Spread {
  readonly median: number;
  /** Of 20 waits, 19 are no longer. */
  readonly p95: number;
  readonly worst: number;
}

/** @returns null where there is none */
export function spreadOf(seconds: readonly number[]): Spread | null {
  if (seconds.length === 0) return null;
  const sorted = seconds.toSorted((a, b) => a - b);
  const p95 = sorted[Math.ceil(0.95 * sorted.length) - 1];
  return { median: median(sorted), p95, worst: sorted[sorted.length - 1] };
}
