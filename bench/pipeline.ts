/**
 * The whole way of a message, from a socket to a judged time step: 1,000 devices, QoS 0, 100 bytes of JSON with a time
 * stamp, so that each message is one time step of its device; an LSTM of 64; scores and incidents to a file. Against
 * mqtt.js with JSON.parse, and Node-RED with a flow that computes no net, on the same flood, taking turns.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../src/core/errors.js';
import { median } from '../src/core/median.js';
import { kiokuModel, writeModel } from '../test/support/step-model.js';
import { peerFolder } from './peers.js';
import { type BenchOptions, type BenchResult, type BenchRow, machine, medianRow, ratioRow } from './report.js';
import type { Delays, Tally } from './support/contender.js';
import { Conversation } from './support/conversation.js';
import type { FloodReport, Sent } from './support/flood.js';
import { CHANNELS, DEVICES, STEP_MS } from './support/flood-messages.js';

const NODE_RED = 'node-red@4.1.8';
const TOPIC = 'plant/{device}';

/** Messages a second at which the share of a core is measured; those below the maximum. */
const RATES = [10, 100, 1000, 10_000, 100_000];

/** How much of everything; of a smoke test a hundredth. */
interface Amounts {
  readonly warmUpSteps: number;
  readonly rounds: number;
  /** After a flood has begun, before it is measured. */
  readonly settleMs: number;
  readonly windowMs: number;
  readonly overloadMs: number;
  readonly latencyMs: number;
}

