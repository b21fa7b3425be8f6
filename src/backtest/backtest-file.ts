/** One data file: its first rows are learnt, the others streamed through the lane of `run`, each judged before it is learnt. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Config } from '../config/config.js';
import type { Engine, Frame, Lane } from '../core/contracts.js';
import { UserError } from '../core/errors.js';
import type { KiokuEvent } from '../core/events.js';
import type { StageContext } from '../core/kind.js';
import { Gatherer } from '../gather.js';
import { learn } from '../learn.js';
import { openLane } from '../open-lane.js';
import { contextOf } from '../stage-context.js';
import { readCard } from '../step/card-file.js';
import type { BacktestFile } from './data-files.js';
import { type Candidate, withCandidates } from './decider-fan.js';
import { configOfFile, deciderWith, forecastOf, scoresOf, withAlignment, type BacktestSetting } from './file-config.js';
import { framesOf, packetsOf, rowsOfPackets, rowSteps, rowTimes, type RowTimes } from './history.js';
import { anomaliesOf, judgementOf, StepRows, type Judgement } from './judgement.js';
import { probationOf } from './nab-rewards.js';
import { readTable } from './table.js';
import { traceOf, type Trace } from './trace.js';

/** Frames between two looks at the wish to stop. */
const FRAMES_A_TURN = 1024;

export interface FileResult extends RowTimes, Judgement {
  readonly name: string;
  /** The first channel in every row; NaN: none. */
  readonly values: Float64Array;
  /** Rows that were not judged, because they served to learn from. */
  readonly learntRows: number;
  /** Opening score of the decider. */
  readonly threshold: number;
  /** What was alerted with the other opening scores. */
  readonly candidates: readonly { readonly threshold: number; readonly anomalies: Int32Array }[];
  /** Event time of the data that a model which was learnt before has seen; absent: it was learnt here. */
  readonly modelSaw?: { readonly from: string; readonly to: string };
  /** Where it is asked for. */
  readonly trace?: Trace;
  /** Drops by reason. */
  readonly counters: Readonly<Record<string, number>>;
}

/**
 * Strictly causal: the score of a row depends on nothing behind the time step that it is in, but for the number of rows,
 * which says how many serve to learn from.
 * @throws UserError `DATA_…` when the file cannot be read or is too short to learn from; AbortError when `signal` is
 */
export async function backtestFile(
  { path, name }: BacktestFile,
  setting: BacktestSetting,
  engine: Engine,
  signal: AbortSignal,
): Promise<FileResult> {
  const table = await readTable(path);
  const rows = table.rows.length;
  const foreseen = Math.min(rows, setting.learnRows ?? probationOf(rows));
  if (setting.model === undefined && (foreseen === 0 || foreseen === rows)) {
    const what =
      foreseen === 0 ? 'too few to learn from a part of them' : 'none is left to judge after those to learn from';
    throw new UserError('DATA_TOO_SHORT', `${path} has ${rows} rows: ${what}`);
  }
  const written = await configOfFile(setting, path, table, foreseen);
  const context = contextOf(written);
  const times = rowTimes(table, path, timeOf(written));
  const rowOf = rowsOfPackets(times.timesUs);
  const packets = await packetsOf(written, context, signal);
  if (packets.length !== rowOf.length - 1) {
    throw new UserError(
      'DATA_INVALID',
      `${path} has rows that cannot be told apart: ${packets.length} of ${rows} were read`,
    );
  }
  const frames = framesOf(packets, written, context);
  const split = frames.findIndex(({ seq }) => rowOf[seq] >= foreseen);
  const learnt = split < 0 ? frames : frames.slice(0, split);
  const config = withAlignment(written, setting, learnt, path);
  const folder = setting.model === undefined ? await mkdtemp(join(tmpdir(), 'kioku-backtest-')) : undefined;
  try {
    const ready = { ...config, model: folder ?? config.model };
    if (folder !== undefined) await learnFrom(learnt, ready, engine, context, signal);
    const judged = folder === undefined ? frames : frames.slice(learnt.length);
    const learntRows = folder === undefined ? 0 : foreseen;
    const { channels, stepUs, training } = await readCard(ready.model);
    const names = channels.map(({ name }) => name);
    const { stepUs: steps, values } = rowSteps(frames, rowOf, rows, names[0], stepUs);
    const stepRows = new StepRows(steps, stepUs, learntRows);
    const { openScore } = scoresOf(config);
    const candidates: (Candidate & { readonly threshold: number })[] = [];
    for (const threshold of setting.thresholds) {
      if (threshold === openScore) continue;
      candidates.push({ threshold, decide: await deciderWith(setting, ready, threshold), incidents: [] });
    }
    const compared = { ...ready, decide: withCandidates(forecastOf(ready), candidates) };
    const events = await run(compared, judged, engine, context, signal);
    return {
      name,
      ...times,
      ...judgementOf(stepRows, events),
      values,
      learntRows,
      threshold: openScore,
      candidates: candidates.map(({ threshold, incidents }) => ({
        threshold,
        anomalies: anomaliesOf(stepRows, incidents),
      })),
      ...(folder === undefined ? { modelSaw: { from: training.from, to: training.to } } : {}),
      ...(setting.traced === true ? { trace: traceOf(frames, rowOf, rows, names, stepUs, events) } : {}),
      counters: context.counters.toJSON(),
    };
  } finally {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }
}

function timeOf({ source }: Config): Parameters<typeof rowTimes>[2] {
  return (source.options as { readonly time?: Parameters<typeof rowTimes>[2] }).time;
}

async function learnFrom(
  frames: readonly Frame[],
  config: Config,
  engine: Engine,
  context: StageContext,
  signal: AbortSignal,
): Promise<void> {
  // What is dropped here is dropped by the decoder or of no consequence; only the judged rows are told of.
  const gatherer = new Gatherer(config.align, config.limits.maxStreams, contextOf(config).counters);
  gatherer.push(frames);
  const { stopped } = await learn(config, gatherer.finish(), { engine, context, signal });
  if (stopped === 'aborted') signal.throwIfAborted();
}

async function run(
  config: Config,
  frames: readonly Frame[],
  engine: Engine,
  context: StageContext,
  signal: AbortSignal,
): Promise<KiokuEvent[]> {
  const events: KiokuEvent[] = [];
  const take = (said: ReturnType<Lane['turn']>): void => {
    for (const event of said.events) events.push(event);
  };
  const lane = await openLane(config, engine, context);
  try {
    for (let from = 0; from < frames.length; from += FRAMES_A_TURN) {
      lane.push(frames.slice(from, from + FRAMES_A_TURN));
      take(lane.turn());
      await nextTurn();
      signal.throwIfAborted();
    }
    take(lane.end());
    return events;
  } finally {
    lane.close();
  }
}
