/**
 * The demo, phase by phase: broker and device → listen → train → watch → burn → go on watching. Everything is the real
 * thing: the same broker, source, training and pipeline as `kioku train --live` and `kioku run`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Config } from '../../config/config.js';
import { Counters } from '../../core/counters.js';
import { UserError } from '../../core/errors.js';
import type { StageContext } from '../../core/kind.js';
import { EmbeddedBroker } from '../../mqtt/broker.js';
import { Pipeline } from '../../pipeline.js';
import { learnWithBar } from '../learn-with-bar.js';
import { listenAndAlign } from '../listen-and-align.js';
import type { Io } from '../output.js';
import { describeTraining } from '../training-summary.js';
import { burnCpu } from './burn.js';
import { demoConfig, shippedConfig } from './demo-config.js';
import { HostPublisher } from './host-publisher.js';
import { IncidentTimer } from './incident-timer.js';
import { LiveView } from './live-view.js';

export interface DemoOptions {
  /** ms */
  readonly learn: number;
  /** ms */
  readonly watch: number;
  readonly burn: boolean;
  readonly once?: true;
  readonly json?: true;
}

export interface DemoResult {
  readonly incidentsBeforeBurn: number;
  /** From the start of the burn to the incident; absent: none was opened. */
  readonly openedAfterMs?: number;
  /** From the end of the burn to the end of the incident; absent: it has not ended. */
  readonly endedAfterMs?: number;
}

const BURN_MS = 12_000;
/** Installing, compiling and starting have kept the machine busy just now: that is not what is usual for it. */
const SETTLE_MS = 8000;
/** How long the incident of the burn may take to end before `--once` gives up. */
const END_WITHIN_MS = 60_000;
const TOPIC = 'kioku-demo';

const UNITS: ReadonlyMap<string, string> = new Map([
  ['cpu', ' %'],
  ['memory', ' %'],
  ['loop.delay', ' ms'],
]);

export async function runDemo(options: DemoOptions, io: Io): Promise<DemoResult> {
  const log = await io.openLog(io.logLevel === 'info' ? 'error' : io.logLevel);
  const model = await mkdtemp(join(os.tmpdir(), 'kioku-demo-'));
  const context: StageContext = { name: 'demo', baseDir: model, counters: new Counters(), log };
  const broker = new EmbeddedBroker(log);
  const { host, port } = await broker.start({ host: '127.0.0.1', port: 0 });
  const url = `mqtt://${host}:${port}`;
  const device = new HostPublisher(`${TOPIC}/${os.hostname()}`, url, context);
  try {
    io.note(
      `kioku demo: this machine's load over MQTT (embedded broker on ${url}), learnt, then watched. Ctrl-C ends.`,
    );
    await device.start(io.signal);
    const config = await demoConfig(shippedConfig('demo'), {
      url,
      model,
      source: { url },
      quiet: options.json === true,
    });
    if (!(await learnNormal(config, context, options, io))) return { incidentsBeforeBurn: 0 };
    return await watch(config, options, context, io);
  } finally {
    await device.stop();
    await broker.stop();
    await rm(model, { recursive: true, force: true });
  }
}

/** Listens first and trains then, so that training does not disturb what it learns. @returns false when stopped */
async function learnNormal(config: Config, context: StageContext, options: DemoOptions, io: Io): Promise<boolean> {
  io.note(`1/3 learning: leave the machine as it usually is for ${Math.round(options.learn / 1000)} s`);
  await rest(SETTLE_MS, io.signal);
  const gathered = await listenAndAlign(config, context, { forMs: options.learn, io });
  try {
    if (io.signal.aborted) return false;
    io.note(describeTraining(await learnWithBar(config, gathered, { context, io })));
    return !io.signal.aborted;
  } finally {
    gathered.close();
  }
}

async function watch(config: Config, options: DemoOptions, context: StageContext, io: Io): Promise<DemoResult> {
  const { log, counters } = context;
  const done = new AbortController();
  const signal = AbortSignal.any([io.signal, done.signal]);
  const pipeline = new Pipeline(config, { log, counters });
  const view = new LiveView(io, UNITS);
  const incidents = new IncidentTimer();
  pipeline.readings.subscribe(view.readings);
  pipeline.events.subscribe(view.events);
  pipeline.events.subscribe(incidents.events);
  io.note('2/3 watching: now every measurement is a step of the net');
  const running = pipeline.run(signal).finally(() => done.abort());
  try {
    if (options.burn) await burn(options, incidents, view, io, signal);
    else if (options.once) throw new UserError('ARGUMENT', '--once waits for a burn', { hint: 'leave --no-burn out' });
    if (options.once) done.abort();
    else if (!signal.aborted) io.note('3/3 watching on. Make the machine busy and see; Ctrl-C ends.');
  } finally {
    if (options.once) done.abort();
    await running;
    view.clear();
  }
  return incidents.result();
}

async function burn(
  options: DemoOptions,
  incidents: IncidentTimer,
  view: LiveView,
  io: Io,
  signal: AbortSignal,
): Promise<void> {
  await rest(options.watch, signal);
  if (signal.aborted) return;
  // All of them: a machine that was not quite idle while it was learnt must still see the difference.
  const cores = os.availableParallelism();
  view.clear();
  io.note(`3/3 burning: all ${cores} cores busy for ${BURN_MS / 1000} s`);
  incidents.burnStarts();
  await burnCpu(cores, BURN_MS, signal);
  incidents.burnStops();
  view.clear();
  if (!signal.aborted) io.note('the burn is over; the incident should end soon');
  await Promise.race([incidents.over, rest(END_WITHIN_MS, signal)]);
  view.clear();
  if (!signal.aborted) io.note(incidents.describe());
}

/** A pause that a wish to stop cuts short. */
async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal }).catch(() => undefined);
}
