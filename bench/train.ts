/**
 * A full training step (LSTM in 8, H 64, B 32, T 64, linear head on every step, MSE, clipping, Adam; one thread) against
 * PyTorch on the CPU. Both alternate in blocks, so that what else the machine does falls on both.
 */
import { normal } from '../src/core/random.js';
import { allocateBatch, type BatchSource } from '../src/train/batches.js';
import type { NetSpec } from '../src/train/net-spec.js';
import { Trainer } from '../src/train/trainer.js';
import { type BenchOptions, type BenchResult, type BenchRow, machine, medianRow, ratioRow } from './report.js';
import { PYTHON, Torch } from './support/torch.js';

const SPEC: NetSpec = {
  cell: 'lstm',
  inputs: 8,
  hidden: 64,
  layers: 1,
  channels: 8,
  objective: 'mse',
  dropout: 0,
  skip: false,
};
const ROWS = 32;
const STEPS = 64;
const REPEATS = 9;
/** Optimiser steps a sample; the first block of each side is not counted. */
const BLOCK = 20;

const ABSENT = `train.vs-torch is absent: ${PYTHON} has no PyTorch on OpenBLAS (apt-get install python3-torch libopenblas0-pthread)`;

export async function run({ smoke }: BenchOptions): Promise<BenchResult> {
  const block = smoke ? 1 : BLOCK;
  const repeats = smoke ? 2 : REPEATS;
  const kioku = new Kioku();
  const torch = await startTorch();
  const kiokuMs: number[] = [];
  const torchMs: number[] = [];
  kioku.measure(block);
  await torch?.measure(block);
  for (let repeat = 0; repeat < repeats; repeat++) {
    kiokuMs.push(kioku.measure(block));
    if (torch) torchMs.push(await torch.measure(block));
  }
  kioku.close();
  torch?.close();
  const rows: BenchRow[] = [medianRow('train.kioku-step', 'ms', kiokuMs)];
  if (!torch) return result(rows, [ABSENT]);
  rows.push(medianRow('train.torch-step', 'ms', torchMs), ratioRow('train.vs-torch', kiokuMs, torchMs));
  return result(rows, [`PyTorch ${torch.about[0]} on OpenBLAS, one thread, denormals flushed to zero`]);
}

function result(rows: readonly BenchRow[], notes: readonly string[]): BenchResult {
  return { bench: 'train', machine: machine(), rows, notes };
}

/** @returns undefined where there is no PyTorch, or none that is fast enough to be a peer */
async function startTorch(): Promise<Torch | undefined> {
  const torch = await Torch.start('train-torch.py', [SPEC.inputs, SPEC.hidden, ROWS, STEPS]);
  if (torch === undefined || torch.about[1] === 'openblas') return torch;
  torch.close();
  return undefined;
}

class Kioku {
  readonly #trainer: Trainer;

  constructor() {
    const source: BatchSource = {
      length: STEPS,
      lanes: ROWS,
      inputs: SPEC.inputs,
      channels: SPEC.channels,
      perEpoch: 1,
      fill: () => {},
    };
    const batch = allocateBatch(source);
    for (let i = 0; i < batch.x.length; i++) batch.x[i] = normal(1, 0, i);
    for (let i = 0; i < batch.target.length; i++) batch.target[i] = normal(1, 1, i);
    batch.weight.fill(1);
    batch.counted = batch.weight.length;
    batch.restart.fill(1);
    this.#trainer = new Trainer(SPEC, source, batch, { clipNorm: 1, weightDecay: 0, seed: 1 });
  }

  /** Milliseconds a step. */
  measure(steps: number): number {
    const start = performance.now();
    for (let step = 0; step < steps; step++) this.#trainer.step(1e-3);
    return (performance.now() - start) / steps;
  }

  close(): void {
    this.#trainer.close();
  }
}
