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
import type { Calibration } from '../core/calibration.js';
import type { Batch, Emit, ForecastDecider, Micros, Slot } from '../core/contracts.js';
import type { ScoreEvent } from '../core/events.js';
import { eventId } from '../core/event-id.js';
import type { DeciderContext, ForecastKind } from '../core/kind.js';
import { AlertLadder } from './alert-ladder.js';
import { type AnomalyOptions, schema } from './anomaly-options.js';
import { CALIBRATION_VERSION, findThreshold, readCalibration } from './calibration.js';
import { forecastsOf } from './forecasts.js';
import * as incidents from './incidents.js';
import { Memory, ROWS, SETTLING, type Slab } from './memory.js';
import { MOST_EXPONENT, Peaks, scoreOfExponent } from './peaks.js';
import { RowViews } from './row-views.js';
import { StreamRules } from './stream-rules.js';

/** Rows of which the memory is fetched together: it has room in the first cache of a processor. */
const ROWS_FETCHED = 64;

/** A fleet that was not learnt need not be listed in the log. */
const STREAMS_TOLD = 5;

export class AnomalyDecider implements ForecastDecider {
  readonly version = CALIBRATION_VERSION;
  learnOnly: boolean;
  readonly #memory: Memory;
  readonly #views: RowViews;
  readonly #peaks: Peaks;
  readonly #rules: StreamRules;
  readonly #ladder: AlertLadder;
  readonly #calibration: ReadonlyMap<string, Uint8Array>;
  /** Streams of which the log has told that they warm up. */
  #told = 0;

  /** @throws UserError `CONFIG_INVALID`, or `CARD_MISMATCH` when the card's calibration does not fit channels or options */
  constructor(
    readonly options: AnomalyOptions,
    readonly context: DeciderContext,
  ) {
    const { card, capacity, scaler, log } = context;
    this.learnOnly = context.learnOnly === true;
    this.#rules = new StreamRules(options, context);
    const { common } = this.#rules;
    this.#ladder = new AlertLadder(common);
    this.#memory = new Memory(capacity, card.channels.length);
    const levelRows = Math.min(3, Math.max(1, Math.ceil(common.minDurationUs / card.stepUs)));
    this.#views = new RowViews(card, scaler, levelRows);
    const names = card.channels.map(({ name }) => name);
    this.#peaks = new Peaks(names, scaler, MOST_EXPONENT * common.closeScore);
    this.#calibration = readCalibration(card, this.#memory, log);
  }

  get silentAfterSteps(): number {
    return this.options.silentAfterSteps;
  }

  open(slot: Slot, stream: string): void {
    this.#memory.open(slot, stream);
    this.#rules.open(slot, stream);
    const slab = this.#memory.of(slot);
    const calibration = this.#calibration.get(stream);
    if (calibration !== undefined) this.#memory.load(slot, calibration);
    const first = this.#memory.channels(slot);
    if (calibration === undefined) this.#views.clear(slab.channels, first);
    else this.#views.restart(slab.channels, first);
    this.#peaks.forget(slab.channels, first);
    const at = this.#memory.stream(slot);
    incidents.clearIncidents(slab.streams, at);
    slab.streams[at + ROWS] = calibration === undefined ? 0 : this.options.warmupSteps;
    slab.streams[at + SETTLING] = this.options.settleSteps;
  }

  leave(slot: Slot): void {
    this.#memory.leave(slot);
    this.#rules.leave(slot);
  }

  save(slot: Slot): Uint8Array {
    return this.#memory.save(slot);
  }

  load(slot: Slot, bytes: Uint8Array): void {
    this.#memory.load(slot, bytes);
  }

  push(output: Float32Array, input: Batch, emit: Emit): void {
    for (let from = 0; from < input.n; from += ROWS_FETCHED) {
      const to = Math.min(from + ROWS_FETCHED, input.n);
      this.#memory.touch(input.slot, from, to);
      for (let row = from; row < to; row++) this.#take(output, input, row, emit);
    }
  }

