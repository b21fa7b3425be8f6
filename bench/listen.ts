/**
 * What a recogniser does to the process that it runs in: how long the event loop is held up while two streams are
 * recognised in real time by a model of real size, and what 30 minutes of audio at full speed do to its memory.
 */
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from '../src/config/load.js';
import { silentLog } from '../src/core/log.js';
import { uniform } from '../src/core/random.js';
import { Pipeline } from '../src/pipeline.js';
import { REAL_LSTM, writeLstmTransducer } from '../test/support/speech-models/models.js';
import { type BenchOptions, type BenchResult, type BenchRow, machine } from './report.js';

const RATE_HZ = 16_000;
const STREAMS = 2;
const LIVE_SECONDS = 20;
const LONG_SECONDS = 30 * 60;
const LOOP_TICK_MS = 5;
const MEMORY_TICK_MS = 200;

export async function run({ smoke }: BenchOptions): Promise<BenchResult> {
  const longSeconds = smoke ? 20 : LONG_SECONDS;
  const liveSeconds = smoke ? 1 : LIVE_SECONDS;
  const folder = await mkdtemp(join(tmpdir(), 'kioku-bench-'));
  try {
    // First, because memory that the large model leaves behind would hide what grows.
    const rows = [
      ...(await long(folder, longSeconds)),
      ...(await live(folder, liveSeconds, smoke ? undefined : REAL_LSTM)),
    ];
    const notes = [
      `loop delay: lateness of a ${LOOP_TICK_MS} ms timer while ${STREAMS} streams of ${liveSeconds} s go through the 12-layer model at the speed of a microphone`,
      `memory: resident size over the second half of ${longSeconds} s at full speed (small model), highest against the highest of the first half`,
    ];
    return { bench: 'listen', machine: machine(), rows, notes };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function live(folder: string, seconds: number, size: typeof REAL_LSTM | undefined): Promise<BenchRow[]> {
  await writeLstmTransducer(join(folder, 'real'), size);
  const files = await Promise.all(
    Array.from({ length: STREAMS }, (_, i) => writeSound(join(folder, `room-${i}.wav`), seconds, i)),
  );
  const delaysMs: number[] = [];
  let lastMs = performance.now();
  const source = { kind: 'audio-files', files, speed: 1, parallel: true };
  const started = performance.now();
  await transcribe(join(folder, 'real'), source, LOOP_TICK_MS, () => {
    const nowMs = performance.now();
    delaysMs.push(Math.max(0, nowMs - lastMs - LOOP_TICK_MS));
    lastMs = nowMs;
  });
  const tookSeconds = (performance.now() - started) / 1000;
  const sorted = delaysMs.toSorted((a, b) => a - b);
  return [
    row('listen.loop-delay-p99-ms', 'ms', sorted[Math.floor(0.99 * sorted.length)]),
    row('listen.seconds-per-second', '1', tookSeconds / seconds),
  ];
}

async function long(folder: string, audioSeconds: number): Promise<BenchRow[]> {
  await writeLstmTransducer(join(folder, 'tiny'));
  const file = await writeSound(join(folder, 'long.wav'), audioSeconds, 0);
  const bytes: number[] = [];
  const started = performance.now();
  const source = { kind: 'audio-files', files: file };
  await transcribe(join(folder, 'tiny'), source, MEMORY_TICK_MS, () => {
    bytes.push(process.memoryUsage().rss);
  });
  const seconds = (performance.now() - started) / 1000;
  const half = Math.floor(bytes.length / 2);
  const ratio = Math.max(...bytes.slice(half)) / Math.max(...bytes.slice(0, half));
  return [
    row('listen.memory-ratio', '1', ratio),
    row('listen.memory-mib', 'MiB', Math.max(...bytes) / 2 ** 20),
    row('listen.speed', '1', audioSeconds / seconds),
  ];
}

function row(id: string, unit: string, value: number): BenchRow {
  return { id, unit, value, samples: [value] };
}

async function transcribe(model: string, source: object, tickMs: number, tick: () => void): Promise<void> {
  const config = await defineConfig({ model, source, decide: { kind: 'transcribe' }, sinks: [] });
  const pipeline = new Pipeline(config, { log: silentLog });
  const ticking = setInterval(tick, tickMs);
  try {
    await pipeline.run(new AbortController().signal);
  } finally {
    clearInterval(ticking);
  }
}

/** 16-bit mono WAV of bursts of a wandering tone, written a second at a time. @returns `path` */
async function writeSound(path: string, seconds: number, stream: number): Promise<string> {
  const file = await open(path, 'w');
  const bytes = seconds * RATE_HZ * 2;
  const header = Buffer.alloc(44);
  header.write('RIFF');
  header.writeUInt32LE(36 + bytes, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(RATE_HZ, 24);
  header.writeUInt32LE(2 * RATE_HZ, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(bytes, 40);
  await file.appendFile(header);
  let phase = 0;
  for (let second = 0; second < seconds; second++) {
    const samples = Int16Array.from({ length: RATE_HZ }, (_, i) => {
      const t = second + i / RATE_HZ;
      phase += (2 * Math.PI * (400 + 100 * stream + 200 * Math.sin(2 * Math.PI * 1.3 * t))) / RATE_HZ;
      const loud = Math.sin(2 * Math.PI * 0.7 * t) > -0.3 ? 9000 : 0;
      return loud * Math.sin(phase) + 60 * (uniform(stream, second, i) - 0.5);
    });
    await file.appendFile(Buffer.from(samples.buffer));
  }
  await file.close();
  return path;
}
