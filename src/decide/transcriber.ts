/**
 * From the encoder's output to what was said: a search finds tokens, endpoint rules find where a segment ends.
 *
 *     partial, partial, …   what was recognised of the segment so far, whenever its text has changed
 *     final                 its text, once: at a pause (then `endpoint` follows), after a gap, at the end of the audio
 *
 * A segment without text says nothing and takes no number; but what a partial result has said and a search with several paths
 * has given up is taken back by a final one without text. All times come from the chunks, so they are those of the audio.
 */
import type { Batch, Emit, Micros, Slot } from '../core/contracts.js';
import { eventId } from '../core/event-id.js';
import type { Counters } from '../core/counters.js';
import { UserError } from '../core/errors.js';
import type { TranscriptEvent } from '../core/events.js';
import type { Hotword, HotwordDecider } from '../core/hotwords.js';
import type { Log } from '../core/log.js';
import { OUTPUT_FRAME_US } from '../core/recogniser.js';
import { loadNumbers, saveNumbers, unfitState } from '../core/saved-state.js';
import { LONGEST_SEGMENT_MS, metRule, type EndpointOptions } from './endpoint.js';
import { cannotSpell, hotwordBias } from './hotword-bias.js';
import { Hypothesis } from './hypothesis.js';
import { SavedNumbers } from './saved-numbers.js';
import type { TokenSearch } from './token-search.js';
import type { TokenSpeller } from './token-speller.js';
import { alternativesOf, transcriptOf } from './transcript.js';
import type { Spelling } from './words.js';

const LONGEST_SEGMENT_FRAMES = (LONGEST_SEGMENT_MS * 1000) / OUTPUT_FRAME_US;

const VERSION = 2;
const SAVED = 'the transcript of a stream';

export interface TranscriberOptions {
  readonly partials: boolean;
  readonly endpoint: EndpointOptions;
  /** Readings that a final result tells, its own included; 0: none. */
  readonly alternatives: number;
  readonly hotwords: readonly Hotword[];
  /** Of a hotword that names none. */
  readonly hotwordBoost: number;
}

export interface TranscriberStages<M> {
  readonly search: TokenSearch<M>;
  readonly spelling: Spelling;
  readonly speller: TokenSpeller;
  /** Output frames of one chunk. */
  readonly outputFrames: number;
  /** Time of the first sample of the stream in this slot. */
  readonly originUs: (slot: Slot) => Micros;
  /** Of the encoder's net. */
  readonly provider: string;
  readonly counters: Counters;
  readonly log: Log;
}

export class Transcriber<M> implements HotwordDecider {
  readonly #hypotheses: Hypothesis<M>[];
  readonly #streams: string[];

  /**
   * @param capacity streams, ≥ 1
   * @throws UserError `HOTWORD` when a hotword cannot be spelt, `ARGUMENT` when the search has no use for them
   */
  constructor(
    private readonly options: TranscriberOptions,
    private readonly stages: TranscriberStages<M>,
    capacity: number,
  ) {
    const { search } = stages;
    this.#hypotheses = Array.from({ length: capacity }, (_, slot) => new Hypothesis(search.begin(slot)));
    this.#streams = Array.from({ length: capacity }, () => '');
    if (options.hotwords.length > 0) this.#setFirst(options.hotwords);
  }

  open(slot: Slot, stream: string): void {
    this.#streams[slot] = stream;
    this.#hypotheses[slot] = new Hypothesis(this.stages.search.begin(slot));
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
    const { ids, startUs } = this.#settled(slot);
    // A model may tell of the last word in the silence behind the audio.
    const lastUs = ids.length === 0 ? us : startUs[ids.length - 1] + OUTPUT_FRAME_US;
    this.#finish(slot, ids.length, Math.max(us, lastUs), emit);
    this.#hypotheses[slot].memory = this.stages.search.begin(slot);
  }

  setHotwords(hotwords: readonly Hotword[]): void {
    const refused = this.#prefer(hotwords);
    if (refused.length === 0) return;
    this.stages.counters.count('decide.hotword-refused', refused.length);
    this.stages.log.warn({ hotwords: refused }, 'the tokens of the model cannot spell these hotwords');
  }

  /** @returns phrases that cannot be spelt */
  #prefer(hotwords: readonly Hotword[]): readonly string[] {
    const { search, speller } = this.stages;
    if (search.prefer === undefined) {
      throw new UserError('ARGUMENT', 'greedy search has no use for hotwords', { hint: 'set `decide.search: beam`' });
    }
    const { phrases, refused } = hotwordBias(hotwords, speller, this.options.hotwordBoost);
    search.prefer(phrases, this.#hypotheses);
    return refused;
  }

