/**
 * Anomalies: every channel in four views (`views.ts`), every view against the tail of its own past (`tail.ts`), the
 * rarest of them as the score of the row, and from scores incidents (`incidents.ts`).
 *
 *     score = min(1, e / 10),   e = max over views (−log10 P(V > v)) − log10(number of views), at least 0
 *
 * so that every 0.1 is ten times rarer, and e bounds the rarity of the row as a whole (union bound): a stream of many
 * channels does not cry wolf more often than one of few. A row is judged before it is learnt; while an incident lasts
 * nothing is learnt. What a channel showed stands, fading, until it is heard again: many are slower than the time step.
 * 88 + 168 · channels bytes a stream; nothing is allocated for a row that raises nothing.
 */
import { UserError, messageOf } from '../core/errors.js';
import type { Batch, Emit, ForecastDecider, Micros, Slot } from '../core/contracts.js';
import { eventId } from '../core/event-id.js';
import type { DeciderContext, ForecastKind } from '../core/kind.js';
import { type AnomalyOptions, rulesOf, schema } from './anomaly-options.js';
import * as incidents from './incidents.js';
import * as memory from './memory.js';
import { MOST_EXPONENT, Peaks, scoreOfExponent } from './peaks.js';
import { ChannelViews } from './views.js';

/** Goes into `card.calibration.decider`; calibrations of another version are not used. */
export const CALIBRATION_VERSION = `anomaly/${memory.MEMORY_VERSION}`;

/** A fleet that was not learnt need not be listed in the log. */
const STREAMS_TOLD = 5;

export class AnomalyDecider implements ForecastDecider {
  readonly version = CALIBRATION_VERSION;
  learnOnly = false;
  readonly #memory: memory.Memory;
  readonly #views: ChannelViews;
  readonly #peaks: Peaks;
  readonly #rules: incidents.IncidentRules;
  readonly #streams: string[];
  readonly #scores: Float64Array;
  readonly #channels: number;
  readonly #calibration = new Map<string, Uint8Array>();
  /** Of the row judged last: channels that it has, their strongest exponent, and that of all, also those heard before. */
  #observed = 0;
  #shown = 0;
  #strongest = 0;
  /** Streams of which the log has told that they warm up. */
  #told = 0;

