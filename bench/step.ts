/**
 * What a step costs: an LSTM of 64 by kioku and by others, one stream and 256 streams; what a lane adds around the net;
 * what a backlog saves by going several steps a run. Processor time of the process, sides in turn, medians.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine } from '../src/core/contracts.js';
import { silentLog } from '../src/core/log.js';
import { DEFAULT_RUNTIME } from '../src/core/runtime.js';
import { stepModelOf } from '../src/step/card-file.js';
import { openEngine } from '../src/step/open-engine.js';
import { gateRows } from '../src/train/net-spec.js';
import { kiokuModel, writeModel } from '../test/support/step-model.js';
import { type BenchOptions, type BenchResult, type BenchRow, machine, medianRow, ratioRow } from './report.js';
import { BLOCK, fedSide, GEMM_SIDE, gemmSide, laneSide, STREAMS } from './support/batch-sides.js';
import { loopSide, ortWebSide, tfjsSide } from './support/step-peers.js';
import { boundSide, kiokuSide, ortNodeSide, SPEC, type Side } from './support/step-sides.js';
import { Torch } from './support/torch.js';

const CHUNK_STEPS = 32;

interface Setting {
  readonly repeats: number;
  /** Steps of one stream in a sample; a peer that is for orientation takes a tenth. */
  readonly steps: number;
}

