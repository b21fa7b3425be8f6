/** Whether there is enough to learn from; if not, what is missing. */
import { UserError } from '../core/errors.js';
import type { DatasetOptions } from './dataset.js';
import type { Sequence } from './sequence.js';

type Needs = Pick<DatasetOptions, 'stepUs' | 'validationFraction' | 'fewestSamples'>;

/**
 * @param rows of all series, those included that no other follows without a gap
 * @param heldOut whether any held-out sample asks for a value that was observed
 * @throws UserError `DATA_TOO_SHORT`
 */
export function requireEnough(sequences: readonly Sequence[], rows: number, heldOut: boolean, needs: Needs): void {
  const samples = sequences.reduce((sum, one) => sum + one.rows - 1, 0);
  const learnt = sequences.reduce((sum, one) => sum + one.split, 0);
  if (learnt < needs.fewestSamples) throw tooFew(samples, rows, needs);
  if (!heldOut) throw nothingHeldOut(needs);
}

function tooFew(samples: number, rows: number, { stepUs, validationFraction, fewestSamples }: Needs): UserError {
  const needed = Math.ceil((fewestSamples + 1) / (1 - validationFraction)) + 1;
  const seconds = (steps: number): string => `${Number(((steps * stepUs) / 1e6).toPrecision(3))} s`;
  const least = `at least ${needed} without a gap (${seconds(needed)}) are needed`;
  if (2 * samples < rows) {
    const few = samples === 0 ? 'none' : `only ${samples}`;
    return new UserError(
      'DATA_TOO_SHORT',
      `of ${rows} time steps ${few} can be learnt from: the others stand alone; ${least}`,
      {
        hint: 'choose a longer align.stepMs, at least the usual time between two readings, or a longer align.maxGapMs',
      },
    );
  }
  return new UserError(
    'DATA_TOO_SHORT',
    `there are ${samples} time steps to learn from (${seconds(samples)}); ${least}`,
    {
      hint: 'record for longer, or choose a shorter align.stepMs or train.sequenceLength',
    },
  );
}

function nothingHeldOut({ validationFraction }: Needs): UserError {
  const last = `the last ${Math.round(100 * validationFraction)} % of each stream`;
  return new UserError(
    'DATA_TOO_SHORT',
    `${last}, which say when to stop learning, hold no reading that follows another`,
    {
      hint: 'give data with readings up to the end, or choose a longer align.stepMs or align.maxGapMs',
    },
  );
}
