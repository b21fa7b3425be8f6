/** What the training has found out about the streams that it has seen: their memory, from the model card. */
import type { ModelCard } from '../core/card.js';
import { messageOf, UserError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import { MEMORY_VERSION, type Memory } from './memory.js';

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
