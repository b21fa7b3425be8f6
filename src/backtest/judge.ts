/** Readings streamed through the lane of `run`: one detector, with the configured opening score and with others. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Config } from '../config/config.js';
import type { ModelCard } from '../core/card.js';
import type { Engine, Frame, Lane } from '../core/contracts.js';
import type { KiokuEvent } from '../core/events.js';
import type { StageContext } from '../core/kind.js';
import { silentLog } from '../core/log.js';
import type { AnomalyOptions } from '../decide/anomaly-options.js';
import { StreamRules } from '../decide/stream-rules.js';
import { openLane } from '../open-lane.js';
import { contextOf } from '../stage-context.js';
import { readCard } from '../step/card-file.js';
import type { FileResult } from './backtest-file.js';
import { type Candidate, withCandidates } from './decider-fan.js';
import { deciderWith, forecastOf, type BacktestSetting } from './file-config.js';
import type { FileData } from './file-data.js';
import { rowSteps } from './history.js';
import { anomaliesOf, judgementOf, StepRows } from './judgement.js';
import { traceOf } from './trace.js';

/** Frames between two looks at the wish to stop. */
const FRAMES_A_TURN = 1024;

export interface JudgeParts {
  /** Its model is ready. */
  readonly config: Config;
  readonly setting: BacktestSetting;
  readonly engine: Engine;
  readonly context: StageContext;
  readonly constant: readonly string[];
  /** Rows at the beginning that are not judged, because they were learnt from. */
  readonly learntRows: number;
  readonly signal: AbortSignal;
}

/** @throws AbortError when `signal` is */
export async function judge(data: FileData, parts: JudgeParts): Promise<FileResult> {
  const { config, constant, setting, context, learntRows } = parts;
  const { name, times, frames, rowOf, rows } = data;
  const card = await readCard(config.model);
  const { channels, stepUs, training } = card;
  const names = channels.map((channel) => channel.name);
  const { stepUs: steps, values } = rowSteps(frames, rowOf, rows, names[0], stepUs);
  const stepRows = new StepRows(steps, stepUs, learntRows);
  const threshold = thresholdOf(config, card, frames);
  const candidates: TriedCandidate[] = [];
  for (const tried of setting.thresholds) {
    if (tried === threshold) continue;
    candidates.push({ threshold: tried, decide: await deciderWith(setting, config, tried), incidents: [] });
  }
  const events = await hear(frames.slice(learntRows === 0 ? 0 : data.learntFrames), candidates, parts);
  return {
    name,
    ...times,
    ...judgementOf(stepRows, events),
    values,
    learntRows,
    constant,
    threshold,
    candidates: candidates.map(({ threshold: tried, incidents }) => ({
      threshold: tried,
      anomalies: anomaliesOf(stepRows, incidents),
    })),
    ...(learntRows === 0 ? { modelSaw: { from: training.from, to: training.to } } : {}),
    ...(setting.traced === true ? { trace: traceOf(frames, rowOf, rows, names, stepUs, events) } : {}),
    counters: context.counters.toJSON(),
  };
}

interface TriedCandidate extends Candidate {
  readonly threshold: number;
}

/** The configured opening score; with `alertsPerWeek` the one that was found for the stream. */
function thresholdOf(config: Config, card: ModelCard, frames: readonly Frame[]): number {
  const rules = new StreamRules(forecastOf(config).options as AnomalyOptions, { card, log: silentLog });
  return (frames.length === 0 ? rules.common : rules.ofStream(frames[0].stream)).openScore;
}

/**
 * What the configured decider says, and into their lists what the candidates do. A net that goes on learning does so from
 * what its decider calls calm: then each candidate has a lane of its own.
 */
async function hear(
  frames: readonly Frame[],
  candidates: readonly TriedCandidate[],
  parts: JudgeParts,
): Promise<KiokuEvent[]> {
  const { config } = parts;
  if (config.online === undefined) {
    return stream(frames, { ...parts, config: { ...config, decide: withCandidates(forecastOf(config), candidates) } });
  }
  for (const { decide, incidents } of candidates) {
    // What is dropped is the same as with the configured threshold, and counted there.
    const events = await stream(frames, { ...parts, config: { ...config, decide }, context: contextOf(config) });
    for (const event of events) if (event.type === 'incident') incidents.push(event);
  }
  return stream(frames, parts);
}

async function stream(
  frames: readonly Frame[],
  { config, engine, context, signal }: Pick<JudgeParts, 'config' | 'engine' | 'context' | 'signal'>,
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
