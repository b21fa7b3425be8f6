/**
 * A hundred thousand devices, each with an LSTM of 64 of its own: what a stream costs in memory beyond the h and c that
 * it must have, and how much dearer a message is than among a thousand devices, whose memory fits the processor's caches.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine } from '../src/core/contracts.js';
import { silentLog } from '../src/core/log.js';
import { uniform } from '../src/core/random.js';
import { DEFAULT_RUNTIME } from '../src/core/runtime.js';
import type { Snapshot } from '../src/core/snapshot.js';
import { openEngine } from '../src/step/open-engine.js';
import { type BenchOptions, type BenchResult, type BenchRow, machine, medianRow, ratioRow } from './report.js';
import { Crowd } from './support/crowd.js';
import {
  BATCH,
  calmValue,
  Fleet,
  HIDDEN,
  type Message,
  messageOf,
  settledMemory,
  START_US,
  STEP_US,
  streamOf,
  withFleetModel,
} from './support/fleet.js';

/** h and c, float32. */
const STATE_BYTES = 2 * HIDDEN * Float32Array.BYTES_PER_ELEMENT;
/** Until the scale of a new stream is found and its tails are known. */
const WARM_UP_STEPS = 1000;
const LANE_REPEATS = 5;

/** How often, and for how long, a pipeline is flooded while it is measured. */
interface Windows {
  readonly repeats: number;
  readonly windowMs: number;
}

export async function run({ smoke }: BenchOptions): Promise<BenchResult> {
  const many = smoke ? 1000 : 100_000;
  const few = many / 100;
  const engine = await openEngine(DEFAULT_RUNTIME, silentLog);
  const rows = await withFleetModel(async (model) => {
    // First, while nothing else has made the heap larger.
    const memory = await memoryRows(model, engine, many);
    return [...memory, ...(await laneRows(model, engine, many, few))];
  });
  rows.push(...(await messageRows(many, few, smoke ? { repeats: 1, windowMs: 50 } : { repeats: 7, windowMs: 1000 })));
  const notes = [
    `${many} streams against ${few}; every device sends once a time step, in another order each time`,
    'bytes-per-stream: growth of the whole process by streams that have sent twice, over their number, less h and c (512 bytes)',
    'judged-bytes-per-stream: the same of streams that have long been judged, in a whole pipeline with all that lies about there: its resident memory less that of the pipeline with fewer streams, over the difference of their numbers',
    'message-us: processor time a message of a whole pipeline in a process of its own, from the socket to scores and incidents in a file',
    `lane-us: of the lane alone (align, normalise, step, decide, a score each), frames decoded before, ${BATCH} a turn`,
  ];
  return { bench: 'devices', machine: machine(), rows, notes };
}

async function memoryRows(model: string, engine: Engine, many: number): Promise<BenchRow[]> {
  const warm = await Fleet.open(model, { maxStreams: many }, engine);
  feed(warm, new Rounds(Math.ceil(many / 100)), 20 * Math.ceil(many / 100));
  warm.lane.close();
  const rounds = new Rounds(many);
  const before = await settledMemory();
  const fleet = await Fleet.open(model, { maxStreams: many }, engine);
  feed(fleet, rounds, 2 * many);
  const after = await settledMemory();
  if (fleet.lane.streams.length !== many) throw new Error(`${fleet.lane.streams.length} streams where ${many} sent`);
  fleet.lane.close();
  const row = (id: string, bytes: number): BenchRow => {
    const value = bytes / many - STATE_BYTES;
    return { id, value, unit: 'B', samples: [value] };
  };
  return [
    row('devices.bytes-per-stream', after.resident - before.resident),
    row('devices.held-bytes-per-stream', after.held - before.held),
  ];
}

