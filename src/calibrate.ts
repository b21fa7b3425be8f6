/** Replays the training data through a new model, so that the decider knows every stream's normal from the first step. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Config } from './config/config.js';
import type { ModelCard } from './core/card.js';
import type { Engine, Frame, Signal } from './core/contracts.js';
import { BugError } from './core/errors.js';
import type { StageContext } from './core/kind.js';
import { openStepper } from './open-lane.js';
import { readCard, stepModelOf } from './step/card-file.js';
import type { Stepper } from './stepper.js';
import type { Series } from './train/series.js';

/** Time steps of every stream before the net is run and the event loop gets a chance: of few streams they share runs. */
const ROWS_A_TURN = 32;

const raisesNothing = (): never => {
  throw new BugError('a decider that only learns has raised an event');
};

/**
 * @param series as they were learnt; streams that the card has no normalisation for warm up at run time instead
 * @returns the card's `calibration`
 */
export async function calibrate(
  config: Config,
  series: readonly Series[],
  engine: Engine,
  context: StageContext,
): Promise<NonNullable<ModelCard['calibration']>> {
  // A former calibration would be learnt on top of.
  const { calibration: _, ...card } = await readCard(config.model);
  const net = await engine.open(stepModelOf(config.model, card), Math.max(1, series.length));
  try {
    const stepper = openStepper(config, card, net, context);
    stepper.decider.learnOnly = true;
    const known = series.filter(({ stream }) => Object.hasOwn(card.normalisation.streams, stream));
    known.forEach(({ stream }, slot) => stepper.open(slot, stream));
    const names = card.channels.map(({ name }) => name);
    await replay(known, stepper, { kind: 'channels', names, stepUs: card.stepUs });
    const streams = known.map(({ stream }, slot): [string, string] => [
      stream,
      Buffer.from(stepper.decider.save(slot)).toString('base64'),
    ]);
    return { decider: stepper.decider.version, streams: Object.fromEntries(streams) };
  } finally {
    net.close();
  }
}

/** All streams side by side, so that they share the runs of the net. */
async function replay(series: readonly Series[], stepper: Stepper, signal: Signal): Promise<void> {
  const rows = series.reduce((most, { us }) => Math.max(most, us.length), 0);
  for (let from = 0; from < rows; from += ROWS_A_TURN) {
    series.forEach((one, slot) => {
      const to = Math.min(from + ROWS_A_TURN, one.us.length);
      for (let row = from; row < to; row++) stepper.feature.push(slot, frameOf(one, row, signal));
    });
    stepper.turn(raisesNothing);
    await nextTurn();
  }
}

function frameOf(series: Series, row: number, signal: Signal): Frame {
  const width = series.values.length / series.us.length;
  return {
    stream: series.stream,
    source: 0,
    seq: row,
    us: series.us[row],
    arrivedUs: series.us[row],
    signal,
    data: series.values.subarray(row * width, (row + 1) * width),
    mask: series.mask.subarray(row * width, (row + 1) * width),
    ...(series.starts[row] === 1 ? { mark: 'gap' as const } : {}),
  };
}
