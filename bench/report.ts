/** What every benchmark gets and gives back, and how it is printed. Ratios are the message: peers run interleaved, same machine. */
import { arch, cpus, loadavg, platform, totalmem } from 'node:os';
import { median } from '../src/core/median.js';

/** A benchmark is `bench/NAME.ts` that exports `run: Bench`. */
export type Bench = (options: BenchOptions) => Promise<BenchResult>;

export interface BenchOptions {
  /** The same code with about a hundredth of the work: shows that it runs and which rows it gives. Its figures mean nothing. */
  readonly smoke: boolean;
}

export interface BenchRow {
  /** `bench.what`, such as `train.vs-torch`. */
  readonly id: string;
  /** Median of the samples, or what its unit says. */
  readonly value: number;
  /** `ms`, `1` for a ratio, … */
  readonly unit: string;
  readonly samples: readonly number[];
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly platform: string;
  readonly node: string;
  /** Mean number of runnable processes over the last minute, at the end of the run. */
  readonly load: number;
}

export interface BenchResult {
  readonly bench: string;
  readonly machine: Machine;
  readonly rows: readonly BenchRow[];
  /** Why a row is absent, and what a reader must know about the figures. */
  readonly notes: readonly string[];
}

export function machine(): Machine {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    platform: `${platform()} ${arch()}`,
    node: process.version,
    load: loadavg()[0],
  };
}

/** A row whose value is the median of its samples. */
export function medianRow(id: string, unit: string, samples: readonly number[]): BenchRow {
  return { id, value: median(samples), unit, samples };
}

/**
 * How a side compares with its peer: the ratio of their medians.
 *
 * @param ours samples of ours, each taken next to the one of `theirs` with the same index
 */
export function ratioRow(id: string, ours: readonly number[], theirs: readonly number[]): BenchRow {
  const samples = ours.map((value, i) => value / theirs[i]);
  return { id, value: median(ours) / median(theirs), unit: '1', samples };
}

/** Value and unit, such as `1,020 B`; a ratio has no unit. */
export function amount({ value, unit }: BenchRow): string {
  return unit === '1' ? digits(value) : `${digits(value)} ${unit}`;
}

/** Smallest and largest sample. */
export function range({ samples }: BenchRow): string {
  return `${digits(Math.min(...samples))} … ${digits(Math.max(...samples))}`;
}

/** Three significant digits, without an exponent. */
function digits(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString('en', { maximumSignificantDigits: 3 });
}
