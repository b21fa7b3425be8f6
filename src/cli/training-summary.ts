/** What a training came to, for people. */
import { counted } from '../core/counted.js';
import type { Learnt } from '../learn.js';

const WHY: Readonly<Record<Learnt['stopped'], string>> = {
  epochs: 'all epochs done',
  patience: 'no better any more',
  time: 'time limit reached',
  aborted: 'stopped by you; the best weights so far are kept',
};

export function describeTraining({ card, stopped }: Learnt): string {
  const { training } = card;
  const error = training.validationMse / training.persistenceMse;
  return [
    `learnt ${training.rows} time steps of ${counted(training.streams, 'stream')} ` +
      `(${card.channels.map(({ name }) => name).join(', ')}) in ${training.seconds.toFixed(1)} s: ${WHY[stopped]}`,
    `${training.cell} ${training.layers}×${training.hidden}, ${training.parameters} parameters; squared error on the held-out tail ` +
      `${error.toPrecision(2)} times that of repeating the last value`,
  ].join('\n');
}