  /** @throws UserError `CONFIG_INVALID`, or `CARD_MISMATCH` when the card's calibration does not fit its channels */
  constructor(
    readonly options: AnomalyOptions,
    readonly context: DeciderContext,
  ) {
    const { card, capacity } = context;
    this.#channels = card.channels.length;
    this.#rules = rulesOf(options, card.stepUs);
    this.#memory = new memory.Memory(capacity, this.#channels);
    const most = MOST_EXPONENT * options.openScore;
    const levelRows = Math.min(3, Math.max(1, Math.ceil(this.#rules.minDurationUs / card.stepUs)));
    this.#views = new ChannelViews(this.#memory.channels, this.#channels, card.objective, levelRows, most);
    const names = card.channels.map(({ name }) => name);
    this.#peaks = new Peaks(this.#memory, names, context.scaler, MOST_EXPONENT * options.closeScore);
    this.#streams = Array.from({ length: capacity }, () => '');
    this.#scores = new Float64Array(capacity);
    this.#readCalibration();
  }

  #readCalibration(): void {
    const { calibration, name } = this.context.card;
    if (calibration === undefined) return;
    if (calibration.decider !== CALIBRATION_VERSION) {
      this.context.log.warn(
        { model: name, found: calibration.decider, expected: CALIBRATION_VERSION },
        'the calibration of the model is of another version: every stream warms up first',
      );
      return;
    }
    for (const [stream, text] of Object.entries(calibration.streams)) {
      const bytes = new Uint8Array(Buffer.from(text, 'base64'));
      try {
        this.#memory.load(0, bytes);
      } catch (cause) {
        throw new UserError('CARD_MISMATCH', `the calibration of stream '${stream}' is damaged: ${messageOf(cause)}`, {
          hint: 'train the model again',
          cause,
        });
      }
      this.#calibration.set(stream, bytes);
    }
  }

  open(slot: Slot, stream: string): void {
    this.#streams[slot] = stream;
    this.#scores[slot] = 0;
    const { streams } = this.#memory;
    const at = this.#memory.stream(slot);
    const calibration = this.#calibration.get(stream);
    if (calibration !== undefined) this.#memory.load(slot, calibration);
    for (let c = 0; c < this.#channels; c++) {
      const channel = this.#memory.channel(slot, c);
      if (calibration === undefined) this.#views.clear(channel);
      else this.#views.restart(channel);
    }
    this.#peaks.forget(slot);
    incidents.clearIncidents(streams, at);
    streams[at + memory.ROWS] = calibration === undefined ? 0 : this.options.warmupSteps;
    streams[at + memory.SETTLING] = this.options.settleSteps;
  }

  leave(slot: Slot): void {
    this.#streams[slot] = '';
  }

  save(slot: Slot): Uint8Array {
    return this.#memory.save(slot);
  }

  load(slot: Slot, bytes: Uint8Array): void {
    this.#memory.load(slot, bytes);
    this.#scores[slot] = 0;
  }

  /** The score of the stream's latest row, 0 … 1; for display, not part of the saved state. */
  scoreOf(slot: Slot): number {
    return this.#scores[slot];
  }

  push(output: Float32Array, input: Batch, emit: Emit): void {
    for (let row = 0; row < input.n; row++) {
      const slot = input.slot[row];
      if (incidents.isSilent(this.#memory.streams, this.#memory.stream(slot)))
        this.silence(slot, 0, input.us[row], emit);
      if (input.gap[row] === 1) this.#restart(slot);
      if (input.settled[row] === 1) this.#judge(slot, row, input, emit);
      this.#foretell(slot, row, output);
    }
  }

  /** Whether the stream at `at` is known well enough to raise anything. */
  #isWarm(at: number): boolean {
    return this.#memory.streams[at + memory.ROWS] >= this.options.warmupSteps && !this.learnOnly;
  }

  #restart(slot: Slot): void {
    this.#memory.streams[this.#memory.stream(slot) + memory.SETTLING] = this.options.settleSteps;
    for (let c = 0; c < this.#channels; c++) this.#views.restart(this.#memory.channel(slot, c));
  }

  #judge(slot: Slot, row: number, input: Batch, emit: Emit): void {
    const { streams } = this.#memory;
    const at = this.#memory.stream(slot);
    const errors = streams[at + memory.SETTLING] === 0;
    if (!errors) streams[at + memory.SETTLING]--;
    this.#judgeChannels(slot, row, input, errors);
    if (this.#isWarm(at)) this.#advance(slot, row, input, emit);
    if (incidents.isOpen(streams, at) || this.#observed === 0) return;
    if (streams[at + memory.ROWS] === 0 && !this.learnOnly) this.#tellWarmUp(this.#streams[slot]);
    streams[at + memory.ROWS] = Math.min(streams[at + memory.ROWS] + 1, this.options.warmupSteps);
    this.#learnChannels(slot, row, input);
  }

  /** Else a stream of another name than the one that was learnt would seem to be well. */
  #tellWarmUp(stream: string): void {
    const { warmupSteps } = this.options;
    if (warmupSteps === 0 || this.#told === STREAMS_TOLD) return;
    this.#told++;
    const more = this.#told === STREAMS_TOLD ? '; further streams are not told of' : '';
    const seconds = Math.round((warmupSteps * this.context.card.stepUs) / 1e6);
    this.context.log.info(
      { stream, warmupSteps, seconds },
      `the model has not learnt this stream: it raises nothing before it has warmed up${more}`,
    );
  }

  #judgeChannels(slot: Slot, row: number, input: Batch, errors: boolean): void {
    this.#observed = this.#shown = this.#strongest = 0;
    for (let c = 0; c < this.#channels; c++) {
      const i = row * input.width + c;
      const channel = this.#memory.channel(slot, c);
      if (input.mask[i] === 1) {
        this.#views.judge(channel, c, input.data[i], this.#spreads(slot, c, input.data[i]), errors);
        this.#observed++;
        this.#shown = Math.max(this.#shown, this.#views.exponent[c]);
      } else this.#views.miss(channel, c);
      this.#strongest = Math.max(this.#strongest, this.#views.exponent[c]);
    }
  }

  /** How many normal spreads a value is from the centre, whatever the normalisation does to outliers (it squeezes them). */
  #spreads(slot: Slot, channel: number, z: number): number {
    if (Math.abs(z) <= 1) return Math.abs(z);
    const { scaler } = this.context;
    const center = scaler.toUnits(slot, channel, 0);
    return Math.abs((scaler.toUnits(slot, channel, z) - center) / (scaler.toUnits(slot, channel, 1) - center));
  }

  #learnChannels(slot: Slot, row: number, input: Batch): void {
    for (let c = 0; c < this.#channels; c++) {
      const i = row * input.width + c;
      if (input.mask[i] === 1) this.#views.learn(this.#memory.channel(slot, c), c, input.data[i]);
    }
  }

  #foretell(slot: Slot, row: number, output: Float32Array): void {
    const gaussian = this.context.card.objective === 'gaussian';
    const at = row * this.#channels * (gaussian ? 2 : 1);
    for (let c = 0; c < this.#channels; c++) {
      const mean = output[at + c];
      const logVariance = gaussian ? output[at + this.#channels + c] : 0;
      const channel = this.#memory.channel(slot, c);
      if (Number.isFinite(mean) && Number.isFinite(logVariance)) this.#views.foretell(channel, mean, logVariance);
      else {
        this.#views.forgetForecast(channel);
        this.context.counters.count('decide.forecast-not-finite');
      }
    }
  }

  #advance(slot: Slot, row: number, input: Batch, emit: Emit): void {
    const { streams } = this.#memory;
    const at = this.#memory.stream(slot);
    const us = input.us[row];
    const score = (this.#scores[slot] = scoreOfExponent(this.#strongest));
    const shown = scoreOfExponent(this.#shown);
    const transition = incidents.advance(streams, at, score, shown, us, input.gap[row] === 1, this.#rules);
    if (incidents.isStirring(streams, at)) {
      if (incidents.since(streams, at) === us) this.#peaks.forget(slot);
      this.#peaks.note(slot, row, input, this.#views);
    }
    if (transition !== 'none') this.#tell(slot, transition, us, emit);
    if (transition === 'adopted') this.#relearn(slot);
    if (!this.options.scores) return;
    const stream = this.#streams[slot];
    emit({ type: 'score', id: `${stream}@${us}`, stream, us, score, provider: this.context.provider });
  }

  #relearn(slot: Slot): void {
    for (let c = 0; c < this.#channels; c++) this.#views.relearn(this.#memory.channel(slot, c));
    this.#memory.streams[this.#memory.stream(slot) + memory.ROWS] = 0;
  }

  #tell(slot: Slot, transition: Exclude<incidents.Transition, 'none'>, us: Micros, emit: Emit): void {
    const { streams } = this.#memory;
    const at = this.#memory.stream(slot);
    const sinceUs = incidents.since(streams, at);
    const score = incidents.peak(streams, at);
    const stream = this.#streams[slot];
    emit({
      type: 'incident',
      phase: transition === 'adopted' ? 'end' : transition,
      id: eventId(stream, `anomaly ${incidents.openings(streams, at)}`, sinceUs),
      stream,
      us,
      sinceUs,
      score,
      severity: incidents.severityOf(score),
      reason: transition === 'adopted' ? 'new-normal' : 'anomaly',
      channels: this.#peaks.contributions(slot),
      provider: this.context.provider,
    });
  }

  silence(slot: Slot, steps: number, us: Micros, emit: Emit): void {
    const { streams } = this.#memory;
    const at = this.#memory.stream(slot);
    // A name that was heard a few times and never again is no device that has failed; one that had an incident was known.
    if (!this.#isWarm(at) && incidents.openings(streams, at) === 0) return;
    const before = incidents.silentSince(streams, at);
    const transition = incidents.advanceSilence(streams, at, steps, us, this.#rules);
    if (transition === 'none' || transition === 'adopted') return;
    const sinceUs = transition === 'new' ? incidents.silentSince(streams, at) : before;
    const stream = this.#streams[slot];
    const score = incidents.SILENT_SCORE;
    emit({
      type: 'incident',
      phase: transition,
      id: eventId(stream, 'silent', sinceUs),
      stream,
      us,
      sinceUs,
      score,
      severity: incidents.severityOf(score),
      reason: 'silent',
      channels: [],
      provider: this.context.provider,
    });
  }

  end(slot: Slot, us: Micros, emit: Emit): void {
    const { streams } = this.#memory;
    const at = this.#memory.stream(slot);
    if (incidents.isSilent(streams, at)) this.silence(slot, 0, us, emit);
    if (!incidents.isOpen(streams, at)) return;
    incidents.close(streams, at, us, this.#rules, 'end');
    this.#tell(slot, 'end', us, emit);
  }
}

export const anomalyKind = {
  task: 'forecast',
  schema,
  create: (options: AnomalyOptions, context: DeciderContext): AnomalyDecider => new AnomalyDecider(options, context),
} satisfies ForecastKind<typeof schema>;
