/** A spotter of keywords over a net by hand, its events gathered. */
import { Counters } from '../../src/core/counters.js';
import type { Batch, Decider } from '../../src/core/contracts.js';
import type { KeywordEvent, KiokuEvent } from '../../src/core/events.js';
import { silentLog } from '../../src/core/log.js';
import type { CtcModel } from '../../src/core/recogniser.js';
import { keywordsKind } from '../../src/decide/keywords.js';
import { batchOf, type Chunk, FRAME_US, ORIGIN_US, TOKENS } from './recogniser.js';

/** Log-probabilities of a step in which `id` has this probability, the blank all others. */
export function stepOf(id: number, probability: number): Float32Array {
  const probabilities = new Float64Array(TOKENS.length);
  probabilities[0] = 1 - probability;
  probabilities[id] += probability;
  return Float32Array.from(probabilities, Math.log);
}

export class SpotterRig {
  readonly decider: Decider;
  readonly events: KeywordEvent[] = [];
  readonly counters = new Counters();
  /** Slots whose encoder was reset. */
  readonly resets: number[] = [];
  readonly #batch: Batch;
  readonly #output: Float32Array;

  /** Slots are open as `stream-0`, `stream-1`, … */
  constructor(
    private readonly model: CtcModel,
    options: Readonly<Record<string, unknown>>,
    capacity = 3,
  ) {
    this.#batch = batchOf(capacity);
    this.#output = new Float32Array(capacity * model.outputFrames * TOKENS.length);
    this.decider = keywordsKind.create(keywordsKind.schema.parse({ kind: 'keywords', ...options }), {
      name: 'test',
      baseDir: '/',
      counters: this.counters,
      log: silentLog,
      capacity,
      originUs: () => ORIGIN_US,
      provider: 'test/cpu',
      resetEncoder: (slot) => void this.resets.push(slot),
      model,
    });
    for (let slot = 0; slot < capacity; slot++) this.decider.open(slot, `stream-${slot}`);
  }

  /** Bound: gathers. */
  readonly emit = (event: KiokuEvent): void => {
    if (event.type !== 'keyword') throw new Error('a spotter tells of keywords only');
    this.events.push(event);
  };

  /** Chunks of different slots, in one batch. */
  hear(...chunks: readonly Chunk[]): void {
    this.#batch.n = chunks.length;
    chunks.forEach(({ slot = 0, us, frames, gap = false }, row) => {
      this.#batch.slot[row] = slot;
      this.#batch.us[row] = us;
      this.#batch.gap[row] = Number(gap);
      frames.forEach((scores, t) => this.#output.set(scores, (row * this.model.outputFrames + t) * TOKENS.length));
    });
    this.decider.push(this.#output, this.#batch, this.emit);
  }

  /** One step after the other, whole chunks, in slot 0, the first step at `us`. */
  hearSteps(steps: readonly Float32Array[], us = 0): void {
    const { outputFrames } = this.model;
    for (let first = 0; first < steps.length; first += outputFrames) {
      this.hear({ us: us + first * FRAME_US, frames: steps.slice(first, first + outputFrames) });
    }
  }
}
