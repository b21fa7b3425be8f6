/**
 * A child process that takes the messages of `flood.ts`: `contender.ts KIND CONFIGURATION`. What it has taken and what
 * that has cost is asked for by the benchmark, which compares two answers.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { connect } from 'mqtt';
import { defineConfig } from '../../src/config/load.js';
import { silentLog } from '../../src/core/log.js';
import { Pipeline } from '../../src/pipeline.js';
import { deviceOf, messageIndex } from './flood-messages.js';

/** What a contender is asked. */
export type Question =
  | { readonly question: 'tally' }
  /** From now on, when events come out and how late the event loop is. */
  | { readonly question: 'watch' }
  /** @property writes of the flood since then */
  | { readonly question: 'delays'; readonly writes: Writes };

type Writes = readonly (readonly [index: number, atNs: number])[];

export interface Tally {
  readonly messages: number;
  /** Time steps judged, incidents opened: 0 where nothing is judged. */
  readonly scores: number;
  readonly incidents: number;
  /** User and system time of all threads. */
  readonly cpuUs: number;
  readonly atMs: number;
  readonly rssMiB: number;
  readonly counters: Readonly<Record<string, number>>;
}

export interface Delays {
  /** From the write of the message that completes a time step to its score, one a message, sorted. */
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly n: number };
  readonly loopDelayMs: { readonly p50: number; readonly p99: number };
}

/** How what was taken is counted. */
interface Counts {
  messages: number;
  scores: number;
  incidents: number;
  counters(): Readonly<Record<string, number>>;
}

const LOOP_RESOLUTION_MS = 1;

class Watch {
  readonly #loop = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  #on = false;
  /** Message number and time of its score, in turns. */
  #seen: number[] = [];

  get on(): boolean {
    return this.#on;
  }

  start(): void {
    this.#on = true;
    this.#loop.enable();
  }

  saw(index: number, atNs: number): void {
    this.#seen.push(index, atNs);
  }

  delays(writes: Writes): Delays {
    this.#loop.disable();
    this.#on = false;
    const late: number[] = [];
    for (let i = 0; i < this.#seen.length; i += 2) {
      const writtenNs = lastWriteOf(this.#seen[i], writes);
      if (writtenNs !== undefined) late.push((this.#seen[i + 1] - writtenNs) / 1e6);
    }
    const sorted = Float64Array.from(late).toSorted();
    const at = (part: number): number => sorted[Math.floor(part * sorted.length)];
    const loop = (percentile: number): number => this.#loop.percentile(percentile) / 1e6 - LOOP_RESOLUTION_MS;
    return {
      latencyMs: { p50: at(0.5), p99: at(0.99), n: sorted.length },
      loopDelayMs: { p50: loop(50), p99: loop(99) },
    };
  }
}

/** When the message with this number was written; undefined: before the first write. */
function lastWriteOf(index: number, writes: Writes): number | undefined {
  let low = 0;
  let high = writes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (writes[middle][0] <= index) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? undefined : writes[low - 1][1];
}

/** The least that a program of its own would do. */
function bare({ url, topic }: { readonly url: string; readonly topic: string }): Counts {
  const counts = { messages: 0, scores: 0, incidents: 0, counters: () => ({}) };
  const client = connect(url, { clientId: 'bare' });
  client.on('message', (_topic, payload) => {
    if (JSON.parse(payload.toString()) !== undefined) counts.messages++;
  });
  client.on('connect', () => client.subscribe(topic));
  return counts;
}

async function kioku(value: object, watch: Watch): Promise<Counts> {
  const config = await defineConfig(value);
  const pipeline = new Pipeline(config, { log: silentLog });
  const counts = { messages: 0, scores: 0, incidents: 0, counters: () => pipeline.counters.toJSON() };
  pipeline.readings.subscribe((frames) => {
    counts.messages += frames.length;
  });
  pipeline.events.subscribe((events) => {
    const atNs = watch.on ? Number(process.hrtime.bigint()) : 0;
    for (const event of events) {
      if (event.type === 'score') {
        counts.scores++;
        // A time step is complete with the first message of the next one.
        if (watch.on) watch.saw(messageIndex(deviceOf(event.stream), event.us / 1000) + 1000, atNs);
      } else if (event.type === 'incident' && event.phase === 'new') counts.incidents++;
    }
  });
  pipeline.run(new AbortController().signal).catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  });
  return counts;
}

const [kind, settings] = process.argv.slice(2);
const watch = new Watch();
const options = JSON.parse(settings) as { readonly url: string; readonly topic: string };
const counts = kind === 'kioku' ? await kioku(options, watch) : bare(options);

process.on('message', (asked: Question) => {
  if (asked.question === 'watch') watch.start();
  else if (asked.question === 'delays') process.send?.(watch.delays(asked.writes));
  else {
    const { user, system } = process.cpuUsage();
    const { messages, scores, incidents } = counts;
    const tally: Tally = {
      messages,
      scores,
      incidents,
      cpuUs: user + system,
      atMs: performance.now(),
      rssMiB: process.memoryUsage.rss() / 2 ** 20,
      counters: counts.counters(),
    };
    process.send?.(tally);
  }
});
process.on('disconnect', () => process.exit());
