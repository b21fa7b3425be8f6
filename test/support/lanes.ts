/** A whole lane over a small untrained model, and readings that make it speak. */
import { StepAligner } from '../../src/align/align.js';
import { alignSchema } from '../../src/core/alignment.js';
import type { ModelCard } from '../../src/core/card.js';
import type { Feature, ForecastDecider, Frame, Net, Signal } from '../../src/core/contracts.js';
import { Counters } from '../../src/core/counters.js';
import type { KiokuEvent } from '../../src/core/events.js';
import { silentLog } from '../../src/core/log.js';
import { onlineSchema } from '../../src/core/online.js';
import { normal } from '../../src/core/random.js';
import { anomalyKind } from '../../src/decide/anomaly.js';
import { normaliseKind } from '../../src/feature/normalise.js';
import { StreamLane, type LaneLimits } from '../../src/lane.js';
import { InlineLearning, type Learning } from '../../src/online/learning.js';
import type { OnlineLearning } from '../../src/online/online-learning.js';
import { openOnlineLearning, type OnlineSurroundings } from '../../src/online/open-online.js';
import { isLearningNet } from '../../src/core/learning-net.js';
import { readCard, stepModelOf } from '../../src/step/card-file.js';
import { Stepper } from '../../src/stepper.js';
import { userEngine } from './user-engine.js';

interface Stages {
  readonly card: ModelCard;
  readonly aligner: StepAligner;
  readonly feature: Feature;
  readonly net: Net;
  readonly decider: ForecastDecider;
}

/**
 * @param model folder of a model with the channels c0 and c1 and steps of one second
 * @param decide options of the decider
 */
export async function openTestLane(
  model: string,
  limits: LaneLimits,
  counters = new Counters(),
  decide: Record<string, unknown> = {},
): Promise<StreamLane> {
  const { aligner, feature, net, decider } = await openStages(model, limits, counters, decide);
  return new StreamLane({ aligner, stepper: new Stepper(feature, net, decider) }, limits, counters);
}

async function openStages(
  model: string,
  limits: LaneLimits,
  counters: Counters,
  decide: Record<string, unknown>,
): Promise<Stages> {
  const card = await readCard(model);
  const net = await userEngine.open(stepModelOf(model, card), limits.maxStreams);
  const context = { name: 'test', baseDir: model, counters, log: silentLog, card, capacity: net.capacity };
  const feature = normaliseKind.create(normaliseKind.schema.parse({ kind: 'normalise', warmupSteps: 20 }), context);
  const options = { kind: 'anomaly', warmupSteps: 50, silentAfterSteps: 5, scores: true, ...decide };
  const decider = anomalyKind.create(anomalyKind.schema.parse(options), {
    ...context,
    provider: net.provider,
    scaler: feature,
  });
  const channels = card.channels.map(({ name }) => ({ name }));
  const align = alignSchema.parse({ stepMs: 1000, channels });
  const aligner = new StepAligner({ ...align, channels: align.channels ?? [] }, counters, limits.maxStreams);
  return { card, aligner, feature, net, decider };
}

export interface OnlineLane {
  readonly lane: StreamLane;
  readonly online: OnlineLearning;
}

/** The same, of which the net goes on learning. @param options of online learning */
export async function openOnlineLane(
  model: string,
  limits: LaneLimits,
  counters: Counters,
  options: Record<string, unknown>,
  { file, learning = (start): Learning => new InlineLearning(start) }: Partial<OnlineSurroundings> = {},
): Promise<OnlineLane> {
  const { card, aligner, feature, net, decider } = await openStages(model, limits, counters, {});
  if (!isLearningNet(net)) throw new Error(`${net.provider} cannot learn`);
  const surroundings = { net, card, decider, clipNorm: 1, counters, log: silentLog, learning, ...(file && { file }) };
  const online = await openOnlineLearning(onlineSchema.parse(options), surroundings);
  const stepper = new Stepper(feature, net, decider, online.segments);
  return { lane: new StreamLane({ aligner, stepper, online }, limits, counters), online };
}

const SIGNAL: Signal = { kind: 'channels', names: ['c0', 'c1'], stepUs: 0 };
export const START_US = 1_700_000_000_000_000;

/** One reading a second; `fault` shifts it far away. */
export function reading(stream: string, second: number, fault = false): Frame {
  const seed = stream.length * 31 + stream.charCodeAt(stream.length - 1);
  const us = START_US + second * 1_000_000;
  const data = Float64Array.of(normal(seed, 0, second) + (fault ? 60 : 0), 5 + 0.1 * normal(seed, 1, second));
  return { stream, source: 0, seq: second + 1, us, arrivedUs: us, signal: SIGNAL, data };
}

/** Readings of several streams in order of time; the first one has a fault from `faultFrom` on, for 30 s. */
export function readings(streams: readonly string[], seconds: number, faultFrom: number): Frame[] {
  const frames: Frame[] = [];
  for (let second = 0; second < seconds; second++) {
    streams.forEach((stream, i) => {
      frames.push(reading(stream, second, i === 0 && second >= faultFrom && second < faultFrom + 30));
    });
  }
  return frames;
}

/** All frames through a lane, in pieces of these sizes, which come again and again. @returns what it says of them */
export function feed(
  lane: StreamLane,
  frames: readonly Frame[],
  sizes: readonly number[] = [frames.length],
): KiokuEvent[] {
  const events: KiokuEvent[] = [];
  for (let at = 0, i = 0; at < frames.length; i++) {
    const size = sizes[i % sizes.length];
    lane.push(frames.slice(at, at + size));
    events.push(...lane.turn().events);
    at += size;
  }
  return events;
}
