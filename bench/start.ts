/**
 * How long it takes from the start of the process to the first event on its standard output: `kioku run` as it is installed
 * (the compiled files), with a model that was just trained and a recording that it reads. Node's own start, `node -e 0`, is
 * measured in turns with it and taken off.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from '../src/core/median.js';
import { normal } from '../src/core/random.js';
import build, { ROOT } from '../test/support/build.js';
import { type BenchOptions, type BenchResult, machine, medianRow } from './report.js';

const REPEATS = 15;
const KIOKU = join(ROOT, 'dist/cli/main.js');
const CONFIGURATION = {
  name: 'start',
  source: { kind: 'replay', files: 'machine.csv' },
  decode: { kind: 'json', channels: { value: 'value' }, time: { field: 'timestamp' } },
  align: { stepMs: 60_000, channels: [{ name: 'value', aggregate: 'mean' }] },
  model: 'model',
  train: { hidden: 32, maxEpochs: 3 },
  decide: { kind: 'anomaly', scores: true },
  sinks: [{ kind: 'console', scores: true }],
};
const MINUTES = { learnt: 3000, watched: 100 };

export async function run({ smoke }: BenchOptions): Promise<BenchResult> {
  build();
  const folder = await mkdtemp(join(tmpdir(), 'kioku-bench-'));
  try {
    const config = join(folder, 'start.yaml');
    // A stream is named like its file: the same for what is learnt and what is watched.
    const data = join(folder, 'machine.csv');
    await writeFile(config, JSON.stringify(CONFIGURATION));
    await writeFile(data, recording(0, MINUTES.learnt));
    await seconds([KIOKU, 'train', config], 'end');
    await writeFile(data, recording(MINUTES.learnt, MINUTES.watched));
    const nodeSeconds: number[] = [];
    const kiokuSeconds: number[] = [];
    for (let repeat = smoke ? 0 : -1; repeat < (smoke ? 1 : REPEATS); repeat++) {
      const node = await seconds(['-e', '0'], 'end');
      const kioku = await seconds([KIOKU, 'run', config], 'output');
      // The first round fills the caches of the disk.
      if (repeat < 0) continue;
      nodeSeconds.push(node);
      kiokuSeconds.push(kioku);
    }
    const rows = [
      medianRow('start.node-seconds', 's', nodeSeconds),
      medianRow('start.first-event-seconds', 's', kiokuSeconds),
      {
        id: 'start.seconds',
        value: median(kiokuSeconds) - median(nodeSeconds),
        unit: 's',
        samples: kiokuSeconds.map((kioku, i) => kioku - nodeSeconds[i]),
      },
    ];
    const notes = [
      'start: a score of a GRU of 32 units on standard output; start.seconds is without the start of Node',
    ];
    return { bench: 'start', machine: machine(), rows, notes };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** @returns seconds until Node, with these arguments, has printed something or has ended */
async function seconds(args: readonly string[], until: 'output' | 'end'): Promise<number> {
  const start = performance.now();
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let firstMs: number | undefined;
  let complaints = '';
  child.stdout.on('data', () => (firstMs ??= performance.now()));
  child.stderr.on('data', (text: Buffer) => (complaints += text.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  const endMs = until === 'end' ? performance.now() : firstMs;
  if (code !== 0 || endMs === undefined) throw new Error(`node ${args.join(' ')} failed (${code}):\n${complaints}`);
  return (endMs - start) / 1000;
}

/** A value a minute that swings, and noise. */
function recording(fromMinute: number, minutes: number): string {
  const rows = Array.from({ length: minutes }, (_, i) => {
    const minute = fromMinute + i;
    const time = new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString();
    return `${time},${(Math.sin(minute / 10) + 0.1 * normal(1, 0, minute)).toFixed(4)}`;
  });
  return ['timestamp,value', ...rows, ''].join('\n');
}
