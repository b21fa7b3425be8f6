/** The configuration that a data file is judged with: what the user wrote, and what its first rows say of the rest. */
import { dirname } from 'node:path';
import type { Config } from '../config/config.js';
import { proposeStepMs } from '../config/discovery/proposal.js';
import { defineConfig } from '../config/load.js';
import type { AlignedChannel } from '../core/alignment.js';
import type { Frame } from '../core/contracts.js';
import { BugError, UserError } from '../core/errors.js';
import { median } from '../core/median.js';
import { type AnomalyOptions, rulesOf } from '../decide/anomaly-options.js';
import type { RuntimeOptions } from '../core/runtime.js';
import type { BaselineName } from './baselines.js';
import type { ForecastChoice } from './decider-fan.js';
import { LABEL_COLUMNS } from './label-columns.js';
import type { Table } from './table.js';

/** A configuration that is judged; plain data, so that it can go to another thread. */
export interface BacktestSetting {
  /** What reports call it. */
  readonly title: string;
  /** A configuration as it was written; its source and sinks are not used. */
  readonly value: object;
  /** Absolute path that it came from or stands for. */
  readonly file: string;
  readonly runtime: RuntimeOptions;
  /** Folder of a model that was learnt before; absent: every file is learnt from its first rows. */
  readonly model?: string;
  /** What also foretells in the place of the net, each with the same decider. */
  readonly baselines: readonly BaselineName[];
  /** Rows at the beginning of a file to learn from; absent: 15 %, at most 750. */
  readonly learnRows?: number;
  /** Opening scores to try beside the configured one. */
  readonly thresholds: readonly number[];
  /** Also keep what was expected of each channel, and the incidents (`FileResult.trace`), of the net. */
  readonly traced?: true;
}

/** That a decider takes. */
const LEAST_SCORE = 0.05;

const NUMBER_WITH_COMMA = /^[+-]?\d+,\d+$/;
const NUMBER_WITH_POINT = /^[+-]?\d+\.\d+$/;

/**
 * @param table of the file at `path`
 * @param rows at its beginning that may be looked at
 */
export async function configOfFile(
  setting: BacktestSetting,
  path: string,
  table: Table,
  rows: number,
): Promise<Config> {
  const { broker: _, ...value } = setting.value as Readonly<Record<string, unknown>>;
  const { kind, ...reading } = section(value, 'source');
  const replayed = kind === 'replay' ? pick(reading, ['time', 'delimiter', 'decimal']) : {};
  const source = { decimal: decimalSign(table, rows), ...replayed, kind: 'replay', files: path };
  const config = await defineConfig({ ...value, source, sinks: [] }, setting.file);
  return {
    ...config,
    ...(setting.model === undefined ? {} : { model: setting.model }),
    // Threads are for the files; and a step that is timed makes no difference to them.
    runtime: { ...config.runtime, threads: 0 },
  };
}

/** What makes the net and its readings, as one text: all of the configuration but its decider. */
export function netKeyOf({ value, file, model, learnRows }: BacktestSetting): string {
  const { name: _, decide: __, sinks: ___, broker: ____, ...rest } = value as Readonly<Record<string, unknown>>;
  return JSON.stringify([rest, dirname(file), model, learnRows]);
}

/** The configured decider; it also tells the score of every row. */
export function deciderOf(setting: BacktestSetting): Promise<ForecastChoice> {
  return decider(setting, { scores: true, forecasts: setting.traced === true });
}

/**
 * The same with another opening score; the closing score is changed in proportion. It tells incidents only.
 * @param config of the file
 */
export function deciderWith(setting: BacktestSetting, config: Config, openScore: number): Promise<ForecastChoice> {
  const { openScore: open, closeScore: close } = scoresOf(config);
  const closeScore = Math.max(LEAST_SCORE, (openScore * close) / open);
  return decider(setting, { openScore, closeScore, scores: false, forecasts: false });
}

