/** What a training came to, for people. */
import { widthText } from '../core/card.js';
import { counted } from '../core/counted.js';
import type { Learnt } from '../learn.js';
import type { Io } from './output.js';
import { describeThreshold, summariseThreshold } from './threshold-summary.js';

export const WHY_ENDED: Readonly<Record<Learnt['stopped'], string>> = {
  epochs: 'all epochs done',
  patience: 'no better any more',
  time: 'time limit reached',
  aborted: 'stopped by you; what was learnt is kept',
};

/** What may be done after a training that has more to learn. */
export function noteHowToGoOn(stopped: Learnt['stopped'], io: Pick<Io, 'note'>): void {
  if (stopped === 'aborted') io.note('the same command with --resume goes on');
  if (stopped === 'time') io.note('with a longer train.maxSeconds, --resume goes on');
}

export function describeTraining({ card, stopped }: Learnt): string {
  const { training, calibration } = card;
  const threshold = calibration?.threshold;
  return [
    `learnt ${training.rows} time steps of ${counted(training.streams, 'stream')} ` +
      `(${card.channels.map(({ name }) => name).join(', ')}) in ${training.seconds.toFixed(1)} s: ${WHY_ENDED[stopped]}`,
    `${training.cell} ${training.layers}×${widthText(training)}, ${training.parameters} parameters; ${quality(training)}`,
    ...(threshold === undefined ? [] : [describeThreshold(summariseThreshold(threshold))]),
  ].join('\n');
}

function quality({ validationMse, persistenceMse }: Learnt['card']['training']): string {
  if (persistenceMse === 0) return 'on the held-out tail nothing ever changed';
  const error = (validationMse / persistenceMse).toPrecision(2);
  return `squared error on the held-out tail ${error} times that of repeating the last value`;
}