export async function run({ smoke }: BenchOptions): Promise<BenchResult> {
  const setting: Setting = smoke ? { repeats: 3, steps: 40 } : { repeats: 25, steps: 4000 };
  const folder = await mkdtemp(join(tmpdir(), 'kioku-bench-'));
  const notes: string[] = [
    `LSTM ${SPEC.hidden}, ${SPEC.inputs} inputs, ${SPEC.channels} outputs, the same weights on all sides; µs of processor time`,
    'ort-node: run() of onnxruntime-node, one thread; bound-run: a loop over two bindings of the C API, made by hand',
    `vs-gemm: per stream and step, over its matrix products alone at the rate of a ${GEMM_SIDE} x ${GEMM_SIDE} product in the same run`,
    'lane-vs-engine: readings of streams by name through a lane with the least of feature and decider, over the step of the net alone, whose inputs lie there',
    'lane-vs-fed: the same over a loop that writes the readings into the net, steps it and takes the outputs',
  ];
  try {
    const engine = await openEngine(DEFAULT_RUNTIME, silentLog);
    // Before the peers that are WebAssembly: once their memory has grown, every access to any typed array of the process
    // asks first whether its buffer was detached.
    const batches = [...(await batchRows(engine, folder, setting)), ...(await chunkRows(engine, folder, setting))];
    const singles = await singleRows(engine, folder, setting, notes);
    return { bench: 'step', machine: machine(), rows: [...singles, ...batches], notes };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Processor time, µs a step. */
async function cost(side: Side, steps: number): Promise<number> {
  await side.begin?.();
  const before = process.cpuUsage();
  for (let i = 0; i < steps; i++) {
    const step = side.step();
    if (step !== undefined) await step;
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / steps;
}

/** One stream: everybody, the two peers with a bar beside kioku in every round. */
async function singleRows(engine: Engine, folder: string, setting: Setting, notes: string[]): Promise<BenchRow[]> {
  const model = kiokuModel(SPEC);
  const path = await writeModel(join(folder, 'single'), model);
  const sides = [
    await kiokuSide('kioku', engine, path, model, 1),
    boundSide(model.onnx),
    await ortNodeSide(model.onnx),
    loopSide(),
    ...(await optional(notes, () => ortWebSide(model.onnx))),
    ...(await optional(notes, () => tfjsSide('wasm'))),
    ...(await optional(notes, () => tfjsSide('cpu'))),
  ];
  const torch = await Torch.start('step-torch.py', [SPEC.inputs, SPEC.hidden, SPEC.channels]);
  if (torch === undefined) notes.push('step.b1.torch is absent: there is no PyTorch (apt-get install python3-torch)');
  await assertAlike(sides);
  const barred = new Set(['kioku', 'bound-run', 'ort-node']);
  const stepsOf = ({ name }: Side): number => (barred.has(name) ? setting.steps : Math.ceil(setting.steps / 10));
  const samples = new Map(sides.map((side): [string, number[]] => [side.name, []]));
  const torchUs: number[] = [];
  for (const side of sides) await cost(side, stepsOf(side));
  await torch?.measure(setting.steps / 10);
  for (let repeat = 0; repeat < setting.repeats; repeat++) {
    for (const side of sides) samples.get(side.name)?.push(await cost(side, stepsOf(side)));
    if (torch) torchUs.push(await torch.measure(setting.steps / 10));
  }
  torch?.close();
  for (const side of sides) await side.close();
  const of = (name: string): number[] => samples.get(name) ?? [];
  return [
    ...sides.map(({ name }) => medianRow(`step.b1.${name}`, 'µs', of(name))),
    ...(torch ? [medianRow('step.b1.torch', 'µs', torchUs)] : []),
    ratioRow('step.b1.vs-ort-node', of('kioku'), of('ort-node')),
    ratioRow('step.b1.vs-bound-run', of('kioku'), of('bound-run')),
  ];
}

/** A peer that cannot be had is noted and left out. */
async function optional(notes: string[], open: () => Promise<Side>): Promise<Side[]> {
  try {
    return [await open()];
  } catch (error) {
    notes.push(`a peer is absent: ${error instanceof Error ? error.message : String(error)}`);
    return [];
  }
}

/** Nobody is compared who computes something else. */
async function assertAlike(sides: readonly Side[]): Promise<void> {
  for (const side of sides) {
    await side.begin?.();
    await side.step();
    await side.step();
  }
  const [kioku, ...others] = sides;
  for (const other of others) {
    for (let i = 0; i < SPEC.channels; i++) {
      const difference = Math.abs(kioku.output()[i] - other.output()[i]);
      if (!(difference < 1e-4)) throw new Error(`${other.name} gives another output, by ${difference}`);
    }
  }
}

/**
 * 256 streams: the net alone, fed by a loop, and in a lane; and the products of matrices that the machine would allow.
 */
async function batchRows(engine: Engine, folder: string, { repeats, steps }: Setting): Promise<BenchRow[]> {
  const model = kiokuModel(SPEC);
  const path = await writeModel(join(folder, 'batch'), model);
  const net = await kiokuSide('engine', engine, path, model, STREAMS);
  const fed = await fedSide(engine, path, model);
  const lane = await laneSide(engine, path, model);
  const gemm = await gemmSide(engine);
  const samples = { net: [] as number[], fed: [] as number[], lane: [] as number[], gflops: [] as number[] };
  const blocks = Math.max(2, Math.ceil(steps / 1000));
  for (let repeat = -1; repeat < repeats; repeat++) {
    let [netUs, fedUs, laneUs] = [0, 0, 0];
    for (let block = 0; block < blocks; block++) {
      netUs += (await cost(net, BLOCK)) / blocks;
      fedUs += (await cost(fed, BLOCK)) / blocks;
      laneUs += (await cost(lane, BLOCK)) / blocks;
    }
    const gflops = (2 * STREAMS * GEMM_SIDE ** 2) / (await cost(gemm, 4)) / 1000;
    if (repeat < 0) continue;
    samples.net.push(netUs / STREAMS);
    samples.fed.push(fedUs / STREAMS);
    samples.lane.push(laneUs / STREAMS);
    samples.gflops.push(gflops);
  }
  for (const side of [net, fed, lane, gemm]) await side.close();
  const { inputs: I, hidden: H, channels: C } = SPEC;
  const operations = 2 * (gateRows(SPEC) * (I + H) + H * C);
  const productsUs = samples.gflops.map((gflops) => operations / gflops / 1000);
  return [
    medianRow('step.b256.kioku', 'µs', samples.net),
    medianRow('step.b256.fed', 'µs', samples.fed),
    medianRow('step.b256.lane', 'µs', samples.lane),
    medianRow('step.gemm-rate', 'GFLOP/s', samples.gflops),
    ratioRow('step.b256.vs-gemm', samples.net, productsUs),
    ratioRow('step.lane-vs-engine', samples.lane, samples.net),
    ratioRow('step.lane-vs-fed', samples.lane, samples.fed),
  ];
}

/** One stream with a backlog, in the form of a model for few streams. */
async function chunkRows(engine: Engine, folder: string, { repeats, steps }: Setting): Promise<BenchRow[]> {
  const model = kiokuModel(SPEC, 'fused');
  const path = await writeModel(join(folder, 'chunk'), model);
  const net = await engine.open(stepModelOf(path, model.card), 1);
  net.open(0, 'stream');
  const slot = Int32Array.of(0);
  const single = sideOf('single', () => {
    for (let t = 0; t < CHUNK_STEPS; t++) net.step(slot, 1);
  });
  const chunk = sideOf('chunk', () => net.step(slot, 1, CHUNK_STEPS));
  const samples = { single: [] as number[], chunk: [] as number[] };
  const rounds = Math.ceil(steps / CHUNK_STEPS);
  for (let repeat = -1; repeat < repeats; repeat++) {
    const singleUs = (await cost(single, rounds)) / CHUNK_STEPS;
    const chunkUs = (await cost(chunk, rounds)) / CHUNK_STEPS;
    if (repeat < 0) continue;
    samples.single.push(singleUs);
    samples.chunk.push(chunkUs);
  }
  net.close();
  return [
    medianRow('step.chunk.single', 'µs', samples.single),
    medianRow('step.chunk.kioku', 'µs', samples.chunk),
    ratioRow('step.chunk-vs-single', samples.chunk, samples.single),
  ];
}

/** A side whose output nobody compares. */
function sideOf(name: string, step: () => void): Side {
  return { name, step, output: () => [], close: () => {} };
}
