/** What a training came to, for people. */
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
    `learnt ${training.rows} time steps of ${training.streams} ${training.streams === 1 ? 'stream' : 'streams'} ` +
      `(${card.channels.map(({ name }) => name).join(', ')}) in ${training.seconds.toFixed(1)} s: ${WHY[stopped]}`,
    `${training.cell} ${training.layers}×${training.hidden}, ${training.parameters} parameters; squared error on the held-out tail ` +
      `${error.toPrecision(2)} times that of repeating the last value`,
  ].join('\n');
}
