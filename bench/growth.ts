/**
 * How the cost of a step grows: with the width of the net, its layers and the number of streams that go together; and the
 * rate at which this machine copies memory, which bounds nets that do not fit its caches. LSTM, one thread, processor time.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine, Net } from '../src/core/contracts.js';
import { silentLog } from '../src/core/log.js';
import { uniform } from '../src/core/random.js';
import { DEFAULT_RUNTIME } from '../src/core/runtime.js';
import { stepModelOf } from '../src/step/card-file.js';
import { openEngine } from '../src/step/open-engine.js';
import { stepFormFor } from '../src/train/inference-graphs.js';
import { kiokuModel, writeModel } from '../test/support/step-model.js';
import { type BenchOptions, type BenchResult, type BenchRow, machine, medianRow } from './report.js';

const HIDDEN = [16, 32, 64, 128, 256];
const LAYERS = [1, 2, 3, 4];
const STREAMS = [1, 4, 16, 64, 256, 1024, 4096, 16_384];
/** Streams for which the width and the layers are varied. */
const ALONE_AND_TOGETHER = [1, 256];
/** Larger than any cache. */
const COPIED_BYTES = 128 * 2 ** 20;

interface Setting {
  readonly rounds: number;
  /** Of one case in one round. */
  readonly ms: number;
  readonly copiedBytes: number;
}

/** A net all of whose streams take a step at a time. */
interface Case {
  readonly id: string;
  readonly net: Net;
  readonly slots: readonly Int32Array[];
  readonly streams: number;
  readonly samplesUs: number[];
}

export async function run({ smoke }: BenchOptions): Promise<BenchResult> {
  const setting: Setting = smoke
    ? { rounds: 1, ms: 1, copiedBytes: 2 ** 20 }
    : { rounds: 9, ms: 20, copiedBytes: COPIED_BYTES };
  const folder = await mkdtemp(join(tmpdir(), 'kioku-bench-'));
  const cases: Case[] = [];
  try {
    const engine = await openEngine(DEFAULT_RUNTIME, silentLog);
    const add = async (id: string, hidden: number, layers: number, streams: number): Promise<void> => {
      cases.push(await openCase(engine, join(folder, id), { id, hidden, layers, streams }));
    };
    for (const streams of ALONE_AND_TOGETHER) {
      for (const hidden of HIDDEN) await add(`growth.b${streams}.hidden-${hidden}`, hidden, 1, streams);
      for (const layers of LAYERS) await add(`growth.b${streams}.layers-${layers}`, 64, layers, streams);
    }
    for (const streams of STREAMS) await add(`growth.streams-${streams}`, 64, 1, streams);
    const copied: number[] = [];
    const from = new Uint8Array(setting.copiedBytes).fill(1);
    const to = new Uint8Array(setting.copiedBytes).fill(2);
    for (let round = -1; round < setting.rounds; round++) {
      for (const one of cases) {
        const us = costUs(one, setting.ms);
        if (round >= 0) one.samplesUs.push(us);
      }
      const rate = copyRate(from, to);
      if (round >= 0) copied.push(rate);
    }
    const rows: BenchRow[] = [
      ...cases.map(({ id, samplesUs }) => medianRow(id, 'µs', samplesUs)),
      medianRow('growth.memory-copy', 'GB/s', copied),
    ];
    const notes = [
      'growth: µs of processor time per stream and step of an LSTM with 2 inputs (hidden: of 1 layer; layers and streams: of 64 units)',
      'memory-copy: bytes copied from one large array to another, a second; each is read once and written once',
    ];
    return { bench: 'growth', machine: machine(), rows, notes };
  } finally {
    for (const { net } of cases) net.close();
    await rm(folder, { recursive: true });
  }
}

async function openCase(
  engine: Engine,
  folder: string,
  { id, hidden, layers, streams }: { id: string; hidden: number; layers: number; streams: number },
): Promise<Case> {
  const model = kiokuModel(
    { cell: 'lstm', inputs: 2, hidden, layers, channels: 2, objective: 'gaussian', dropout: 0, skip: true },
    stepFormFor({ cell: 'lstm' }, streams),
  );
  const net = await engine.open(stepModelOf(await writeModel(folder, model), model.card), streams);
  for (let slot = 0; slot < streams; slot++) net.open(slot, String(slot));
  for (const values of Object.values(net.input)) for (let i = 0; i < values.length; i++) values[i] = uniform(1, 0, i);
  const slots: Int32Array[] = [];
  for (let from = 0; from < streams; from += net.rows) {
    slots.push(Int32Array.from({ length: Math.min(net.rows, streams - from) }, (_, i) => from + i));
  }
  return { id, net, slots, streams, samplesUs: [] };
}

/** Processor time of one step of one stream. @param ms for which it is measured, at least */
function costUs({ net, slots, streams }: Case, ms: number): number {
  const before = process.cpuUsage();
  let rounds = 0;
  for (;;) {
    for (const some of slots) net.step(some, some.length);
    rounds++;
    // Not more often than needed: the clock costs as much as a small net.
    if (rounds * streams < 64) continue;
    const { user, system } = process.cpuUsage(before);
    if (user + system >= ms * 1000) return (user + system) / rounds / streams;
  }
}

/** GB/s of processor time */
function copyRate(from: Uint8Array, to: Uint8Array): number {
  const before = process.cpuUsage();
  to.set(from);
  const { user, system } = process.cpuUsage(before);
  return from.length / 1000 / (user + system);
}