async function decider(setting: BacktestSetting, changes: object): Promise<ForecastChoice> {
  const { alertsPerWeek, ...written } = section(setting.value as Readonly<Record<string, unknown>>, 'decide');
  // The wish finds an opening score, which then cannot be given.
  const wish = alertsPerWeek === undefined || 'openScore' in changes ? {} : { alertsPerWeek };
  const source = { kind: 'replay', files: setting.file };
  const value = { source, decide: { ...written, ...wish, ...changes }, sinks: [] };
  return forecastOf(await defineConfig(value, setting.file));
}

/** The decider of a configuration for sensors. */
export function forecastOf({ decide }: Config): ForecastChoice {
  if (decide.task !== 'forecast') throw new BugError(`a backtest of decide: ${decide.kind}`);
  return decide;
}

/** Opening and closing score of the configured decider; with `alertsPerWeek` those that hold until they have been found. */
export function scoresOf({ decide }: Config): { readonly openScore: number; readonly closeScore: number } {
  return rulesOf(decide.options as AnomalyOptions, 1);
}

/**
 * Fills in the time step and the channels that the configuration leaves open.
 * @param learnt readings of the rows that may be looked at
 * @param columns of the table, in the order of which the channels are
 * @param where the rows are, for messages
 * @throws UserError `DATA_INVALID` when none of them holds a number
 */
export function withAlignment(
  config: Config,
  setting: BacktestSetting,
  learnt: readonly Frame[],
  columns: readonly string[],
  where: string,
): Config {
  const written = section(setting.value as Readonly<Record<string, unknown>>, 'align');
  // A model that was learnt before has its own, and `run` holds them against what is written.
  if (setting.model !== undefined) return config;
  const stepMs = written['stepMs'] === undefined ? stepOf(learnt) : config.align.stepMs;
  const channels = config.align.channels ?? channelsOf(learnt, columns, where);
  return { ...config, align: { ...config.align, stepMs, channels } };
}

function stepOf(frames: readonly Frame[]): number {
  const gapsMs: number[] = [];
  for (let i = 1; i < frames.length; i++) {
    const gapMs = (frames[i].us - frames[i - 1].us) / 1000;
    if (gapMs > 0) gapsMs.push(gapMs);
  }
  return proposeStepMs(gapsMs.length === 0 ? undefined : median(gapsMs), 0);
}

/** Those that hold a number, in the order of the columns, whichever came first; columns of labels are no channels. */
function channelsOf(frames: readonly Frame[], columns: readonly string[], where: string): AlignedChannel[] {
  const labels: ReadonlySet<string> = new Set(LABEL_COLUMNS);
  const names = new Set<string>();
  for (const { signal } of frames) {
    if (signal.kind !== 'channels') continue;
    for (const name of signal.names) if (!labels.has(name.toLowerCase())) names.add(name);
  }
  if (names.size === 0) {
    throw new UserError('DATA_INVALID', `none of ${where} holds a number`, {
      hint: 'kioku reads CSV with a header line; a configuration can name the delimiter, the decimal sign and the time',
    });
  }
  const ordered = [...names].toSorted((a, b) => columns.indexOf(a) - columns.indexOf(b));
  return ordered.map((name) => ({ name, aggregate: 'mean', noiseFloor: 0 }));
}

/** Half the world writes 20,5. */
function decimalSign(table: Table, rows: number): '.' | ',' {
  const cells = table.rows.slice(0, rows).flatMap((row) => row.cells);
  const commas = cells.some((cell) => NUMBER_WITH_COMMA.test(cell));
  return commas && !cells.some((cell) => NUMBER_WITH_POINT.test(cell)) ? ',' : '.';
}

function section(value: Readonly<Record<string, unknown>>, name: string): Readonly<Record<string, unknown>> {
  const part = value[name];
  return typeof part === 'object' && part !== null ? (part as Readonly<Record<string, unknown>>) : {};
}

function pick(from: Readonly<Record<string, unknown>>, names: readonly string[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(names.filter((name) => from[name] !== undefined).map((name) => [name, from[name]]));
}
