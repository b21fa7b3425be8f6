/**
 * Replays the training data through a new model, so that the decider knows every stream's normal from the first step. The
 * end of it, which the net has not learnt, is a rehearsal: how often would something have been raised?
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Config } from './config/config.js';
import type { Calibration } from './core/calibration.js';
import type { Engine, ForecastDecider, Frame, Signal } from './core/contracts.js';
import { BugError } from './core/errors.js';
import type { StageContext } from './core/kind.js';
import { openStepper } from './open-lane.js';
import { readCard, stepModelOf } from './step/card-file.js';
import type { Stepper } from './stepper.js';
import { learntRowsOf } from './train/dataset.js';
import type { Rows } from './train/row-block.js';
import type { Series } from './train/series.js';

/** Time steps of every stream before the net is run and the event loop gets a chance: of few streams they share runs. */
const ROWS_A_TURN = 32;

/** Rows, of all streams together, that are too few for a rehearsal: what was learnt is told of with a pinch of salt, but more. */
const FEWEST_HELD_OUT = 100;

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
): Promise<Calibration> {
  // A former calibration would be learnt on top of.
  const { calibration: _, ...card } = await readCard(config.model);
  const net = await engine.open(stepModelOf(config.model, card), Math.max(1, series.length));
  try {
    const stepper = openStepper(config, card, net, { ...context, learnOnly: true });
    const known = series.filter(({ stream }) => Object.hasOwn(card.normalisation.streams, stream));
    known.forEach(({ stream }, slot) => stepper.open(slot, stream));
    const names = card.channels.map(({ name }) => name);
    const { heldOut, from } = rehearsalOf(known, config.train.validationFraction);
    await replay(known, from, stepper, { kind: 'channels', names, stepUs: card.stepUs });
    const streams = known.map(({ stream }, slot): [string, string] => [
      stream,
      Buffer.from(stepper.decider.save(slot)).toString('base64'),
    ]);
    const { decider } = stepper;
    return { decider: decider.version, streams: Object.fromEntries(streams), ...decider.rehearsed(heldOut) };
  } finally {
    net.close();
  }
}

/** From which row on each stream is rehearsed: the rows held out, or the later half when those are too few. */
function rehearsalOf(series: readonly Series[], validationFraction: number): { heldOut: boolean; from: number[] } {
  const from = series.map(({ rows }) => learntRowsOf(rows, validationFraction));
  const heldOutRows = series.reduce((sum, { rows }, i) => sum + rows - from[i], 0);
  if (heldOutRows >= FEWEST_HELD_OUT) return { heldOut: true, from };
  return { heldOut: false, from: series.map(({ rows }) => Math.floor(rows / 2)) };
}

/**
 * All streams side by side, so that they share the runs of the net.
 * @param rehearsedFrom row of each stream from which on it is rehearsed
 */
async function replay(
  series: readonly Series[],
  rehearsedFrom: readonly number[],
  stepper: Stepper<ForecastDecider>,
  signal: Signal,
): Promise<void> {
  const next = series.map(() => 0);
  const isLeft = (): boolean => series.some(({ rows }, slot) => next[slot] < rows);
  while (isLeft()) {
    series.forEach((one, slot) => {
      const from = next[slot];
      const border = rehearsedFrom[slot];
      if (from === border) stepper.decider.rehearse(slot);
      const to = Math.min(from + ROWS_A_TURN, from < border ? border : one.rows);
      for (const piece of one.pieces(from, to)) {
        for (let row = 0; row < piece.n; row++) stepper.feature.push(slot, frameOf(one.stream, piece, row, signal));
      }
      next[slot] = to;
    });
    stepper.turn(raisesNothing);
    await nextTurn();
  }
}

function frameOf(stream: string, { us, values, mask, starts }: Rows, row: number, signal: Signal): Frame {
  const width = values.length / us.length;
  return {
    stream,
    source: 0,
    seq: 0,
    us: us[row],
    arrivedUs: us[row],
    signal,
    data: values.subarray(row * width, (row + 1) * width),
    mask: mask.subarray(row * width, (row + 1) * width),
    ...(starts[row] === 1 ? { mark: 'gap' as const } : {}),
  };
}
