/**
 * The whole way of a message, from a socket to a judged time step: 1,000 devices, QoS 0, 100 bytes of JSON with a time
 * stamp, so that each message is one time step of its device; an LSTM of 64; scores and incidents to a file. Against
 * mqtt.js with JSON.parse, and Node-RED with a flow that computes no net, on the same flood, taking turns.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../src/core/errors.js';
import { median } from '../src/core/median.js';
import { peerFolder } from './peers.js';
import { type BenchOptions, type BenchResult, type BenchRow, machine, medianRow, ratioRow } from './report.js';
import type { Delays, Tally } from './support/contender.js';
import { floodConfiguration, KIOKU } from './support/flood-configuration.js';
import { DEVICES } from './support/flood-messages.js';
import { assertJudged, Flooded, type Side, taken, tallyOf } from './support/flooded.js';

const NODE_RED = 'node-red@4.1.8';

/** Messages a second at which the share of a core is measured; those below the maximum. */
const RATES = [10, 100, 1000, 10_000, 100_000];

/** How much of everything; of a smoke test a hundredth. */
interface Amounts {
  readonly warmUpSteps: number;
  readonly rounds: number;
  /** After a flood has begun, before it is measured. */
  readonly settleMs: number;
  readonly windowMs: number;
  readonly overloads: number;
  readonly overloadMs: number;
  readonly latencyMs: number;
}

const FULL: Amounts = {
  warmUpSteps: 700,
  rounds: 7,
  settleMs: 300,
  windowMs: 1500,
  overloads: 3,
  overloadMs: 2000,
  latencyMs: 10_000,
};
const SMOKE: Amounts = {
  // Fewer would not do: the decider needs 50 steps on a device's own scale.
  warmUpSteps: 110,
  rounds: 1,
  settleMs: 20,
  windowMs: 60,
  overloads: 1,
  overloadMs: 100,
  latencyMs: 200,
};

/** One side on one window of a flood. */
interface Window {
  readonly cpuUs: number;
  readonly perSecond: number;
}

export async function run({ smoke }: BenchOptions): Promise<BenchResult> {
  const amounts = smoke ? SMOKE : FULL;
  const folder = await mkdtemp(join(tmpdir(), 'kioku-bench-'));
  const bench = new PipelineBench(folder, amounts);
  try {
    const rows = await bench.run();
    return { bench: 'pipeline', machine: machine(), rows, notes: bench.notes };
  } finally {
    await bench.end();
    await rm(folder, { recursive: true });
  }
}

class PipelineBench {
  readonly notes: string[] = [
    'flood: a child process that speaks MQTT over a raw socket; every side is a process of its own, they take turns',
    'cpu-us: user and system time of all threads of the side, a message; kioku writes scores and incidents to a file (JSONL); bare is mqtt.js and Node-RED with their defaults',
    'overload: twice the maximum is offered; kioku pauses the source, which drops what does not fit the socket and 1,000 queued messages, or (drop-oldest) reads on and drops the oldest; all counts must add up exactly, else this fails',
    'latency: from the write to the socket of the message that completes a time step to its score, at half of the maximum',
  ];
  readonly #flooded = new Flooded();
  /** What kioku writes; emptied after each window, for it would fill a gigabyte. */
  readonly #events: string;

  constructor(
    private readonly folder: string,
    private readonly amounts: Amounts,
  ) {
    this.#events = join(folder, 'events.jsonl');
  }

