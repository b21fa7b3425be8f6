/** The kind `voice`: probabilities of speech become the events `speech-start` and `speech-end`. */
import { z } from 'zod';
import type { Batch, Decider, Emit, Micros, Slot } from '../core/contracts.js';
import { eventId } from '../core/event-id.js';
import type { VoiceEvent } from '../core/events.js';
import type { VoiceContext, VoiceKind } from '../core/kind.js';
import { voiceSchema, type VoiceOptions } from '../core/voice.js';
import { VoiceSpans, type VoiceChange } from './voice-spans.js';

/** Is told of every window after it was judged, in order. */
export type OnWindow = (slot: Slot, change: VoiceChange) => void;

/** A start is told when the speech has lasted, an end when the silence has: both name the time at which it was. */
export class VoiceDecider implements Decider {
  readonly #spans: VoiceSpans;
  readonly #streams: string[];

  constructor(
    options: VoiceOptions,
    private readonly context: VoiceContext,
    private readonly onWindow?: OnWindow,
  ) {
    const { windowUs, capacity } = context;
    this.#spans = new VoiceSpans(options, windowUs, capacity);
    this.#streams = Array.from({ length: capacity }, () => '');
  }

  open(slot: Slot, stream: string): void {
    this.#streams[slot] = stream;
    this.#spans.open(slot);
  }

  leave(slot: Slot): void {
    this.#streams[slot] = '';
  }

  save(slot: Slot): Uint8Array {
    return this.#spans.save(slot);
  }

  load(slot: Slot, bytes: Uint8Array): void {
    this.#spans.load(slot, bytes);
  }

  /** Start of the span that began last, with padding. */
  startUs(slot: Slot): Micros {
    return this.#spans.startUs(slot);
  }

  /** Where the silence began that may end the span, or has just ended it; NaN = somebody speaks. */
  quietSinceUs(slot: Slot): Micros {
    return this.#spans.quietSinceUs(slot);
  }

  /** @param output [n, 1] probability of speech in each window */
  push(output: Float32Array, input: Batch, emit: Emit): void {
    for (let row = 0; row < input.n; row++) {
      const slot = input.slot[row];
      const us = input.us[row];
      if (input.gap[row] === 1) this.end(slot, us, emit);
      const change = this.#spans.step(slot, us, this.#finite(output[row]));
      if (change !== 'none') this.#tell(slot, change, emit);
      this.onWindow?.(slot, change);
    }
  }

  end(slot: Slot, us: Micros, emit: Emit): void {
    if (this.#spans.stop(slot, us)) this.#tell(slot, 'end', emit);
  }

  #finite(probability: number): number {
    if (Number.isFinite(probability)) return probability;
    this.context.counters.count('decide.probability-not-finite');
    return 0;
  }

  #tell(slot: Slot, change: 'start' | 'end', emit: Emit): void {
    const spans = this.#spans;
    const stream = this.#streams[slot];
    const startUs = spans.startUs(slot);
    const event: VoiceEvent = {
      type: change === 'start' ? 'speech-start' : 'speech-end',
      id: eventId(stream, 'speech', startUs),
      stream,
      us: change === 'start' ? startUs : spans.endUs(slot),
      segment: spans.segment(slot),
      originUs: this.context.originUs(slot),
      startUs,
      probability: spans.probability(slot),
      provider: this.context.provider,
    };
    emit(event);
  }
}

const schema = voiceSchema.safeExtend({
  kind: z.literal('voice').meta({ title: 'Kind', description: 'When somebody begins and stops speaking.' }),
});

export const voiceKind: VoiceKind<typeof schema> = {
  schema,
  task: 'voice',
  create: (options, context) => new VoiceDecider(options, context),
};