/** The whole way of a message. */
async function messageRows(many: number, few: number, { repeats, windowMs }: Windows): Promise<BenchRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'kioku-bench-'));
  const crowds: Crowd[] = [];
  try {
    for (const devices of [many, few]) {
      const crowd = await Crowd.open(join(folder, String(devices)), devices);
      crowds.push(crowd);
      await crowd.warmUp(devices);
    }
    const us: number[][] = [[], []];
    for (let repeat = -1; repeat < repeats; repeat++) {
      for (const [i, crowd] of crowds.entries()) {
        const messageUs = await crowd.window(windowMs);
        if (repeat >= 0) us[i].push(messageUs);
      }
    }
    const [manyMiB, fewMiB] = await Promise.all(crowds.map(async (crowd) => (await crowd.tally()).rssMiB));
    const judgedBytes = ((manyMiB - fewMiB) * 2 ** 20) / (many - few) - STATE_BYTES;
    return [
      { id: 'devices.judged-bytes-per-stream', unit: 'B', value: judgedBytes, samples: [judgedBytes] },
      ratioRow('devices.cost-vs-1k', us[0], us[1]),
      medianRow('devices.message-us', 'µs', us[0]),
      medianRow('devices.message-us.1k', 'µs', us[1]),
    ];
  } finally {
    for (const crowd of crowds) await crowd.end();
    await rm(folder, { recursive: true });
  }
}

async function laneRows(model: string, engine: Engine, many: number, few: number): Promise<BenchRow[]> {
  const snapshot = await warmSnapshot(model, engine);
  const sides = [];
  for (const streams of [many, few]) {
    const fleet = await Fleet.open(model, { maxStreams: streams }, engine);
    for (let device = 0; device < streams; device++) {
      fleet.lane.restore({ ...snapshot, stream: streamOf(device) });
    }
    sides.push({ fleet, rounds: new Rounds(streams, WARM_UP_STEPS), us: [] as number[] });
  }
  const messages = Math.ceil(many / 2);
  for (let repeat = -1; repeat < LANE_REPEATS; repeat++) {
    for (const { fleet, rounds, us } of sides) {
      const spentUs = feed(fleet, rounds, messages);
      if (repeat >= 0) us.push(spentUs / messages);
    }
  }
  for (const { fleet } of sides) fleet.lane.close();
  const [manySide, fewSide] = sides;
  return [
    ratioRow('devices.lane-cost-vs-1k', manySide.us, fewSide.us),
    medianRow('devices.lane-us', 'µs', manySide.us),
    medianRow('devices.lane-us.1k', 'µs', fewSide.us),
  ];
}

/** A stream of which the decider knows what is normal: each restored one is judged from its first message. */
async function warmSnapshot(model: string, engine: Engine): Promise<Snapshot> {
  const fleet = await Fleet.open(model, { maxStreams: 1 }, engine);
  feed(fleet, new Rounds(1), WARM_UP_STEPS);
  const snapshot = fleet.lane.snapshot(streamOf(0));
  fleet.lane.close();
  return snapshot;
}

/** Messages of all devices, once a time step, in another random order each time. */
class Rounds {
  readonly #order: Int32Array;
  #position = 0;

  constructor(
    private readonly streams: number,
    private round = 0,
  ) {
    this.#order = Int32Array.from({ length: streams }, (_, device) => device);
  }

  next(): Message {
    if (this.#position === this.streams) {
      this.#position = 0;
      this.round++;
    }
    const { streams, round } = this;
    const at = this.#position++;
    // Fisher and Yates, one exchange a message.
    const from = at + Math.floor(uniform(1, round, at) * (streams - at));
    const device = this.#order[from];
    this.#order[from] = this.#order[at];
    this.#order[at] = device;
    const us = START_US + round * STEP_US + Math.floor((at * STEP_US) / streams / 1000) * 1000;
    return messageOf(device, us, calmValue(device, round));
  }
}

/** @returns processor time of the lane, of all threads of this process, in µs */
function feed(fleet: Fleet, rounds: Rounds, messages: number): number {
  let laneUs = 0;
  for (let left = messages; left > 0; left -= BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, left) }, () => rounds.next());
    const frames = fleet.decode(batch);
    const start = processorUs();
    fleet.take(frames);
    laneUs += processorUs() - start;
  }
  return laneUs;
}

function processorUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