  async run(): Promise<BenchRow[]> {
    const port = await this.#flooded.open();
    const configuration = await floodConfiguration(this.folder, {
      port,
      warmUpSteps: this.amounts.warmUpSteps,
      events: this.#events,
    });
    const kioku = await this.#startKioku(configuration);
    const plain = { url: `mqtt://127.0.0.1:${port}`, topic: 'plant/+' };
    const bare = await this.#flooded.start('contender', ['bare', JSON.stringify(plain)]);
    const nodeRed = await this.#startNodeRed(port);
    const windows = new Map<Side, Window[]>();
    const sides = nodeRed === undefined ? [kioku, bare] : [kioku, bare, nodeRed];
    for (let round = -1; round < this.amounts.rounds; round++) {
      for (const side of sides) {
        const window = await this.#window(side);
        if (round >= 0) windows.set(side, [...(windows.get(side) ?? []), window]);
      }
    }
    const of = (side: Side, what: keyof Window): number[] => (windows.get(side) ?? []).map((window) => window[what]);
    const rows = [
      medianRow('pipeline.kioku.cpu-us', 'µs', of(kioku, 'cpuUs')),
      medianRow('pipeline.bare.cpu-us', 'µs', of(bare, 'cpuUs')),
      ratioRow('pipeline.vs-bare-mqtt', of(bare, 'cpuUs'), of(kioku, 'cpuUs')),
      medianRow('pipeline.kioku.messages-per-second', '1/s', of(kioku, 'perSecond')),
      medianRow('pipeline.bare.messages-per-second', '1/s', of(bare, 'perSecond')),
    ];
    if (nodeRed !== undefined) {
      rows.push(
        medianRow('pipeline.node-red.cpu-us', 'µs', of(nodeRed, 'cpuUs')),
        medianRow('pipeline.node-red.messages-per-second', '1/s', of(nodeRed, 'perSecond')),
        ratioRow('pipeline.vs-node-red', of(kioku, 'perSecond'), of(nodeRed, 'perSecond')),
      );
    }
    const maximum = median(of(kioku, 'perSecond'));
    rows.push(await this.#overloads('pipeline.overload', kioku, maximum));
    const source = { ...configuration.source, whenBehind: 'drop-oldest', clientId: 'kioku-dropping' };
    const dropper = await this.#startKioku({ ...configuration, source });
    rows.push(await this.#overloads('pipeline.overload-drop-oldest', dropper, maximum));
    rows.push(...(await this.#latency(kioku, maximum / 2)));
    for (const rate of RATES) if (rate < maximum) rows.push(await this.#coreShare(kioku, rate));
    const { scores, incidents, rssMiB, counters } = await tallyOf(kioku);
    this.notes.push(`kioku: ${scores} scores, ${incidents} incidents, ${Math.round(rssMiB)} MiB at the end`);
    this.notes.push(`its counters: ${JSON.stringify(counters)}`);
    return rows;
  }

  end(): Promise<void> {
    return this.#flooded.end();
  }

  async #startKioku(configuration: object): Promise<Side> {
    const kioku = await this.#flooded.start('contender', ['kioku', JSON.stringify(configuration)]);
    await this.#flooded.warmUp(kioku, this.amounts.warmUpSteps * DEVICES);
    await this.#forgetEvents();
    return kioku;
  }

  async #forgetEvents(): Promise<void> {
    if (existsSync(this.#events)) await truncate(this.#events);
  }

  /** @returns undefined when it cannot be installed */
  async #startNodeRed(port: number): Promise<Side | undefined> {
    try {
      const installed = await peerFolder([NODE_RED]);
      const userDir = join(this.folder, 'node-red');
      await mkdir(userDir);
      this.notes.push(`${NODE_RED}: mqtt in (JSON) → function that counts, editor and logging off`);
      return await this.#flooded.start('node-red', [installed, userDir, String(port)]);
    } catch (error) {
      this.notes.push(`no rows of Node-RED: ${messageOf(error)}`);
      return undefined;
    }
  }

  async #window(side: Side): Promise<Window> {
    const before = await tallyOf(side);
    const { messages, cpuUs, ms } = await this.#flooded.window(side, this.amounts.settleMs, this.amounts.windowMs);
    if (side.client === KIOKU) assertJudged(before, await tallyOf(side));
    await this.#forgetEvents();
    return { cpuUs: cpuUs / messages, perSecond: (1000 * messages) / ms };
  }

  /** Processor time a second at a rate, % of one core. */
  async #coreShare(side: Side, messagesPerSecond: number): Promise<BenchRow> {
    const { settleMs, windowMs } = this.amounts;
    const { cpuUs, ms } = await this.#flooded.window(side, settleMs, windowMs, messagesPerSecond);
    const share = cpuUs / 10 / ms;
    return { id: `pipeline.core-share.rate-${messagesPerSecond}`, unit: '%', value: share, samples: [share] };
  }

  /** Processed in a second when twice the maximum is offered, over the maximum; before each, the maximum once more. */
  async #overloads(id: string, side: Side, maximum: number): Promise<BenchRow> {
    const maxima: number[] = [];
    const processed: number[] = [];
    for (let i = 0; i < this.amounts.overloads; i++) {
      // Of one that drops, a flood without end is no measure of what it can take.
      maxima.push(id === 'pipeline.overload' ? (await this.#window(side)).perSecond : maximum);
      processed.push(await this.#overload(side, 2 * maximum));
    }
    return ratioRow(id, processed, maxima);
  }

  /** @returns messages processed in a second. @throws Error when one of the offered is neither processed nor counted */
  async #overload(side: Side, messagesPerSecond: number): Promise<number> {
    const before = await tallyOf(side);
    this.#flooded.send(side, messagesPerSecond);
    await sleep(this.amounts.overloadMs);
    const during = await tallyOf(side);
    const { offered, sent, dropped } = await this.#flooded.stop(side);
    await this.#forgetEvents();
    const after = await tallyOf(side);
    const processed = after.messages - before.messages;
    const lost = lostIn(after) - lostIn(before);
    const sum = `${offered} offered = ${processed} processed + ${dropped} dropped and counted at the source + ${lost} at ${side.client}`;
    this.notes.push(`overload: ${sum}`);
    if (offered !== processed + dropped + lost || sent !== processed + lost) throw new Error(`not true: ${sum}`);
    const { messages, ms } = taken(before, during);
    return (1000 * messages) / ms;
  }

  async #latency(side: Side, messagesPerSecond: number): Promise<BenchRow[]> {
    side.tell({ question: 'watch' });
    this.#flooded.send(side, messagesPerSecond);
    await sleep(this.amounts.latencyMs);
    const { writes, dropped } = await this.#flooded.stop(side);
    const { latencyMs, loopDelayMs } = await side.ask<Delays>({ question: 'delays', writes });
    this.notes.push(
      `latency: ${latencyMs.n} scores at ${Math.round(messagesPerSecond)} messages/s, ${dropped} messages dropped at the source`,
    );
    return [
      single('pipeline.latency-p50-ms', latencyMs.p50),
      single('pipeline.latency-p99-ms', latencyMs.p99),
      single('pipeline.loop-delay-p50-ms', loopDelayMs.p50),
      single('pipeline.loop-delay-p99-ms', loopDelayMs.p99),
    ];
  }
}

/** Messages that did not become readings. */
function lostIn({ counters }: Tally): number {
  let lost = 0;
  for (const [reason, n] of Object.entries(counters)) if (/^(?:source|decode)\./.test(reason)) lost += n;
  return lost;
}

function single(id: string, ms: number): BenchRow {
  return { id, unit: 'ms', value: ms, samples: [ms] };
}
