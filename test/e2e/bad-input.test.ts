/** Everything that devices, disks and people get wrong, against the real command line: a clear error or a counted drop. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAsync, type MqttClient } from 'mqtt';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { stringify } from 'yaml';
import type { RunSummary } from '../../src/pipeline.js';
import { CliProcess, kioku, summaryOf } from '../support/cli.js';
import { freePort, Mosquitto } from '../support/mosquitto.js';
import { GRU, kiokuModel, writeModel } from '../support/step-model.js';

const MAX_STREAMS = 500;
const UNKNOWN_DEVICES = 100_000;
const HOUR_S = 3600;
const YEARS_50_S = 50 * 365 * 24 * HOUR_S;
const NOW_S = 1_760_000_000;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kioku-bad-'));
  await writeModel(join(folder, 'model'), kiokuModel(GRU));
});
afterAll(() => rm(folder, { recursive: true }));

function config(name: string, source: object, more: object = {}): string {
  const content = {
    name,
    model: 'model',
    source: { kind: 'mqtt', topic: 'plant/{device}/state', ...source },
    decode: {
      kind: 'json',
      channels: { c0: 'c0', c1: 'c1' },
      time: { field: 'time', format: 's' },
      sequenceField: 'seq',
    },
    sinks: [{ kind: 'jsonl', path: `${name}.events.jsonl` }],
    limits: { maxStreams: MAX_STREAMS },
    ...more,
  };
  writeFileSync(join(folder, `${name}.yaml`), stringify(content));
  return `${name}.yaml`;
}

const reading = (second: number, c0: unknown = 0): string =>
  JSON.stringify({ time: NOW_S + second, c0, c1: second % 7 });

describe('a running kioku', () => {
  let summary: RunSummary;
  let log: string;
  let exitCode: number | null;
  let client: MqttClient;
  let run: CliProcess | undefined;
  afterAll(() => void run?.child.kill('SIGKILL'));

  const send = (device: string, payload: string | Buffer): Promise<unknown> =>
    client.publishAsync(`plant/${device}/state`, payload, { qos: 1 });
  async function misbehave(): Promise<void> {
    await send('json', '{"time": 1, "c0": ');
    await send('types', reading(0, { nested: true }));
    await send('nan', `{"time": ${NOW_S}, "c0": NaN, "c1": 1}`);
    await send('infinite', `{"time": ${NOW_S}, "c0": 1e999, "c1": 1}`);
    await send('large', Buffer.alloc(10 * 1024 * 1024, 'x'));
    await client.publishAsync('plant/no/such/level/state', reading(0), { qos: 1 });
    for (let second = 0; second < 20; second++) {
      await send('twice', reading(second));
      await send('twice', reading(second));
    }
    // A clock that jumps: an hour back, later fifty years ahead; each time it goes on from there.
    for (const jump of [0, -HOUR_S, YEARS_50_S]) {
      for (let second = 0; second < 20; second++) await send('clock', reading(jump + second));
    }
    // In portions: MQTT has 65,535 message numbers.
    for (let from = 0; from < UNKNOWN_DEVICES; from += 10_000) {
      await Promise.all(Array.from({ length: 10_000 }, (_, i) => send(`unknown-${from + i}`, reading(i % 3))));
    }
    for (let second = 0; second < 5; second++) await send('good', reading(second));
  }

  beforeAll(async () => {
    const port = await freePort();
    const name = config('running', { url: `mqtt://127.0.0.1:${port}` }, { broker: { port } });
    run = new CliProcess(['run', name, '--json'], { cwd: folder });
    await run.heard(/connected to the broker/);
    client = await connectAsync(`mqtt://127.0.0.1:${port}`, { protocolVersion: 4 });
    await misbehave();
    await client.endAsync();
    // The acknowledgement says that kioku's broker has it; the summary says what became of it.
    run.child.kill('SIGTERM');
    const ended = await run.ended();
    log = ended.stderr;
    exitCode = ended.code;
    summary = summaryOf(ended);
  }, 120_000);

  it.each([
    ['malformed JSON', 'decode.malformed-json', 1],
    ['wrong types', 'decode.wrong-type', 1],
    ['NaN and infinity', 'decode.not-finite', 2],
    ['a payload of 10 MB', 'source.payload-too-large', 1],
    ['duplicate timestamps', 'align.duplicate', 20],
    ['a clock set back by an hour', 'align.clock-back', 4],
    ['a clock set forward by 50 years', 'align.clock-forward', 1],
    ['100,000 unknown devices', 'step.evicted', UNKNOWN_DEVICES - MAX_STREAMS],
  ])('counts %s', (_, reason, atLeast) => {
    expect(summary.counters[reason]).toBeGreaterThanOrEqual(atLeast);
    expect(log).toContain(reason);
  });

  it('survives all of it', () => {
    expect(exitCode).toBe(0);
  });

  it('keeps to its limit of streams', () => {
    expect(summary.streams).toBe(MAX_STREAMS);
  });

  it('does not step a million times over a jump of 50 years', () => {
    expect(summary.steps).toBeLessThan(UNKNOWN_DEVICES);
  });
});

describe('a topic that fits no template', () => {
  it('is counted', async (ctx) => {
    const mosquitto = await Mosquitto.start(ctx);
    // The filter of a template lets through what the template itself does not: an empty level.
    const run = new CliProcess(['run', config('topics', { url: mosquitto.url }), '--json'], { cwd: folder });
    await run.heard(/connected to the broker/);
    const client = await connectAsync(mosquitto.url);
    await client.publishAsync('plant//state', '{}', { qos: 1 });
    await client.publishAsync('plant/last/state', 'not JSON', { qos: 1 });
    await client.endAsync();
    await run.heard(/decode.malformed-json/);
    run.child.kill('SIGTERM');
    const { counters } = summaryOf(await run.ended());
    expect(counters['source.topic-mismatch']).toBe(1);
  });
});

describe('a model that is not what it should be', () => {
  const url = 'mqtt://127.0.0.1:1';

  async function damaged(name: string, damage: (model: string) => void): Promise<string> {
    const model = join(folder, name);
    await mkdir(model);
    await writeModel(model, kiokuModel(GRU));
    damage(model);
    return config(name, { url }, { model: name });
  }

  it('missing: says how to make one', async () => {
    const ended = await kioku(['run', config('missing', { url }, { model: 'nowhere' })], { cwd: folder });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/nowhere/);
    expect(ended.stderr).toMatch(/kioku train/);
  });

  it('truncated ONNX', async () => {
    const name = await damaged('truncated', (model) => truncateSync(join(model, 'model.onnx'), 1000));
    const ended = await kioku(['run', name], { cwd: folder });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/model\.onnx/);
  });

  it('a card that belongs to another model', async () => {
    const name = await damaged('mismatch', (model) => {
      const other = kiokuModel({ ...GRU, hidden: 9 });
      writeFileSync(join(model, 'model.onnx'), other.onnx);
    });
    const ended = await kioku(['run', name], { cwd: folder });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/model\.json|card/);
  });

  it('a card with other steps than the configuration', async () => {
    const name = config('steps', { url }, { align: { stepMs: 500 } });
    const ended = await kioku(['run', name], { cwd: folder });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/takes steps of 1000 ms, the configuration says 500 ms/);
  });
});

describe('a broker that refuses the login', () => {
  it('is an error that says so, without the password', async (ctx) => {
    const mosquitto = await Mosquitto.start(ctx, {
      lines: ['allow_anonymous false', 'password_file {dir}/users'],
      files: { users: '' },
    });
    writeFileSync(join(folder, 'password'), 'open sesame');
    const name = config('login', { url: mosquitto.url, username: 'ali', passwordFile: 'password' });
    const ended = await kioku(['run', name], { cwd: folder });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/refused/);
    expect(ended.stderr + ended.stdout).not.toContain('sesame');
  });
});

describe('a full disk while recording', () => {
  it('ends the recording with a clear error, and what was written can be replayed', async (ctx) => {
    const disk = join(folder, 'disk');
    await mkdir(disk);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk], { stdio: 'pipe' });
    } catch {
      ctx.skip('needs to be root, to mount a small file system');
    }
    onTestFinished(() => void execFileSync('umount', ['-l', disk]));
    const rows = Array.from({ length: 20_000 }, (_, i) => `${NOW_S + i},${i},${i % 7}`);
    writeFileSync(join(folder, 'long.csv'), `time,c0,c1\n${rows.join('\n')}\n`);
    const source = { source: { kind: 'replay', files: 'long.csv' } };
    const name = config('recording', {}, source);
    const ended = await kioku(['record', name, '--out', join(disk, 'r.jsonl')], { cwd: folder });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/the disk is full; the \d+ messages written before are kept/);
    const whole = readFileSync(join(disk, 'r.jsonl'), 'utf8');
    expect(whole.endsWith('}\n')).toBe(true);
    expect(existsSync(join(disk, 'r.jsonl'))).toBe(true);
    const again = config('again', {}, { source: { kind: 'replay', files: join(disk, 'r.jsonl') } });
    const replayed = await kioku(['run', again, '--json'], { cwd: folder });
    expect(replayed.code).toBe(0);
    expect(summaryOf(replayed).packets).toBe(whole.split('\n').length - 2);
  });
});
