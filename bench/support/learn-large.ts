/** A process that learns from so much data, and says what it took: `learn-large.ts STEPS CHANNELS MEMORY_MB FOLDER`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from '../../src/config/load.js';
import type { Frame } from '../../src/core/contracts.js';
import { Gatherer, spillOptions } from '../../src/gather.js';
import { learn } from '../../src/learn.js';
import { contextOf } from '../../src/stage-context.js';
import { openEngine } from '../../src/step/open-engine.js';

export interface LearntLarge {
  readonly peakMiB: number;
  /** Of the whole process, its start included. */
  readonly cpuSeconds: number;
  readonly sha256: string;
}

const STEP_US = 1_000_000;
const START_US = 1_700_000_000 * STEP_US;
const FRAMES_A_PUSH = 1000;

const [steps, channels, memoryMb] = process.argv.slice(2, 5).map(Number);
const folder = process.argv[5];
const names = Array.from({ length: channels }, (_, c) => `c${c}`);

const config = await defineConfig(
  {
    source: { kind: 'replay', files: 'none.csv' },
    align: { stepMs: STEP_US / 1000, channels: names.map((name) => ({ name })) },
    model: join(folder, 'model'),
    train: { memoryMb, hidden: 16, sequenceLength: 64, lanes: 64, maxEpochs: 2, maxSeconds: 1e6 },
  },
  join(folder, 'data.yaml'),
);
const context = contextOf(config);
const gatherer = new Gatherer(config.align, 1, context.counters, spillOptions(config));
for (let from = 0; from < steps; from += FRAMES_A_PUSH) {
  gatherer.push(Array.from({ length: Math.min(FRAMES_A_PUSH, steps - from) }, (_, i) => reading(from + i)));
}
const gathered = gatherer.finish();
const { card } = await learn(config, gathered, { engine: await openEngine(config.runtime, context.log), context });
gathered.close();
const { userCPUTime, systemCPUTime } = process.resourceUsage();
const learnt: LearntLarge = {
  peakMiB: peakMiB(),
  cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
  sha256: card.modelSha256,
};
process.send?.(learnt, undefined, undefined, () => process.disconnect());

/** Swings of different lengths. */
function reading(step: number): Frame {
  const us = START_US + step * STEP_US;
  const data = Float64Array.from(names, (_, c) => Math.sin(step / (5 + c)));
  const signal = { kind: 'channels', names, stepUs: 0 } as const;
  return { stream: 'plant', source: 0, seq: step + 1, us, arrivedUs: us, signal, data };
}

/** `maxRSS` of `process.resourceUsage()` is, on Linux, at least what the parent process had when it started this one. */
function peakMiB(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS / 1024;
  const kibibytes = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return Number(kibibytes) / 1024;
}
