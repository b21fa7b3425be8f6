/**
 * Twenty pumps on a real broker, the real command line, faults in three of them: exactly those three raise one incident
 * each, and a restart of the broker in between costs no measurement and raises nothing.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { stringify } from 'yaml';
import type { KiokuEvent } from '../../src/core/events.js';
import { ROOT } from '../support/build.js';
import { CliProcess, kioku } from '../support/cli.js';
import type { DevicesPlan } from '../support/devices.js';
import { freePort, Mosquitto } from '../support/mosquitto.js';
import { deviceName, PLANT_CHANNELS, readPump, type FaultPlan } from '../support/plant.js';

const DEVICES = 20;
const STEP_MS = 100;
const LEARNT_STEPS = 1500;
const LIVE_STEPS = 320;
const SEED = 5;
const FAULTS: readonly FaultPlan[] = [
  { device: 3, fault: 'level', fromStep: LEARNT_STEPS + 180, toStep: LEARNT_STEPS + 230 },
  { device: 7, fault: 'noise', fromStep: LEARNT_STEPS + 190, toStep: LEARNT_STEPS + 240 },
  { device: 11, fault: 'stuck', fromStep: LEARNT_STEPS + 170, toStep: LEARNT_STEPS + 240 },
];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kioku-plant-'));
  writeRecording(join(folder, 'normal.jsonl'));
  writeConfig('learn.yaml', { kind: 'mqtt', url: 'mqtt://127.0.0.1:1', topic: 'factory/{device}/state' });
  const trained = await kioku(['train', 'learn.yaml', 'normal.jsonl', '--log-level', 'error'], { cwd: folder });
  if (trained.code !== 0) throw new Error(`kioku train ended with ${trained.code}:\n${trained.stderr}`);
}, 120_000);
afterAll(() => rm(folder, { recursive: true }));

function writeRecording(path: string): void {
  const lines = ['{"kioku":"recording","version":1,"name":"plant","createdAt":"2026-01-01T00:00:00Z"}'];
  const start = 1_760_000_000_000;
  for (let step = 0; step < LEARNT_STEPS; step++) {
    for (let device = 0; device < DEVICES; device++) {
      const values = readPump(device, step, SEED);
      const channels = Object.fromEntries(PLANT_CHANNELS.map((name, i) => [name, values[i]]));
      const time = start + step * STEP_MS;
      const payload = JSON.stringify({ seq: step, time, ...channels });
      lines.push(JSON.stringify({ t: time * 1000, topic: `factory/${deviceName(device)}/state`, p: payload }));
    }
  }
  writeFileSync(path, `${lines.join('\n')}\n`);
}

function writeConfig(name: string, source: object, more: object = {}): void {
  const config = {
    name: 'plant',
    model: 'model',
    source,
    decode: { kind: 'json', time: { field: 'time', format: 'ms' }, sequenceField: 'seq' },
    align: { stepMs: STEP_MS, channels: PLANT_CHANNELS.map((channel) => ({ name: channel })) },
    // A publisher that has lost its broker needs a moment to come back: that is not silence.
    decide: { kind: 'anomaly', silentAfterSteps: 60, scores: true },
    sinks: [{ kind: 'jsonl', path: `${name}.events.jsonl`, scores: true }],
    train: { maxEpochs: 12, lanes: 32 },
    ...more,
  };
  writeFileSync(join(folder, name), stringify(config));
}

/** Simulated pumps in a process of their own. */
class Devices {
  readonly #child;
  readonly started: Promise<number>;
  /** All their messages are acknowledged. */
  readonly done: Promise<unknown>;

  constructor(ctx: TestContext, url: string) {
    const plan: DevicesPlan = {
      url,
      devices: DEVICES,
      stepMs: STEP_MS,
      steps: LIVE_STEPS,
      seed: SEED,
      firstStep: LEARNT_STEPS,
      faults: FAULTS,
    };
    const script = `${ROOT}test/support/devices.ts`;
    this.#child = spawn(process.execPath, ['--import', 'tsx', script, JSON.stringify(plan)], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    ctx.onTestFinished(() => void this.#child.kill('SIGKILL'));
    let said = '';
    this.started = new Promise((resolve) => {
      this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        const start = /^started (\d+)$/m.exec(said);
        if (start !== null) resolve(Number(start[1]));
      });
    });
    this.done = once(this.#child, 'exit');
  }
}

