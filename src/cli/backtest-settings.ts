/** What a backtest is asked to compare: every `--config`, with the baselines beside it. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { BASELINE_NAMES, type BaselineName } from '../backtest/baselines.js';
import type { BacktestSetting } from '../backtest/file-config.js';
import type { Config } from '../config/config.js';
import { loadConfig } from '../config/load.js';
import { UserError } from '../core/errors.js';
import { DEFAULT_RUNTIME } from '../core/runtime.js';
import type { TimeOption } from '../source/rows.js';

/** What is called when no configuration is given. */
const DEFAULTS = 'defaults';

export interface Wanted {
  /** Paths, as they were given. */
  readonly configs: readonly string[];
  readonly baselines: readonly BaselineName[];
  readonly learnRows: number | undefined;
  /** Opening scores to try beside the configured one. */
  readonly thresholds: readonly number[];
  /** Keep what a page of the first net shows. */
  readonly traced: boolean;
}

/** @returns what `--baseline` names so far, with one more or all of them */
export function parseBaseline(text: string, before: readonly BaselineName[] = []): BaselineName[] {
  const named = BASELINE_NAMES.filter((name) => text === 'all' || name === text);
  if (named.length > 0) return [...new Set([...before, ...named])];
  throw new InvalidArgumentError(`Allowed choices are ${BASELINE_NAMES.join(', ')}, all.`);
}

/**
 * @returns at least one, in the order in which they were given
 * @throws UserError `CONFIG_…`; `ARGUMENT` for a configuration that listens to audio or is given twice
 */
export async function settingsFor(wanted: Wanted): Promise<BacktestSetting[]> {
  const { baselines, learnRows, thresholds } = wanted;
  const common = { baselines, thresholds, ...(learnRows === undefined ? {} : { learnRows }) };
  const traced = (s: number): { readonly traced?: true } => (wanted.traced && s === 0 ? { traced: true } : {});
  if (wanted.configs.length === 0) {
    const file = resolve('backtest.yaml');
    return [{ title: DEFAULTS, value: {}, file, runtime: DEFAULT_RUNTIME, ...common, ...traced(0) }];
  }
  const twice = wanted.configs.find((path, i) => wanted.configs.indexOf(path) < i);
  if (twice !== undefined) throw new UserError('ARGUMENT', `--config ${twice} is given twice`);
  const settings: BacktestSetting[] = [];
  for (const [s, title] of wanted.configs.entries()) {
    const { value, file, model, runtime } = await configFor(title);
    const learnt = existsSync(join(model, 'model.json')) ? { model } : {};
    settings.push({ title, value: value as object, file, runtime, ...learnt, ...common, ...traced(s) });
  }
  return settings;
}

/** How the configurations say the time of the data is written: the first one that does. */
export function timeOf(settings: readonly BacktestSetting[]): TimeOption | undefined {
  for (const { value } of settings) {
    const { source } = value as { readonly source?: { readonly kind?: unknown; readonly time?: TimeOption } };
    if (source?.kind === 'replay' && source.time !== undefined) return source.time;
  }
  return undefined;
}

async function configFor(path: string): Promise<Config> {
  const config = await loadConfig(path);
  if (config.decide.task === 'forecast' && !config.decode.audio) return config;
  throw new UserError('ARGUMENT', `${path} listens to audio; a backtest is for readings of sensors in CSV files`, {
    hint: 'take a configuration with decide: anomaly and without audio',
  });
}
