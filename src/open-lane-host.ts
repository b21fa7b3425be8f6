/** Where the lane of a configuration runs: on this thread, or its streams shared out among threads. */
import { availableParallelism } from 'node:os';
import type { Config } from './config/config.js';
import type { Engine, Lane, Net } from './core/contracts.js';
import type { StageContext } from './core/kind.js';
import { median } from './core/median.js';
import { LocalLane, type LaneHost } from './lane-host.js';
import { openLane } from './open-lane.js';
import { ShardedLane } from './sharded-lane.js';
import { openEngine } from './step/open-engine.js';
import { findRecogniserFiles } from './step/recogniser/files.js';
import { readPart } from './step/recogniser/onnx-part.js';

/** A step that takes longer is worth handing over to another thread, and too long for whatever else waits on this one. */
const LONG_STEP_MS = 0.5;
/** A run for four streams reads the weights once: 11.8 ms instead of 4 times 8.5 (x64, LSTM of 84 million weights). */
const SHARED_RUN_STREAMS = 4;
const WARM_UP_STEPS = 3;
const MEASURED_STEPS = 11;

/**
 * Opens the lane where `runtime.threads` says; `auto`: a recogniser's on threads, any other's as long as its step takes.
 * @param engine for a lane on this thread; absent: what `runtime` asks for, as on threads
 * @throws UserError as `openLane`
 */
export async function openLaneHost(
  config: Config,
  engine: Engine | undefined,
  context: StageContext,
): Promise<LaneHost> {
  const { threads } = config.runtime;
  if (threads === 'auto' ? config.decide.task === 'recognise' : threads > 0) return openThreads(config, context);
  const nets: Net[] = [];
  const noted = noting(engine ?? (await openEngine(config.runtime, context.log)), nets);
  const lane = await openLane(config, noted, context);
  const { maxDelayMs } = config.limits;
  // A net that goes on learning is one for all streams.
  if (threads === 0 || config.online !== undefined) return new LocalLane(lane, maxDelayMs);
  const stepMs = measured(lane, nets[0]);
  const long = stepMs > LONG_STEP_MS;
  const aboutMs = Number(stepMs.toPrecision(2));
  context.log.info({ stepMs: aboutMs, longerThanMs: LONG_STEP_MS, onThreads: long }, 'step of the net measured');
  if (!long) return new LocalLane(lane, maxDelayMs);
  lane.close();
  return openThreads(config, context);
}

/** `auto`: one thread a core, as far as there can be work for it. */
async function openThreads(config: Config, context: StageContext): Promise<LaneHost> {
  const { maxStreams } = config.limits;
  const together = await streamsTogether(config);
  const { threads } = config.runtime;
  const useful = threads === 'auto' ? Math.min(availableParallelism(), Math.ceil(maxStreams / together)) : threads;
  const atMost = Math.min(useful, maxStreams);
  context.log.info({ threads: atMost, together }, 'streams are shared out among threads');
  return ShardedLane.open(config, { threads: atMost, together }, context);
}

/** Streams of a thread that are worth as much as as many threads, because they share the runs of the net. */
async function streamsTogether({ decide, model }: Config): Promise<number> {
  if (decide.task !== 'recognise') return SHARED_RUN_STREAMS;
  const { encoder } = await findRecogniserFiles(model, decide.needs.precision);
  return (await readPart(encoder)).quantised ? 1 : SHARED_RUN_STREAMS;
}

/** @param nets gets every net that the engine opens */
function noting(engine: Engine, nets: Net[]): Engine {
  return {
    ...engine,
    open: async (model, capacity) => {
      const net = await engine.open(model, capacity);
      nets.push(net);
      return net;
    },
  };
}

/** Closes the lane when its net cannot be stepped: nothing else would free its model. */
function measured(lane: Lane, net: Net): number {
  try {
    return medianStepMs(net);
  } catch (error) {
    lane.close();
    throw error;
  }
}

/** Time of a step of one stream, before there is any. */
function medianStepMs(net: Net): number {
  const slots = Int32Array.of(0);
  const times: number[] = [];
  net.open(0, '');
  for (let step = -WARM_UP_STEPS; step < MEASURED_STEPS; step++) {
    const startMs = performance.now();
    net.step(slots, 1);
    if (step >= 0) times.push(performance.now() - startMs);
  }
  net.leave(0);
  return median(times);
}