const FULL: Amounts = {
  warmUpSteps: 700,
  rounds: 7,
  settleMs: 300,
  windowMs: 1500,
  overloadMs: 2000,
  latencyMs: 10_000,
};
const SMOKE: Amounts = {
  warmUpSteps: 60,
  rounds: 1,
  settleMs: 20,
  windowMs: 60,
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
    'cpu-us: user and system time of all threads of the side, a message; kioku writes scores and incidents to a file',
    'overload: twice the maximum is offered; what does not fit the socket and 1,000 queued messages is dropped by the source, and counted; all counts must add up exactly, else this fails',
    'latency: from the write to the socket of the message that completes a time step to its score, at half of the maximum',
  ];
  readonly #flood = new Conversation('flood');
  readonly #sides: Conversation[] = [];

  constructor(
    private readonly folder: string,
    private readonly amounts: Amounts,
  ) {}

  async run(): Promise<BenchRow[]> {
    const { port } = await this.#flood.hear<Extract<FloodReport, { report: 'listening' }>>();
    const kioku = await this.#start('contender', ['kioku', JSON.stringify(await this.#configuration(port))]);
    const bare = await this.#start('contender', [
      'bare',
      JSON.stringify({ url: `mqtt://127.0.0.1:${port}`, topic: 'plant/+' }),
    ]);
    const nodeRed = await this.#startNodeRed(port);
    await this.#warmUp(kioku);
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
    rows.push(await this.#overload(kioku, maximum), ...(await this.#latency(kioku, maximum / 2)));
    for (const rate of RATES) if (rate < maximum) rows.push(await this.#coreShare(kioku, rate));
    const { scores, incidents, rssMiB, counters } = await tallyOf(kioku);
    this.notes.push(`kioku: ${scores} scores, ${incidents} incidents, ${Math.round(rssMiB)} MiB at the end`);
    this.notes.push(`its counters: ${JSON.stringify(counters)}`);
    return rows;
  }

  async end(): Promise<void> {
    for (const process of [...this.#sides, this.#flood]) await process.end();
  }

  /** As a user would write it, but for the warm-up, which is as long as the first flood. */
  async #configuration(port: number): Promise<object> {
    const model = kiokuModel({
      cell: 'lstm',
      inputs: CHANNELS.length,
      hidden: 64,
      layers: 1,
      channels: CHANNELS.length,
      objective: 'gaussian',
      dropout: 0,
      skip: true,
    });
    const channels = CHANNELS.map((name) => ({ name, aggregate: 'mean' as const }));
    await writeModel(join(this.folder, 'model'), { ...model, card: { ...model.card, channels } });
    const warmupSteps = Math.floor(this.amounts.warmUpSteps / 2);
    return {
      name: 'bench',
      model: join(this.folder, 'model'),
      source: { kind: 'mqtt', url: `mqtt://127.0.0.1:${port}`, clientId: 'kioku', topic: TOPIC, qos: 0 },
      decode: { kind: 'json', time: { field: 'ts', format: 'ms' } },
      align: { stepMs: STEP_MS },
      feature: { kind: 'normalise', warmupSteps },
      decide: { kind: 'anomaly', scores: true, warmupSteps: Math.max(50, warmupSteps), silentAfterSteps: 3600 },
      sinks: [{ kind: 'jsonl', path: join(this.folder, 'events.jsonl') }],
      limits: { maxStreams: DEVICES },
    };
  }

  async #start(program: string, args: readonly string[]): Promise<Side> {
    const process = new Conversation(program, args);
    this.#sides.push(process);
    const subscribed = this.#flood.hear<Extract<FloodReport, { report: 'subscribed' }>>();
    const { client } = await Promise.race([subscribed, process.gone()]);
    return Object.assign(process, { client });
  }

  /** @returns undefined when it cannot be installed */
  async #startNodeRed(port: number): Promise<Side | undefined> {
    try {
      const installed = await peerFolder([NODE_RED]);
      const userDir = join(this.folder, 'node-red');
      await mkdir(userDir);
      this.notes.push(`${NODE_RED}: mqtt in (JSON) → function that counts, editor and logging off`);
      return await this.#start('node-red', [installed, userDir, String(port)]);
    } catch (error) {
      this.notes.push(`no rows of Node-RED: ${messageOf(error)}`);
      return undefined;
    }
  }

  #send(side: Side, messagesPerSecond?: number): void {
    this.#flood.tell({ order: 'send', client: side.client, messagesPerSecond });
  }

  /** Ends the flood and waits until the side has taken what was sent to it. */
  async #stop(side: Side): Promise<Sent> {
    const sent = await this.#flood.ask<Sent>({ order: 'stop' });
    let before = (await tallyOf(side)).messages;
    for (;;) {
      await sleep(100);
      const { messages } = await tallyOf(side);
      if (messages === before) return sent;
      before = messages;
    }
  }

  async #warmUp(side: Side): Promise<void> {
    this.#send(side);
    while ((await tallyOf(side)).messages < this.amounts.warmUpSteps * DEVICES) await sleep(20);
    await this.#stop(side);
  }

  async #window(side: Side, messagesPerSecond?: number): Promise<Window> {
    this.#send(side, messagesPerSecond);
    await sleep(this.amounts.settleMs);
    const before = await tallyOf(side);
    await sleep(this.amounts.windowMs);
    const after = await tallyOf(side);
    await this.#stop(side);
    const messages = after.messages - before.messages;
    return {
      cpuUs: (after.cpuUs - before.cpuUs) / messages,
      perSecond: (1000 * messages) / (after.atMs - before.atMs),
    };
  }

  /** Processor time a second at a rate, % of one core. */
  async #coreShare(side: Side, messagesPerSecond: number): Promise<BenchRow> {
    this.#send(side, messagesPerSecond);
    await sleep(this.amounts.settleMs);
    const before = await tallyOf(side);
    await sleep(this.amounts.windowMs);
    const after = await tallyOf(side);
    await this.#stop(side);
    const share = (after.cpuUs - before.cpuUs) / 10 / (after.atMs - before.atMs);
    return { id: `pipeline.core-share.rate-${messagesPerSecond}`, unit: '%', value: share, samples: [share] };
  }

  /** Processed in a second when twice the maximum is offered, over the maximum. */
  async #overload(side: Side, maximum: number): Promise<BenchRow> {
    const before = await tallyOf(side);
    this.#send(side, 2 * maximum);
    await sleep(this.amounts.overloadMs);
    const during = await tallyOf(side);
    const { offered, sent, dropped } = await this.#stop(side);
    const after = await tallyOf(side);
    const processed = after.messages - before.messages;
    const lost = lostIn(after) - lostIn(before);
    this.notes.push(
      `overload: ${offered} offered = ${processed} processed + ${dropped} dropped and counted at the source + ${lost} at kioku`,
    );
    if (offered !== processed + dropped + lost || sent !== processed + lost) throw new Error(this.notes.at(-1));
    const perSecond = (1000 * (during.messages - before.messages)) / (during.atMs - before.atMs);
    const ratio = perSecond / maximum;
    return { id: 'pipeline.overload', unit: '1', value: ratio, samples: [ratio] };
  }

  async #latency(side: Side, messagesPerSecond: number): Promise<BenchRow[]> {
    side.tell({ question: 'watch' });
    this.#send(side, messagesPerSecond);
    await sleep(this.amounts.latencyMs);
    const { writes, dropped } = await this.#stop(side);
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

type Side = Conversation & { readonly client: string };

function tallyOf(side: Side): Promise<Tally> {
  return side.ask<Tally>({ question: 'tally' });
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
