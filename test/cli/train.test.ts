/** `kioku train` and `kioku record` as a user calls them. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { stringify } from 'yaml';
import type { ModelCard } from '../../src/core/card.js';
import type { KiokuEvent } from '../../src/core/events.js';
import type { GradientFlows } from '../../src/train/job.js';
import { CliProcess, kioku, summaryOf } from '../support/cli.js';
import { freePort } from '../support/mosquitto.js';
import { machineSound } from '../support/machine-sounds.js';
import { mqttClient } from '../support/publisher.js';
import { tone, wavOf } from '../support/wav.js';

const ROWS = 2400;
const LEARNT = 2000;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kioku-train-'));
  // A swing of the temperature, a reading a minute; near the end, after what is learnt, it sticks for an hour and a half.
  const rows = Array.from({ length: ROWS }, (_, minute) => {
    const at = minute > 2200 && minute < 2290 ? 2200 : minute;
    const value = 60 + 5 * Math.sin(at / 15) + 0.4 * Math.sin(at * 7.3);
    return `${new Date(1_760_000_000_000 + minute * 60_000).toISOString()},${value.toFixed(3)}`;
  });
  writeFileSync(join(folder, 'boiler.csv'), `timestamp,temperature\n${rows.slice(0, LEARNT).join('\n')}\n`);
  mkdirSync(join(folder, 'later'));
  writeFileSync(join(folder, 'later/boiler.csv'), `timestamp,temperature\n${rows.join('\n')}\n`);
  writeFileSync(join(folder, 'short.csv'), `timestamp,temperature\n${rows.slice(0, 30).join('\n')}\n`);
});
afterAll(() => rm(folder, { recursive: true }));

function config(name: string, content: object): string {
  writeFileSync(join(folder, name), stringify(content));
  return name;
}

const cardIn = (model: string): ModelCard =>
  JSON.parse(readFileSync(join(folder, model, 'model.json'), 'utf8')) as ModelCard;

const replay = { kind: 'replay', files: 'boiler.csv' };

describe('what cannot be learnt', () => {
  it.each(['voice', 'transcribe'])('is what decide: %s does', async (kind) => {
    const path = config(`${kind}.yaml`, { source: { kind: 'microphone' }, decide: { kind } });
    const { code, stderr } = await kioku(['train', path, '--live', '--for', '1h'], { cwd: folder });
    expect(code).toBe(2);
    expect(stderr).toContain(`${path} has nothing to learn: decide: ${kind}.`);
  });

  it.each([
    ['a WAV file, which only a configuration with extract learns from', wavOf(tone(800))],
    ['a FLAC file', Buffer.from('fLaC\x00\x00\x00\x22\x10\x00')],
  ])('is, as a table, %s', async (what, content) => {
    writeFileSync(join(folder, 'sound.wav'), content);
    const { code, stdout, stderr } = await kioku(['train', 'sound.wav'], { cwd: folder });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(`sound.wav is ${what}`);
  });
});

describe('kioku train CONFIG clip.wav', () => {
  it('learns how a machine sounds from a clip, in place of its microphone', async () => {
    const configuration = {
      source: { kind: 'microphone', stream: 'fan-7' },
      extract: { kind: 'descriptors' },
      align: { stepMs: 100 },
      train: { hidden: 4, maxEpochs: 2 },
    };
    writeFileSync(join(folder, 'fan.yaml'), JSON.stringify(configuration));
    const sound = machineSound({ rateHz: 8000, turnHz: 49, offset: 0, seed: 1 }, 20);
    writeFileSync(join(folder, 'clip.wav'), wavOf(sound, { sampleRateHz: 8000 }));
    const trained = await kioku(['train', 'fan.yaml', 'clip.wav', 'clip.wav'], { cwd: folder });
    expect(trained).toMatchObject({ code: 0 });
    expect(trained.stdout).toMatch(/learnt 400 time steps of 1 stream \(.*spectralCentroidHz/);
    expect(Object.keys(cardIn('models/fan').calibration?.streams ?? {})).toEqual(['fan-7']);
  }, 60_000);
});

describe('kioku train FILE', () => {
  it('proposes a configuration, learns, and the data can be watched with both', async () => {
    const trained = await kioku(['train', 'boiler.csv'], { cwd: folder });
    expect(trained).toMatchObject({ code: 0 });
    expect(trained.stdout).toMatch(/learnt 2000 time steps of 1 stream \(temperature\)/);
    expect(readFileSync(join(folder, 'boiler.yaml'), 'utf8')).toMatch(/stepMs: 60000/);
    const card = cardIn('models/boiler');
    expect(card.training.validationMse).toBeLessThan(card.training.persistenceMse);
    expect(Object.keys(card.calibration?.streams ?? {})).toEqual(['boiler']);
    const proposed = readFileSync(join(folder, 'boiler.yaml'), 'utf8');
    writeFileSync(join(folder, 'boiler.yaml'), proposed.replace('- boiler.csv', '- later/boiler.csv'));
    const watched = await kioku(['run', 'boiler.yaml', '--json'], { cwd: folder });
    expect(watched.code).toBe(0);
    expect(summaryOf(watched)).toMatchObject({ packets: ROWS, steps: ROWS, streams: 1, incidents: 1 });
    const first = JSON.parse(watched.stdout.split('\n')[0]) as KiokuEvent;
    expect(first).toMatchObject({ type: 'incident', phase: 'new', stream: 'boiler', reason: 'anomaly' });
  });

  it('understands decimal commas and a time of any name', async () => {
    const lines = Array.from({ length: 300 }, (_, i) => {
      const time = new Date(1_760_000_000_000 + i * 60_000).toISOString().slice(0, 19);
      return `${time};${i % 7};${String(20 + Math.sin(i)).replace('.', ',')}`;
    });
    writeFileSync(join(folder, 'german.csv'), `Zeit;Stufe;Temperatur\n${lines.join('\n')}\n`);
    const trained = await kioku(['train', 'german.csv'], { cwd: folder });
    expect(trained).toMatchObject({ code: 0 });
    expect(trained.stdout).toMatch(/learnt 300 time steps of 1 stream \(Stufe, Temperatur\)/);
    expect(readFileSync(join(folder, 'german.yaml'), 'utf8')).toMatch(/decimal: ","/);
  });

  it('does not overwrite a configuration', async () => {
    writeFileSync(join(folder, 'short.yaml'), '');
    const trained = await kioku(['train', 'short.csv'], { cwd: folder });
    expect(trained.code).toBe(2);
    expect(trained.stderr).toMatch(/short\.yaml is already there/);
  });
});

describe('kioku train CONFIG', () => {
  it('makes the same model from the same seed', async () => {
    const name = config('seeded.yaml', { source: replay, align: { stepMs: 60_000 }, train: { maxEpochs: 3 } });
    for (const out of ['one', 'two']) {
      expect((await kioku(['train', name, '--out', out], { cwd: folder })).code).toBe(0);
    }
    expect(cardIn('two').modelSha256).toBe(cardIn('one').modelSha256);
  });

  it('keeps the best weights on Ctrl-C', async () => {
    const train = { maxEpochs: 100_000, patienceEpochs: 100_000 };
    const name = config('long.yaml', { source: replay, align: { stepMs: 60_000 }, train });
    const training = new CliProcess(['train', name], { cwd: folder });
    await training.heard(/training \d+ %/);
    training.child.kill('SIGINT');
    const ended = await training.ended();
    expect(ended.code).toBe(0);
    expect(ended.stdout).toMatch(/stopped by you; what was learnt is kept/);
    expect(cardIn('models/long').training.optimiserSteps).toBeGreaterThan(0);
    const checked = await kioku(['inspect', 'models/long', '--json'], { cwd: folder });
    expect(checked.code).toBe(0);
    expect(ended.stderr).toMatch(/the same command with --resume goes on/);
    expect(existsSync(join(folder, 'models/long/training.checkpoint'))).toBe(true);
  });

  it('goes on where it was killed, to the model that it would have made', async () => {
    const train = { maxEpochs: 100, hidden: 8 };
    const name = config('killed.yaml', { source: replay, align: { stepMs: 60_000 }, train });
    // After every step, each of which then waits for the disk: time enough to be killed in.
    const slow = config('slow.yaml', {
      source: replay,
      align: { stepMs: 60_000 },
      model: 'models/killed',
      train: { ...train, checkpointSeconds: 1e-9 },
    });
    const checkpoint = join(folder, 'models/killed/training.checkpoint');
    const training = new CliProcess(['train', slow], { cwd: folder });
    const begun = (): boolean => existsSync(checkpoint) || training.child.exitCode !== null;
    await expect.poll(begun, { timeout: 20_000, interval: 1 }).toBe(true);
    training.child.kill('SIGKILL');
    expect(await training.ended()).toMatchObject({ code: null, signal: 'SIGKILL' });
    expect(existsSync(join(folder, 'models/killed/model.json'))).toBe(false);

    const other = config('other.yaml', {
      source: replay,
      align: { stepMs: 60_000 },
      model: 'models/killed',
      train: { ...train, hidden: 9 },
    });
    const refused = await kioku(['train', other, '--resume'], { cwd: folder });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/other options: train\.hidden 8 \(now 9\)/);

    const resumed = await kioku(['train', name, '--resume'], { cwd: folder });
    expect(resumed).toMatchObject({ code: 0 });
    expect(existsSync(checkpoint)).toBe(false);
    const whole = await kioku(['train', name, '--out', 'whole'], { cwd: folder });
    expect(whole.code).toBe(0);
    const { modelSha256, calibration, training: report } = cardIn('models/killed');
    expect({ modelSha256, calibration }).toEqual({
      modelSha256: cardIn('whole').modelSha256,
      calibration: cardIn('whole').calibration,
    });
    expect(report.optimiserSteps).toBe(cardIn('whole').training.optimiserSteps);
    const nothing = await kioku(['train', name, '--resume'], { cwd: folder });
    expect(nothing.stderr).toMatch(/there is no unfinished training/);
    expect(nothing.code).toBe(1);
  }, 60_000);

  it('shows how the gradient flows back through time', async () => {
    const train = { cell: 'rnn-tanh', maxEpochs: 2, layers: 2, hidden: 8, sequenceLength: 16 };
    const name = config('flow.yaml', { source: replay, align: { stepMs: 60_000 }, train });
    const text = await kioku(['train', name, '--diagnose'], { cwd: folder });
    expect(text.code).toBe(0);
    expect(text.stdout).toMatch(/^steps back {2}layer 1 before {2}layer 2 before {2}layer 1 after {2}layer 2 after$/m);
    expect(text.stdout).toMatch(/^15 +\d\.\de-\d/m);
    expect(text.stdout).toMatch(/^after training, layer 2: (vanishes|carries|explodes)/m);
    const json = await kioku(['train', name, '--diagnose', '--json'], { cwd: folder });
    const { gradients } = JSON.parse(json.stdout) as { gradients: GradientFlows };
    for (const flow of [gradients.initial, gradients.learnt]) {
      expect(flow.map((norms) => norms.length)).toEqual([16, 16]);
      expect(flow.flat().every((norm) => norm > 0)).toBe(true);
    }
  });

  it('says how much data is missing', async () => {
    const name = config('little.yaml', { source: { ...replay, files: 'short.csv' }, align: { stepMs: 60_000 } });
    const trained = await kioku(['train', name], { cwd: folder });
    expect(trained.code).toBe(1);
    expect(trained.stderr).toMatch(/29 time steps to learn from/);
    expect(existsSync(join(folder, 'models/little'))).toBe(false);
  });

  it.each([
    [['train', 'feed.yaml'], /has no past/],
    [['train', 'feed.yaml', '--live'], /how long to listen/],
    [['train', 'feed.yaml', 'boiler.csv', '--live', '--for', '1s'], /not from files/],
    [['train', 'feed.yaml', '--live', '--for', '1s', '--resume'], /which --live cannot give/],
    [['train', 'feed.yaml', 'feed.yaml'], /only one configuration/],
  ])('%s: says what is wrong', async (args, message) => {
    config('feed.yaml', { source: { kind: 'mqtt', url: 'mqtt://127.0.0.1:1', topic: 'a/{device}' } });
    const ended = await kioku(args, { cwd: folder });
    expect(ended.code).toBe(2);
    expect(ended.stderr).toMatch(message);
  });
});

async function publishing(port: number): Promise<void> {
  const client = await mqttClient(`mqtt://127.0.0.1:${port}`);
  let step = 0;
  const timer = setInterval(() => {
    step++;
    client.publish('plant/pump/state', JSON.stringify({ level: Math.sin(step / 5), load: Math.cos(step / 5) }));
  }, 20);
  onTestFinished(() => clearInterval(timer));
}

async function feed(name: string, memoryMb = 512): Promise<{ name: string; port: number }> {
  const port = await freePort();
  const source = { kind: 'mqtt', url: `mqtt://127.0.0.1:${port}`, topic: 'plant/{device}/state' };
  config(name, {
    source,
    broker: { port },
    align: { stepMs: 20 },
    train: { sequenceLength: 8, maxEpochs: 2, memoryMb },
  });
  return { name, port };
}

describe('from the feed itself', () => {
  it('learns what came within the time, also when that is more than memory may hold', async () => {
    const { name, port } = await feed('live.yaml', 0.001);
    const training = new CliProcess(['train', name, '--live', '--for', '3s'], { cwd: folder });
    await training.heard(/connected to the broker/);
    await publishing(port);
    const ended = await training.ended();
    expect(ended.code).toBe(0);
    expect(ended.stderr).toMatch(/the data is larger than train\.memoryMb/);
    expect(cardIn('models/live').channels.map((channel) => channel.name)).toEqual(['level', 'load']);
  });

  it('trains on what was heard when Ctrl-C ends the listening', async () => {
    const { name, port } = await feed('cut.yaml');
    const training = new CliProcess(['train', name, '--live', '--for', '1h'], { cwd: folder });
    await training.heard(/connected to the broker/);
    await publishing(port);
    const listener = await mqttClient(`mqtt://127.0.0.1:${port}`);
    await listener.subscribeAsync('plant/#');
    let heard = 0;
    await new Promise<void>((resolve) => {
      listener.on('message', () => {
        heard += 1;
        if (heard === 100) resolve();
      });
    });
    training.child.kill('SIGINT');
    expect((await training.ended()).code).toBe(0);
    expect(cardIn('models/cut').training.rows).toBeGreaterThan(50);
  });

  it('is recorded, and the recording replays as it was', async () => {
    const { name, port } = await feed('recorded.yaml');
    const recording = new CliProcess(['record', name, '--out', 'feed.jsonl', '--json'], { cwd: folder });
    await recording.heard(/connected to the broker/);
    const client = await mqttClient(`mqtt://127.0.0.1:${port}`);
    for (let i = 0; i < 50; i++) await client.publishAsync('plant/pump/state', JSON.stringify({ i }), { qos: 1 });
    const lines = (): string[] => readFileSync(join(folder, 'feed.jsonl'), 'utf8').trimEnd().split('\n').slice(1);
    await expect.poll(() => lines().length, { timeout: 10_000 }).toBe(50);
    recording.child.kill('SIGINT');
    const ended = await recording.ended();
    expect(ended.code).toBe(0);
    expect(JSON.parse(ended.stdout)).toEqual({ file: 'feed.jsonl', messages: 50 });
    const payloads = lines().map((line) => (JSON.parse(line) as { topic: string; p: string }).p);
    expect(payloads).toEqual(Array.from({ length: 50 }, (_, i) => JSON.stringify({ i })));
    const again = await kioku(['record', name, '--out', 'feed.jsonl'], { cwd: folder });
    expect(again.code).toBe(1);
    expect(again.stderr).toMatch(/there already/);
  });

  it('of audio is recorded as clips that sound as it did', async () => {
    const file = wavOf(tone(12_000, 330, 8000, 2), { sampleRateHz: 8000, channels: 2 });
    writeFileSync(join(folder, 'bell.wav'), file);
    writeFileSync(
      join(folder, 'bells.yaml'),
      'source: { kind: audio-files, files: [bell.wav, bell.wav] }\ndecide: { kind: voice }\n',
    );
    const recorded = await kioku(['record', 'bells.yaml', '--out', 'clips', '--json'], { cwd: folder });
    expect(recorded.code).toBe(0);
    const clips = ['clips/bell-000000.000s.wav', 'clips/bell-2-000000.000s.wav'];
    expect(JSON.parse(recorded.stdout)).toEqual({ folder: 'clips', clips, seconds: 3 });
    expect(readFileSync(join(folder, clips[1])).subarray(44)).toEqual(file.subarray(44));
  });
});
