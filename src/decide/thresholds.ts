/**
 * Opening scores for a wish, `alertsPerWeek`, from what the model's card tells of its rehearsal: one for each stream that
 * was learnt, so that one noisy pump does not take all alerts of twenty, and one for all others.
 */
import type { AlertEvidence, FoundThreshold, Rehearsal, Threshold } from '../core/calibration.js';
import type { Micros } from '../core/contracts.js';
import { addEvidence, AlertRate, asPeer, NO_EVIDENCE } from './alert-rate.js';

/** With less, incidents hardly ever end. */
const LEAST_OPEN = 0.1;
const MOST_OPEN = 1;

/** With an opening score that was found, calm is below this share of it: as of the defaults, 0.25 to 0.4. */
const CLOSE_SHARE = 0.625;
/** A lower score is that of an ordinary row. */
const LEAST_CLOSE = 0.05;

/**
 * Nor is an opening score so low that a stream would spend more of its time in incidents and cooling down: alerts would then
 * say how long those last, not how often something is rare.
 */
const MOST_BUSY = 0.75;

const WEEK_US = 7 * 86_400e6;
const HOUR_US = 3_600e6;

/** The closing score that belongs to an opening score which nobody wrote. */
export function closeScoreOf(openScore: number): number {
  return Math.max(LEAST_CLOSE, CLOSE_SHARE * openScore);
}

export interface OpenScores {
  /** Of streams that were not learnt. */
  readonly others: number;
  readonly streams: ReadonlyMap<string, number>;
}

/**
 * @param alertsPerWeek of data, of each stream; > 0
 * @param stepUs length of a time step
 */
export function openScoresFor(alertsPerWeek: number, rehearsal: Rehearsal, stepUs: Micros): OpenScores {
  const rates = new Rates(rehearsal);
  const busyRows = busyRowsOf(rehearsal, stepUs);
  const busy = Math.min(MOST_BUSY, ((alertsPerWeek * stepUs) / WEEK_US) * busyRows);
  // In alerts a row that could raise one, as of `AlertRate`.
  const wish = busy / (1 - busy) / busyRows;
  const streams = Object.keys(rehearsal.streams).map(
    (stream) => [stream, openScoreFor(wish, rates.of(stream))] as const,
  );
  return { others: openScoreFor(wish, rates.others), streams: new Map(streams) };
}

/** The same with all that there is to say about it, for the card. Arguments as of {@link openScoresFor}. */
export function describeThresholds(alertsPerWeek: number, rehearsal: Rehearsal, stepUs: Micros): FoundThreshold {
  const rates = new Rates(rehearsal);
  const { others, streams } = openScoresFor(alertsPerWeek, rehearsal, stepUs);
  const busyRows = busyRowsOf(rehearsal, stepUs);
  const describe = (score: number, rate: AlertRate): Threshold => thresholdOf(score, rate, busyRows, WEEK_US / stepUs);
  const described = [...streams].map(([stream, score]) => [stream, describe(score, rates.of(stream))] as const);
  const { rows, alerts } = rates.all;
  return {
    alertsPerWeek,
    ...describe(others, rates.others),
    streams: Object.fromEntries(described),
    from: { heldOut: rehearsal.heldOut, rows, hours: (rows * stepUs) / HOUR_US, exceedances: alerts },
  };
}

function openScoreFor(wish: number, rate: AlertRate): number {
  return Math.min(MOST_OPEN, Math.max(LEAST_OPEN, rate.scoreFor(wish)));
}

/** Rows after an alert that raise no other: until the incident has ended, and while it cools down. */
function busyRowsOf({ closeAfterUs, coolDownUs }: Rehearsal, stepUs: Micros): number {
  return Math.max(1, (closeAfterUs + coolDownUs) / stepUs);
}

function thresholdOf(openScore: number, rate: AlertRate, busyRows: number, rowsAWeek: number): Threshold {
  // Of all rows, as `AlertRate` tells of those that could raise an alert.
  const perWeek = (ready: number): number => (rowsAWeek * ready) / (1 + ready * busyRows);
  const { low, high } = rate.interval(openScore);
  return {
    openScore,
    closeScore: closeScoreOf(openScore),
    ratePerWeek: { low: perWeek(low), expected: perWeek(rate.expected(openScore)), high: perWeek(high) },
  };
}

/** The rate of alerts of every stream of a rehearsal. */
class Rates {
  readonly all: AlertEvidence;
  readonly #peers: AlertEvidence;

  constructor(private readonly rehearsal: Rehearsal) {
    const streams = Object.values(rehearsal.streams);
    this.all = streams.reduce((sum, one) => addEvidence(sum, one), NO_EVIDENCE);
    this.#peers = streams.reduce((sum, one) => addEvidence(sum, asPeer(one)), NO_EVIDENCE);
  }

  of(stream: string): AlertRate {
    const { baseScore, streams } = this.rehearsal;
    const own = streams[stream];
    return new AlertRate(baseScore, own, addEvidence(this.#peers, asPeer(own), -1));
  }

  /** Of a stream of which nothing is known but what the others are like. */
  get others(): AlertRate {
    return new AlertRate(this.rehearsal.baseScore, NO_EVIDENCE, this.#peers);
  }
}