  #setFirst(hotwords: readonly Hotword[]): void {
    const refused = this.#prefer(hotwords);
    if (refused.length > 0) throw cannotSpell(refused);
  }

  /** First byte: version. */
  save(slot: Slot): Uint8Array {
    const { search } = this.stages;
    const hypothesis = this.#hypotheses[slot];
    const numbers = [search.form];
    hypothesis.save(numbers);
    return saveNumbers(VERSION, Float64Array.from(numbers.concat(search.save(hypothesis.memory))));
  }

  load(slot: Slot, bytes: Uint8Array): void {
    const { search } = this.stages;
    const numbers = new SavedNumbers(loadNumbers(VERSION, bytes, SAVED), SAVED);
    if (numbers.next() !== search.form) throw unfitState(SAVED);
    const hypothesis = new Hypothesis(search.begin(slot));
    hypothesis.load(numbers);
    hypothesis.memory = search.load(slot, numbers);
    numbers.end();
    this.#hypotheses[slot] = hypothesis;
  }

  /** The hypothesis of a segment that is over. */
  #settled(slot: Slot): Hypothesis<M> {
    const hypothesis = this.#hypotheses[slot];
    this.stages.search.settle?.(hypothesis);
    return hypothesis;
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
    const hypothesis = this.#settled(slot);
    const { heardUs, ids, segment, startUs, bornUs } = hypothesis;
    const spoke = ids.length > 0;
    const about = this.#about(slot, segment, spoke ? startUs[0] : bornUs, bornUs);
    const said = this.#finish(slot, ids.length, heardUs, emit);
    this.stages.search.pause(slot, hypothesis, spoke);
    if (said) emit({ type: 'endpoint', ...about, us: heardUs, rule });
  }

  /** Too long: what comes before the last word is a segment, and that word begins the next one. Nothing is forgotten. */
  #cut(slot: Slot, emit: Emit): void {
    const { heardUs, ids, startUs } = this.#settled(slot);
    let word = ids.length - 1;
    while (word > 0 && !this.stages.spelling.beginsWord(ids, word)) word--;
    const count = word > 0 ? word : ids.length;
    this.#finish(slot, count, word > 0 ? startUs[word] : heardUs, emit);
    this.stages.search.cut(this.#hypotheses[slot], count);
  }

  #partial(slot: Slot, emit: Emit): void {
    const hypothesis = this.#hypotheses[slot];
    const { heardUs, ids, segment, startUs, bornUs, told } = hypothesis;
    if (isSame(ids, told)) return;
    const { spelling } = this.stages;
    const transcript = transcriptOf(hypothesis, ids.length, spelling);
    // What was told is taken back by what is heard instead, or by the final result.
    if (transcript.text === '') return;
    const before = spelling.text(told);
    hypothesis.told = [...ids];
    if (transcript.text === before) return;
    emit({ type: 'partial', ...this.#about(slot, segment, startUs[0], bornUs), us: heardUs, ...transcript });
  }

  /** The first `count` tokens are over. @returns whether they said anything */
  #finish(slot: Slot, count: number, us: Micros, emit: Emit): boolean {
    const { spelling } = this.stages;
    const hypothesis = this.#hypotheses[slot];
    const transcript = transcriptOf(hypothesis, count, spelling);
    const { segment, startUs, bornUs, told } = hypothesis;
    const said = transcript.text !== '' || spelling.text(told) !== '';
    if (said) {
      const about = this.#about(slot, segment, count > 0 ? startUs[0] : bornUs, bornUs);
      emit({ type: 'final', ...about, us, ...transcript, ...this.#alternatives(hypothesis, us) });
      hypothesis.segment++;
    }
    hypothesis.cut(count);
    return said;
  }

  #alternatives(hypothesis: Hypothesis<M>, us: Micros): Pick<TranscriptEvent, 'alternatives'> {
    const { search, spelling } = this.stages;
    const { alternatives } = this.options;
    if (alternatives === 0 || search.readings === undefined) return {};
    return { alternatives: alternativesOf(search.readings(hypothesis, us), spelling).slice(0, alternatives) };
  }

  /** Partial results, the final one and the endpoint of a segment share one id. */
  #about(slot: Slot, segment: number, startUs: Micros, bornUs: Micros) {
    const stream = this.#streams[slot];
    const id = eventId(stream, 'transcript', bornUs);
    return { id, stream, segment, startUs, originUs: this.stages.originUs(slot), provider: this.stages.provider };
  }
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
