/** What the training has found out about the streams that it has seen, from the model card: their memory, their alerts. */
import type { FoundThreshold, Rehearsal } from '../core/calibration.js';
import type { ModelCard } from '../core/card.js';
import { messageOf, UserError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import type { IncidentRules } from './incidents.js';
import { MEMORY_VERSION, type Memory } from './memory.js';
import { describeThresholds, openScoresFor, type OpenScores } from './thresholds.js';

/** Goes into `card.calibration.decider`; calibrations of another version are not used. */
export const CALIBRATION_VERSION = `anomaly/${MEMORY_VERSION}`;

/**
 * @param memory that it must fit
 * @returns stream → what `Memory.load` takes; empty when it is of another version, which is logged
 * @throws UserError `CARD_MISMATCH` when it does not fit the card's channels
 */
export function readCalibration(
  { calibration, name }: ModelCard,
  memory: Memory,
  log: Log,
): ReadonlyMap<string, Uint8Array> {
  const learnt = new Map<string, Uint8Array>();
  if (calibration === undefined) return learnt;
  if (calibration.decider !== CALIBRATION_VERSION) {
    log.warn(
      { model: name, found: calibration.decider, expected: CALIBRATION_VERSION },
      'the calibration of the model is of another version: every stream warms up first',
    );
    return learnt;
  }
  for (const [stream, text] of Object.entries(calibration.streams)) {
    const bytes = new Uint8Array(Buffer.from(text, 'base64'));
    try {
      memory.assertFits(bytes);
    } catch (cause) {
      throw new UserError('CARD_MISMATCH', `the calibration of stream '${stream}' is damaged: ${messageOf(cause)}`, {
        hint: 'train the model again',
        cause,
      });
    }
    learnt.set(stream, bytes);
  }
  return learnt;
}

/**
 * The opening scores for a wish, which may be another than that with which the model was learnt.
 * @param rules as configured; the card's alerts were counted by those of the training, and the log tells of a difference
 * @throws UserError `CARD_MISMATCH` when the card does not say how often there would have been alerts
 */
export function readOpenScores(
  alertsPerWeek: number,
  rules: IncidentRules,
  { calibration, name, stepUs }: ModelCard,
  log: Log,
): OpenScores {
  if (calibration?.rehearsal === undefined || calibration.decider !== CALIBRATION_VERSION) {
    throw new UserError('CARD_MISMATCH', `the model ${name} does not say which opening score gives how many alerts`, {
      hint: 'train it again with this kioku, or write decide.openScore in place of alertsPerWeek',
    });
  }
  const { rehearsal } = calibration;
  const counted = (['minDurationUs', 'closeAfterUs', 'coolDownUs'] as const).filter(
    (rule) => rehearsal[rule] !== rules[rule],
  );
  if (counted.length > 0) {
    log.warn(
      { model: name, rules: counted.map((rule) => rule.replace('Us', 'Ms')) },
      'these rules are not those with which the model was learnt: alertsPerWeek may be missed; train it again',
    );
  }
  const scores = openScoresFor(alertsPerWeek, rehearsal, stepUs);
  const own = [...scores.streams.values()];
  const least = own.reduce((a, b) => Math.min(a, b), scores.others);
  const most = own.reduce((a, b) => Math.max(a, b), scores.others);
  log.info({ model: name, alertsPerWeek, least, most, streams: own.length, others: scores.others }, 'opening scores');
  return scores;
}

/** How far the rate to be expected may be from the wish before it is called missed. */
const MISSED = 1.01;

/** The opening scores for a wish, for the card; the log tells of streams for which no opening score fulfils it. */
export function findThreshold(
  alertsPerWeek: number,
  rehearsal: Rehearsal,
  { name, stepUs }: ModelCard,
  log: Log,
): FoundThreshold {
  const found = describeThresholds(alertsPerWeek, rehearsal, stepUs);
  const missed = Object.entries(found.streams).filter(
    ([, { ratePerWeek }]) =>
      Math.max(ratePerWeek.expected / alertsPerWeek, alertsPerWeek / ratePerWeek.expected) > MISSED,
  );
  if (missed.length > 0) {
    const [[stream, { openScore, ratePerWeek }]] = missed;
    log.warn(
      { model: name, alertsPerWeek, streams: missed.length, stream, openScore, expectedPerWeek: ratePerWeek.expected },
      'no opening score gives as many alerts as wished',
    );
  }
  return found;
}