  #take(output: Float32Array, input: Batch, row: number, emit: Emit): void {
    const slot = input.slot[row];
    const slab = this.#memory.of(slot);
    const at = this.#memory.stream(slot);
    const first = this.#memory.channels(slot);
    if (incidents.isSilent(slab.streams, at)) this.silence(slot, 0, input.us[row], emit);
    if (input.gap[row] === 1) {
      slab.streams[at + SETTLING] = this.options.settleSteps;
      this.#views.restart(slab.channels, first);
    }
    if (input.settled[row] === 1) this.#judge(slab, slot, row, input, emit);
    const unfit = this.#views.foretell(slab.channels, first, output, row);
    if (unfit > 0) this.context.counters.count('decide.forecast-not-finite', unfit);
  }

  /** Whether the stream at `at` is known well enough to raise anything. */
  #isWarm({ streams }: Slab, at: number): boolean {
    return streams[at + ROWS] >= this.options.warmupSteps && !this.learnOnly;
  }

  #judge(slab: Slab, slot: Slot, row: number, input: Batch, emit: Emit): void {
    const { streams } = slab;
    const at = this.#memory.stream(slot);
    const errors = streams[at + SETTLING] === 0;
    if (!errors) streams[at + SETTLING]--;
    const views = this.#views;
    const first = this.#memory.channels(slot);
    views.judge(slab.channels, first, slot, input, row, errors);
    if (this.learnOnly) {
      const [score, shown] = [scoreOfExponent(views.strongest), scoreOfExponent(views.shown)];
      this.#ladder.take(slot, score, shown, input.us[row], input.gap[row] === 1);
    }
    if (this.#isWarm(slab, at)) this.#advance(slab, slot, row, input, errors, emit);
    if (incidents.isOpen(streams, at) || views.observed === 0) return;
    if (streams[at + ROWS] === 0 && !this.learnOnly) this.#tellWarmUp(this.#memory.nameOf(slot));
    streams[at + ROWS] = Math.min(streams[at + ROWS] + 1, this.options.warmupSteps);
    views.learn(slab.channels, first, input, row);
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

  /** @param errors whether the forecast of this row can be trusted */
  #advance(slab: Slab, slot: Slot, row: number, input: Batch, errors: boolean, emit: Emit): void {
    const { streams } = slab;
    const at = this.#memory.stream(slot);
    const us = input.us[row];
    const score = scoreOfExponent(this.#views.strongest);
    const shown = scoreOfExponent(this.#views.shown);
    const transition = incidents.advance(streams, at, score, shown, us, input.gap[row] === 1, this.#rules.of(slot));
    const first = this.#memory.channels(slot);
    if (incidents.isStirring(streams, at)) {
      if (incidents.since(streams, at) === us) this.#peaks.forget(slab.channels, first);
      this.#peaks.note(slab.channels, first, row, input, this.#views.views);
    }
    if (transition !== 'none') this.#tell(slab, slot, transition, us, emit);
    if (this.options.scores) this.#tellScore(slab, slot, score, row, input, errors, emit);
    if (transition !== 'adopted') return;
    this.#views.relearn(slab.channels, first);
    streams[at + ROWS] = 0;
  }

  #tellScore(slab: Slab, slot: Slot, score: number, row: number, input: Batch, errors: boolean, emit: Emit): void {
    const us = input.us[row];
    const stream = this.#memory.nameOf(slot);
    const { provider } = this.context;
    const event: ScoreEvent = { type: 'score', id: `${stream}@${us}`, stream, us, score, provider };
    if (!this.options.forecasts) return emit(event);
    const first = this.#memory.channels(slot);
    const { names, scaler } = this.#peaks;
    const forecasts = forecastsOf(names, slab.channels, first, slot, row, input, this.#views.views, scaler);
    emit({ ...event, channels: errors ? forecasts : [] });
  }

  #tell(slab: Slab, slot: Slot, transition: Exclude<incidents.Transition, 'none'>, us: Micros, emit: Emit): void {
    const { streams } = slab;
    const at = this.#memory.stream(slot);
    const sinceUs = incidents.since(streams, at);
    const score = incidents.peak(streams, at);
    const stream = this.#memory.nameOf(slot);
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
      channels: this.#peaks.contributions(slab.channels, this.#memory.channels(slot), slot),
      provider: this.context.provider,
    });
  }

  silence(slot: Slot, steps: number, us: Micros, emit: Emit): void {
    const slab = this.#memory.of(slot);
    const { streams } = slab;
    const at = this.#memory.stream(slot);
    // A name that was heard a few times and never again is no device that has failed; one that had an incident was known.
    if (!this.#isWarm(slab, at) && incidents.openings(streams, at) === 0) return;
    const before = incidents.silentSince(streams, at);
    const transition = incidents.advanceSilence(streams, at, steps, us, this.#rules.of(slot));
    if (transition === 'none' || transition === 'adopted') return;
    const sinceUs = transition === 'new' ? incidents.silentSince(streams, at) : before;
    const stream = this.#memory.nameOf(slot);
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

  rehearse(slot: Slot): void {
    this.#ladder.begin(slot, this.#memory.nameOf(slot));
  }

  rehearsed(heldOut: boolean): Pick<Calibration, 'rehearsal' | 'threshold'> {
    const rehearsal = this.#ladder.rehearsal(heldOut);
    const { alertsPerWeek } = this.options;
    if (alertsPerWeek === undefined) return { rehearsal };
    return { rehearsal, threshold: findThreshold(alertsPerWeek, rehearsal, this.context.card, this.context.log) };
  }

  isCalm(slot: Slot): boolean {
    const { streams } = this.#memory.of(slot);
    const at = this.#memory.stream(slot);
    return !incidents.isStirring(streams, at) && !incidents.isSilent(streams, at);
  }

  end(slot: Slot, us: Micros, emit: Emit): void {
    const slab = this.#memory.of(slot);
    const at = this.#memory.stream(slot);
    if (incidents.isSilent(slab.streams, at)) this.silence(slot, 0, us, emit);
    if (!incidents.isOpen(slab.streams, at)) return;
    incidents.close(slab.streams, at, us, this.#rules.of(slot), 'end');
    this.#tell(slab, slot, 'end', us, emit);
  }
}

export const anomalyKind = {
  task: 'forecast',
  schema,
  silentAfterSteps: ({ silentAfterSteps }: AnomalyOptions): number => silentAfterSteps,
  create: (options: AnomalyOptions, context: DeciderContext): AnomalyDecider => new AnomalyDecider(options, context),
} satisfies ForecastKind<typeof schema>;
