/** One data file: its first rows are learnt, the others streamed through the lane of `run`, each judged before it is learnt. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Config } from '../config/config.js';
import type { Engine } from '../core/contracts.js';
import { Counters } from '../core/counters.js';
import type { StageContext } from '../core/kind.js';
import { contextOf } from '../stage-context.js';
import { readCard } from '../step/card-file.js';
import { baselineEngine } from './baseline-net.js';
import { type BaselineName, rulesFor } from './baselines.js';
import type { BacktestFile } from './data-files.js';
import { type BacktestSetting, deciderOf, netKeyOf } from './file-config.js';
import { type FileData, readData } from './file-data.js';
import type { RowTimes } from './history.js';
import { judge } from './judge.js';
import type { Judgement } from './judgement.js';
import { learntChannels } from './learnt-channels.js';
import { LearntModels } from './learnt-models.js';
import type { Trace } from './trace.js';

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
  /** Names of channels with one value in all rows that were learnt: nothing tells what change of them is normal. */
  readonly constant: readonly string[];
  /** Where it is asked for. */
  readonly trace?: Trace;
  /** Drops by reason. */
  readonly counters: Readonly<Record<string, number>>;
}

/**
 * Strictly causal: the score of a row depends on nothing behind the time step that it is in, but for the number of rows,
 * which says how many serve to learn from.
 * @param settings at least one
 * @param engineOf steps the nets of a setting
 * @returns of each setting that of its net, then those of its baselines, all over the same rows
 * @throws UserError `DATA_…` when the file cannot be read or is too short to learn from; AbortError when `signal` is
 */
export async function backtestFile(
  file: BacktestFile,
  settings: readonly BacktestSetting[],
  engineOf: (setting: BacktestSetting) => Engine,
  signal: AbortSignal,
): Promise<FileResult[]> {
  const folder = await mkdtemp(join(tmpdir(), 'kioku-backtest-'));
  try {
    const shared = new Map<string, Learning>();
    const results: FileResult[] = [];
    for (const setting of settings) {
      const key = netKeyOf(setting);
      let learning = shared.get(key);
      if (learning === undefined) {
        const data = await readData(file, setting, signal);
        const what = `the first ${data.learntRows} of the ${data.rows} rows of ${file.path} are too few to learn from`;
        const models = new LearntModels(join(folder, String(shared.size)), learntFrames(data), what, signal);
        shared.set(key, (learning = { data, models }));
      }
      for (const result of await compare(learning, setting, engineOf(setting), signal)) results.push(result);
    }
    return results;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What configurations that differ in nothing but their deciders have in common. */
interface Learning {
  readonly data: FileData;
  readonly models: LearntModels;
}

function learntFrames({ frames, learntFrames: n }: FileData): FileData['frames'] {
  return frames.slice(0, n);
}

/** The net of a setting, then its baselines. */
async function compare(
  { data, models }: Learning,
  setting: BacktestSetting,
  engine: Engine,
  signal: AbortSignal,
): Promise<FileResult[]> {
  const config = { ...data.config, decide: await deciderOf(setting) };
  const context = contextFor(config, data);
  const { model } = setting;
  const ready =
    model === undefined
      ? await models.of('net', config, engine, context)
      : { config: { ...config, model }, constant: [] };
  const learntRows = model === undefined ? data.learntRows : 0;
  const results = [await judge(data, { ...ready, setting, engine, context, learntRows, signal })];
  for (const name of setting.baselines) {
    results.push(await baseline(name, { data, models }, setting, ready.config, signal));
  }
  return results;
}

/** @param beside the configuration of the net that the baseline is held against, with its model */
async function baseline(
  name: BaselineName,
  { data, models }: Learning,
  setting: BacktestSetting,
  beside: Config,
  signal: AbortSignal,
): Promise<FileResult> {
  const card = await readCard(beside.model);
  const channels = beside.align.channels ?? card.channels.map((channel) => ({ ...channel, noiseFloor: 0 }));
  const align = { ...beside.align, stepMs: card.stepUs / 1000, channels };
  // Of what is learnt here, only scales and calibration are used; there are no weights that could learn on.
  const train = {
    ...beside.train,
    objective: 'gaussian' as const,
    calendar: ['day' as const],
    hidden: 1,
    layers: 1,
    dropout: 0,
    maxEpochs: 1,
  };
  const { online: _online, ...offline } = beside;
  const config = { ...offline, align, train };
  const engine = baselineEngine(name, async ({ path }) => {
    const own = await readCard(dirname(path));
    return rulesFor(name, learntChannels(learntFrames(data), align, config.limits.maxStreams, own), own.stepUs);
  });
  const context = contextFor(config, data);
  const ready = await models.of('baseline', config, engine, context);
  const { traced: _, ...untraced } = setting;
  return judge(data, { ...ready, setting: untraced, engine, context, learntRows: data.learntRows, signal });
}

function contextFor(config: Config, { counters }: FileData): StageContext {
  const own = new Counters();
  own.add(counters);
  return contextOf(config, { counters: own });
}
