/**
 * What it costs that a net goes on learning: time steps of one stream through a whole lane, with `online` and without, in
 * turns. Learning is where the lane runs, as in a replay; live it is in a thread, and costs the lane only the new net.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from '../src/config/load.js';
import type { Engine, Frame, Lane } from '../src/core/contracts.js';
import { silentLog } from '../src/core/log.js';
import { normal } from '../src/core/random.js';
import { DEFAULT_RUNTIME } from '../src/core/runtime.js';
import { openLane } from '../src/open-lane.js';
import { contextOf } from '../src/stage-context.js';
import { openEngine } from '../src/step/open-engine.js';
import { stepFormFor } from '../src/train/inference-graphs.js';
import { GRU, kiokuModel, writeModel } from '../test/support/step-model.js';
import { type BenchOptions, type BenchResult, machine, medianRow, ratioRow } from './report.js';

const SIGNAL = { kind: 'channels', names: ['c0', 'c1'], stepUs: 0 } as const;
const FIRST_US = 1_700_000_000_000_000;
/** Until updates begin, and the code is compiled. */
const WARM_UP_ROWS = 1024;

/** A lane of which always the same stream goes on. */
class Side {
  #row = 0;

  constructor(private readonly lane: Lane) {}

  /** @returns processor time, µs a row */
  costUs(rows: number): number {
    const frames = Array.from({ length: rows }, () => frameOf(this.#row++));
    const start = process.cpuUsage();
    this.lane.push(frames);
    this.lane.turn();
    const { user, system } = process.cpuUsage(start);
    return (user + system) / rows;
  }

  close(): void {
    this.lane.close();
  }
}

export async function run({ smoke }: BenchOptions): Promise<BenchResult> {
  const [rounds, rows] = smoke ? [1, 64] : [15, 2048];
  const folder = await mkdtemp(join(tmpdir(), 'kioku-bench-'));
  const spec = { ...GRU, hidden: 32 };
  const engine = await openEngine(DEFAULT_RUNTIME, silentLog);
  await writeModel(join(folder, 'model'), kiokuModel(spec, stepFormFor(spec, 1)));
  const [off, on] = [await open(folder, engine), await open(folder, engine, {})];
  try {
    const samples: { off: number[]; on: number[] } = { off: [], on: [] };
    for (let round = -1; round < rounds; round++) {
      const [offUs, onUs] = [off, on].map((side) => side.costUs(round < 0 ? WARM_UP_ROWS : rows));
      if (round < 0) continue;
      samples.off.push(offUs);
      samples.on.push(onUs);
    }
    return {
      bench: 'online',
      machine: machine(),
      rows: [
        medianRow('online.row', 'µs', samples.on),
        medianRow('online.row-off', 'µs', samples.off),
        ratioRow('online.vs-off', samples.on, samples.off),
      ],
      notes: ['GRU 32, two channels, one stream, the options of `online: {}`: an update every 8 rows'],
    };
  } finally {
    off.close();
    on.close();
    await rm(folder, { recursive: true });
  }
}

async function open(folder: string, engine: Engine, online?: object): Promise<Side> {
  const source = { kind: 'replay', files: 'none.csv' };
  const value = { model: 'model', source, sinks: [], ...(online === undefined ? {} : { online }) };
  const config = await defineConfig(value, join(folder, 'bench.yaml'));
  return new Side(await openLane(config, engine, contextOf(config)));
}

function frameOf(row: number): Frame {
  const us = FIRST_US + row * 1_000_000;
  const data = Float64Array.of(Math.sin(row / 9) + 0.1 * normal(1, 0, row), normal(1, 1, row));
  return { stream: 'a', source: 0, seq: row + 1, us, arrivedUs: us, signal: SIGNAL, data };
}
