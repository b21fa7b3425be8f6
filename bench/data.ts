/**
 * Training on more data than memory may hold: the peak memory of a process that learns from some data and from four times
 * as much, and what reading from the temporary file costs in processor time, over keeping everything in memory.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BenchOptions, type BenchResult, machine, medianRow, ratioRow } from './report.js';
import { Conversation } from './support/conversation.js';
import type { LearntLarge } from './support/learn-large.js';

/** Values a time step. */
const CHANNELS = 16;
const ROUNDS = 3;

export async function run({ smoke }: BenchOptions): Promise<BenchResult> {
  // 20 million values: 190 MB as they are gathered, three times the limit. Of a smoke, the same at a thousandth.
  const steps = smoke ? 1250 : 1_250_000;
  const memoryMb = smoke ? 0.064 : 64;
  const inMemory: LearntLarge[] = [];
  const spilled: LearntLarge[] = [];
  for (let round = 0; round < (smoke ? 1 : ROUNDS); round++) {
    inMemory.push(await learnLarge(steps, 4096));
    spilled.push(await learnLarge(steps, memoryMb));
  }
  const fourfold = await learnLarge(4 * steps, memoryMb);
  if (new Set([...inMemory, ...spilled].map(({ sha256 }) => sha256)).size > 1) {
    throw new Error('the model depends on where its data was');
  }
  const peaks = spilled.map(({ peakMiB }) => peakMiB);
  return {
    bench: 'data',
    machine: machine(),
    rows: [
      medianRow(
        'data.peak-in-memory',
        'MiB',
        inMemory.map(({ peakMiB }) => peakMiB),
      ),
      medianRow('data.peak', 'MiB', peaks),
      medianRow('data.peak-of-fourfold', 'MiB', [fourfold.peakMiB]),
      ratioRow('data.fourfold-vs-peak', [fourfold.peakMiB], [medianRow('data.peak', 'MiB', peaks).value]),
      ratioRow('data.spilled-vs-in-memory', secondsOf(spilled), secondsOf(inMemory)),
    ],
    notes: [
      `${steps * CHANNELS} values of ${CHANNELS} channels, gathered, learnt (GRU of 16 units, two epochs) and calibrated; ` +
        `train.memoryMb ${memoryMb}, fourfold: four times as many values; memory is that of the whole process, Node's own included`,
    ],
  };
}

function secondsOf(all: readonly LearntLarge[]): number[] {
  return all.map(({ cpuSeconds }) => cpuSeconds);
}

/** In a process of its own, whose memory nobody else has used. */
async function learnLarge(steps: number, memoryMb: number): Promise<LearntLarge> {
  const folder = await mkdtemp(join(tmpdir(), 'kioku-bench-data-'));
  try {
    return await new Conversation('learn-large', [String(steps), String(CHANNELS), String(memoryMb), folder]).hear();
  } finally {
    await rm(folder, { recursive: true });
  }
}