function watch(ctx: TestContext, config: string): CliProcess {
  const process = new CliProcess(['run', config], { cwd: folder });
  ctx.onTestFinished(() => void process.child.kill('SIGKILL'));
  return process;
}

function eventsOf(config: string): KiokuEvent[] {
  const file = join(folder, `${config}.events.jsonl`);
  if (!existsSync(file)) return [];
  const whole = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return whole.map((line) => JSON.parse(line) as KiokuEvent);
}

/** The step of every score, per device. */
function stepsOf(events: readonly KiokuEvent[], startMs: number): Map<string, number[]> {
  const steps = new Map<string, number[]>();
  for (const event of events) {
    if (event.type !== 'score') continue;
    const list = steps.get(event.stream) ?? [];
    list.push((event.us / 1000 - startMs) / STEP_MS);
    steps.set(event.stream, list);
  }
  return steps;
}

/** Waits until the last step that can have closed (the one before the last) of every device was scored. */
async function everythingScored(ctx: TestContext, config: string, startMs: number): Promise<KiokuEvent[]> {
  await ctx.expect
    .poll(
      () => {
        const steps = [...stepsOf(eventsOf(config), startMs).values()];
        return steps.filter((list) => list.includes(LIVE_STEPS - 2)).length;
      },
      { timeout: 60_000, interval: 200 },
    )
    .toBe(DEVICES);
  return eventsOf(config);
}

function expectThreeIncidents(events: readonly KiokuEvent[]): void {
  const told = events.flatMap((event) => (event.type === 'incident' ? [event] : []));
  const opened = told.filter(({ phase }) => phase === 'new');
  expect(opened.map(({ stream }) => stream).toSorted()).toEqual([3, 7, 11].map(deviceName));
  expect(opened.every(({ reason }) => reason === 'anomaly')).toBe(true);
  const ended = told.filter(({ phase }) => phase === 'end');
  expect(ended.map(({ id }) => id).toSorted()).toEqual(opened.map(({ id }) => id).toSorted());
}

const ALL_STEPS = Array.from({ length: LIVE_STEPS - 1 }, (_, step) => step);

// Both wait for half a minute of measurements in real time.
describe.concurrent('twenty pumps by wildcard topic', () => {
  it('mosquitto, restarted while the pumps go on: three incidents, every sequence number exactly once', async (ctx) => {
    const mosquitto = await Mosquitto.start(ctx, { persistence: true });
    const source = { kind: 'mqtt', url: mosquitto.url, topic: 'factory/{device}/state', qos: 1 };
    writeConfig('mosquitto.yaml', source);
    const run = watch(ctx, 'mosquitto.yaml');
    await run.heard(/connected to the broker/);
    const devices = new Devices(ctx, mosquitto.url);
    const startMs = await devices.started;
    await ctx.expect
      .poll(() => stepsOf(eventsOf('mosquitto.yaml'), startMs).get(deviceName(0))?.length ?? 0, { timeout: 20_000 })
      .toBeGreaterThan(40);
    await mosquitto.stop();
    await run.heard(/lost the broker/);
    await mosquitto.launch();
    await devices.done;
    const events = await everythingScored(ctx, 'mosquitto.yaml', startMs);
    run.child.kill('SIGINT');
    expect((await run.ended()).code).toBe(0);
    const steps = stepsOf(events, startMs);
    expect(steps.size).toBe(DEVICES);
    for (const list of steps.values()) expect(list).toEqual(ALL_STEPS);
    expectThreeIncidents(events);
  }, 120_000);

  it('embedded broker: the same three incidents', async (ctx) => {
    const port = await freePort();
    const url = `mqtt://127.0.0.1:${port}`;
    writeConfig('embedded.yaml', { kind: 'mqtt', url, topic: 'factory/{device}/state', qos: 1 }, { broker: { port } });
    const run = watch(ctx, 'embedded.yaml');
    await run.heard(/connected to the broker/);
    const devices = new Devices(ctx, url);
    const startMs = await devices.started;
    await devices.done;
    const events = await everythingScored(ctx, 'embedded.yaml', startMs);
    run.child.kill('SIGINT');
    expect((await run.ended()).code).toBe(0);
    for (const list of stepsOf(events, startMs).values()) expect(list).toEqual(ALL_STEPS);
    expectThreeIncidents(events);
  }, 120_000);
});
