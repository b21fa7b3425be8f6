/**
 * From the encoder's output to what was said: greedy search finds tokens, endpoint rules find where a segment ends.
 *
 *     partial, partial, …   what was recognised of the segment so far, whenever its text has changed
 *     final                 its text, once: at a pause (then `endpoint` follows), after a gap, at the end of the audio
 *
 * A segment without text says nothing and takes no number. All times come from the chunks, so they are those of the audio.
 */
import type { Batch, Decider, Emit, Micros, Slot } from '../core/contracts.js';
import { eventId } from '../core/event-id.js';
import { OUTPUT_FRAME_US } from '../core/recogniser.js';
import { LONGEST_SEGMENT_MS, metRule, type EndpointOptions } from './endpoint.js';
import type { GreedySearch } from './greedy-search.js';
import { Hypothesis } from './hypothesis.js';
import { transcriptOf } from './transcript.js';
import type { Spelling } from './words.js';

const LONGEST_SEGMENT_FRAMES = (LONGEST_SEGMENT_MS * 1000) / OUTPUT_FRAME_US;

export interface TranscriberOptions {
  readonly partials: boolean;
  readonly endpoint: EndpointOptions;
}

export interface TranscriberStages {
  readonly search: GreedySearch;
  readonly spelling: Spelling;
  /** Output frames of one chunk. */
  readonly outputFrames: number;
  /** Time of the first sample of the stream in this slot. */
  readonly originUs: (slot: Slot) => Micros;
  /** Of the encoder's net. */
  readonly provider: string;
}

export class Transcriber implements Decider {
  readonly #hypotheses: readonly Hypothesis[];
  readonly #streams: string[];

  /** @param capacity streams, ≥ 1 */
  constructor(
    private readonly options: TranscriberOptions,
    private readonly stages: TranscriberStages,
    capacity: number,
  ) {
    const { contextFields } = stages.search;
    this.#hypotheses = Array.from({ length: capacity }, () => new Hypothesis(new Int32Array(contextFields)));
    this.#streams = Array.from({ length: capacity }, () => '');
  }

  open(slot: Slot, stream: string): void {
    this.#streams[slot] = stream;
    const hypothesis = this.#hypotheses[slot];
    hypothesis.segment = 0;
    hypothesis.heardUs = Number.NaN;
    this.#beginAnew(slot);
  }

  leave(slot: Slot): void {
    this.#streams[slot] = '';
  }

  /** @param output [n, output frames, width] of the encoder */
  push(output: Float32Array, input: Batch, emit: Emit): void {
    const { search, outputFrames } = this.stages;
    for (let row = 0; row < input.n; row++) {
      const slot = input.slot[row];
      const hypothesis = this.#hypotheses[slot];
      if (input.gap[row] === 1) this.end(slot, hypothesis.heardUs, emit);
      hypothesis.heardUs = input.us[row] + outputFrames * OUTPUT_FRAME_US;
    }
    search.advance(output, input, this.#hypotheses);
    for (let row = 0; row < input.n; row++) this.#tell(input.slot[row], emit);
  }

  end(slot: Slot, us: Micros, emit: Emit): void {
    const { ids, startUs } = this.#hypotheses[slot];
    // A model may tell of the last word in the silence behind the audio.
    const lastUs = ids.length === 0 ? us : startUs[ids.length - 1] + OUTPUT_FRAME_US;
    this.#finish(slot, ids.length, Math.max(us, lastUs), emit);
    this.#beginAnew(slot);
  }

  save(slot: Slot): Uint8Array {
    return this.#hypotheses[slot].save();
  }

  load(slot: Slot, bytes: Uint8Array): void {
    this.#hypotheses[slot].load(bytes);
    this.stages.search.resume(slot);
  }

  #tell(slot: Slot, emit: Emit): void {
    const hypothesis = this.#hypotheses[slot];
    const rule = metRule(this.options.endpoint, hypothesis.frames, hypothesis.blanks);
    if (rule > 0) {
      this.#pause(slot, rule, emit);
      return;
    }
    if (hypothesis.frames >= LONGEST_SEGMENT_FRAMES) this.#cut(slot, emit);
    if (this.options.partials) this.#partial(slot, emit);
  }

  #pause(slot: Slot, rule: number, emit: Emit): void {
    const hypothesis = this.#hypotheses[slot];
    const { heardUs, ids, segment, startUs } = hypothesis;
    const beganUs = startUs[0];
    this.stages.search.pause(slot, hypothesis);
    if (!this.#finish(slot, ids.length, heardUs, emit)) return;
    emit({ type: 'endpoint', ...this.#about(slot, segment, beganUs), us: heardUs, rule });
  }

  /** Too long: what comes before the last word is a segment, and that word begins the next one. Nothing is forgotten. */
  #cut(slot: Slot, emit: Emit): void {
    const { heardUs, ids, startUs } = this.#hypotheses[slot];
    let word = ids.length - 1;
    while (word > 0 && !this.stages.spelling.beginsWord(ids, word)) word--;
    if (word > 0) this.#finish(slot, word, startUs[word], emit);
    else this.#finish(slot, ids.length, heardUs, emit);
  }

  #partial(slot: Slot, emit: Emit): void {
    const hypothesis = this.#hypotheses[slot];
    const { heardUs, ids, segment, startUs, told } = hypothesis;
    if (ids.length === told) return;
    const { spelling } = this.stages;
    const before = spelling.text(ids.slice(0, told));
    const transcript = transcriptOf(hypothesis, ids.length, spelling);
    hypothesis.told = ids.length;
    if (transcript.text === before) return;
    emit({ type: 'partial', ...this.#about(slot, segment, startUs[0]), us: heardUs, ...transcript });
  }

  /** The first `count` tokens are over. @returns whether they said anything */
  #finish(slot: Slot, count: number, us: Micros, emit: Emit): boolean {
    const hypothesis = this.#hypotheses[slot];
    const transcript = transcriptOf(hypothesis, count, this.stages.spelling);
    const { segment, startUs } = hypothesis;
    const said = transcript.text !== '';
    if (said) {
      emit({ type: 'final', ...this.#about(slot, segment, startUs[0]), us, ...transcript });
      hypothesis.segment++;
    }
    hypothesis.cut(count);
    return said;
  }

  /** Partial results, the final one and the endpoint of a segment share one id. */
  #about(slot: Slot, segment: number, startUs: Micros) {
    const stream = this.#streams[slot];
    const id = eventId(stream, 'transcript', startUs);
    return { id, stream, segment, startUs, originUs: this.stages.originUs(slot), provider: this.stages.provider };
  }

  #beginAnew(slot: Slot): void {
    const hypothesis = this.#hypotheses[slot];
    hypothesis.cut(hypothesis.ids.length);
    this.stages.search.begin(slot, hypothesis);
  }
}
