/** `kioku demo listen` as a process: with a recogniser of a made-up language, and with the one that is shipped. */
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { parse, stringify } from 'yaml';
import type { ListenFiles, ListenOptions } from '../../src/cli/demo/listen.js';
import type { ListeningResult } from '../../src/cli/demo/listening-result.js';
import { programOnPath, stubEnvironment } from '../support/alsa.js';
import { ROOT } from '../support/build.js';
import { CliProcess, kioku } from '../support/cli.js';
import { mqttClient } from '../support/publisher.js';
import { chord, writeTwoTones } from '../support/speech-models/two-tones.js';
import { pcmOf, wavOf } from '../support/wav.js';

const RATE_HZ = 8000;
const WORDS = ['low', 'high', 'high', 'low'] as const;
const PAUSE_MS = 300;
const WORD_MS = 230;
const ONE_MS = PAUSE_MS + WORD_MS;

let folder = '';
let files: ListenFiles;

/** Words with pauses before and behind them. */
function sentence(): Float32Array {
  const pause = new Float32Array((PAUSE_MS * RATE_HZ) / 1000);
  const pieces = WORDS.flatMap((word) => [pause, chord(word, WORD_MS, RATE_HZ)]);
  return Float32Array.from([...pieces, pause].flatMap((piece) => Array.from(piece)));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kioku-demo-listen-'));
  const model = await writeTwoTones(join(folder, 'model'));
  const sample = join(folder, 'sample');
  await mkdir(sample);
  await writeFile(join(sample, 'digits.wav'), wavOf(sentence(), { sampleRateHz: RATE_HZ }));
  const words = WORDS.map((text, i) => ({ text, startMs: i * ONE_MS + PAUSE_MS, endMs: (i + 1) * ONE_MS }));
  await writeFile(join(sample, 'digits.json'), JSON.stringify({ voice: 'chords', words }));
  // Chords are no speech, which is all that the shipped configuration lets through.
  const shipped = parse(await readFile(join(ROOT, 'configs/demo-listen.yaml'), 'utf8')) as Record<string, object>;
  const endpoint = { rules: [{ afterSpeech: true, silenceMs: 1000 }] };
  const source = { ...shipped['source'], sampleRateHz: RATE_HZ };
  const config = join(folder, 'demo-listen.yaml');
  await writeFile(config, stringify({ ...shipped, source, decide: { kind: 'transcribe', endpoint } }));
  files = { config, model, sample };
});
afterAll(() => rm(folder, { recursive: true }));

/** The demo with the files of this test. */
function demo(options: ListenOptions, changed: Partial<ListenFiles> = {}): CliProcess {
  const args = [JSON.stringify(options), JSON.stringify({ ...files, ...changed })];
  const entry = ['--import', 'tsx', `${ROOT}test/support/listen-demo-child.ts`];
  const running = new CliProcess(args, { entry });
  onTestFinished(() => void running.child.kill('SIGKILL'));
  return running;
}

interface Published {
  readonly type: string;
  readonly text: string;
}

/** What is published on the broker of a demo: `next` resolves with the next result of that type. */
async function subscribed(running: CliProcess, topic: string) {
  await running.heard(/mosquitto_sub -h 127\.0\.0\.1 -p \d+ -v -t 'kioku\/demo-listen\/transcripts\/#'/);
  const port = / -p (\d+) /.exec(running.stderr)?.[1] ?? '';
  const client = await mqttClient(`mqtt://127.0.0.1:${port}`);
  const waiting: { readonly type: string; readonly resolve: (published: Published) => void }[] = [];
  client.on('message', (from, payload) => {
    const published = JSON.parse(payload.toString()) as Published;
    const i = waiting.findIndex(({ type }) => from === topic && type === published.type);
    if (i >= 0) waiting.splice(i, 1)[0].resolve(published);
  });
  await client.subscribeAsync('kioku/demo-listen/transcripts/#', { qos: 1 });
  return (type: string): Promise<Published> => new Promise((resolve) => void waiting.push({ type, resolve }));
}

/** How the demo ended, and the JSON that it printed. */
async function resultOf(running: CliProcess): Promise<ListeningResult> {
  const { code, stdout } = await running.ended();
  expect(code).toBe(0);
  return JSON.parse(stdout) as ListeningResult;
}

/** A program that records what is written into the pipe, then nothing more. @returns the pipe */
function microphone(name: string): string {
  const pipe = join(folder, name);
  execFileSync('mkfifo', [pipe]);
  programOnPath('parec', `cat ${pipe}; exec sleep 1000`);
  return pipe;
}

describe('kioku demo listen with a sample', () => {
  it('publishes words while it plays, plays again for who comes late, and ends on Ctrl-C', async () => {
    const running = demo({ sample: true, json: true });
    const next = await subscribed(running, 'kioku/demo-listen/transcripts/sample');
    const begun = await next('partial');
    const whole = await next('final');
    expect(whole.text.startsWith(begun.text)).toBe(true);
    await running.heard(/again: low/);
    running.child.kill('SIGINT');
    const result = await resultOf(running);
    expect(result).toMatchObject({ source: 'sample', topic: 'kioku/demo-listen/transcripts/sample', spoken: WORDS });
    expect(result.heard.join(' ')).toBe(whole.text);
    expect(result).not.toHaveProperty('reason');
    expect(result.mistakes === 0).toBe(whole.text === WORDS.join(' '));
    expect(result.audioSeconds).toBeCloseTo((WORDS.length * ONE_MS + PAUSE_MS) / 1000, 2);
    expect(result.realTimeFactor).toBeGreaterThan(0);
    // It cannot be known before most of it is heard, but this machine may be busy with other tests.
    expect(result.delayMs).toBeGreaterThan(-WORD_MS);
  }, 120_000);

  it('takes the place of a microphone that cannot be recorded, says why, word by word, and what came of it', async () => {
    stubEnvironment('PATH', folder);
    const running = demo({ once: true });
    const { code, stdout, stderr } = await running.ended();
    expect(code).toBe(0);
    expect(stderr).toMatch(/parec, arecord, ffmpeg are not installed; so a sample is played instead, in real time/);
    const lines = stdout.trimEnd().split('\n');
    const heard = lines.map((line) => /^ *\d+\.\d\d s {2}(low|high)\b/.exec(line)?.[1]);
    expect(stdout).toMatch(/^ *0\.\d\d s {2}low +told \d+ ms (before|after) its end$/m);
    expect(stderr).toContain(`spoken: ${WORDS.join(' ')}\nheard:  ${heard.join(' ')} (`);
    expect(stderr).toMatch(/A word was told .* in the median.*real-time factor 0\.\d+/);
    expect(stderr).toContain('The voice is synthetic (chords)');
  }, 120_000);

  it('stops in the middle, and says so', async () => {
    const running = demo({ sample: true });
    await running.heard(/ s {2}(low|high)/);
    running.child.kill('SIGINT');
    const { code, stderr } = await running.ended();
    expect(code).toBe(0);
    expect(stderr).toMatch(/^heard in \d\.\d s, stopped before its end: (low|high)/m);
    expect(stderr).not.toMatch(/spoken:|again/);
  }, 120_000);

  it('says that there is no recogniser', async () => {
    const running = demo({ sample: true }, { model: join(folder, 'absent') });
    const { code, stderr } = await running.ended();
    expect(code).toBe(1);
    expect(stderr).toContain('MODEL_MISSING');
  }, 60_000);
});

describe('kioku demo listen with a microphone', () => {
  it('shows what is said, publishes it, and with --once ends at the pause', async () => {
    const pipe = microphone('spoken');
    const running = demo({ once: true, json: true });
    const next = await subscribed(running, 'kioku/demo-listen/transcripts/microphone');
    const published = next('final');
    const quiet = new Float32Array(2 * RATE_HZ);
    await writeFile(pipe, pcmOf(Float32Array.from([...sentence(), ...quiet]), 's16le'));
    const whole = await published;
    const result = await resultOf(running);
    expect(result).toMatchObject({ source: 'microphone', topic: 'kioku/demo-listen/transcripts/microphone' });
    expect(result.heard.length).toBeGreaterThan(0);
    expect(result.heard.join(' ')).toBe(whole.text);
    expect(result).not.toHaveProperty('spoken');
    expect(running.stderr).toContain('the microphone is on');
    expect(running.stderr).not.toContain('sample is played');
  }, 120_000);

  it('says when it gives nothing but silence, and when there is sound', async () => {
    const pipe = microphone('silent');
    const running = demo({});
    await running.heard(/mosquitto_sub/);
    const silence = new Float32Array(4.5 * RATE_HZ);
    await writeFile(pipe, pcmOf(Float32Array.from([...silence, ...chord('low', WORD_MS, RATE_HZ)]), 's16le'));
    await running.heard(/nothing but silence; it may be muted.*\n(.*\n)*there is sound now/);
    running.child.kill('SIGINT');
    const { code, stderr } = await running.ended();
    expect(code).toBe(0);
    expect(stderr).toMatch(/^heard in 4\.\d s: /m);
  }, 120_000);

  it('that was named and cannot be recorded is an error, not a sample', async () => {
    stubEnvironment('PATH', folder);
    const { code, stderr } = await demo({ device: 'nowhere' }).ended();
    expect(code).toBe(1);
    expect(stderr).toMatch(/cannot record: .* not installed/);
    expect(stderr).not.toContain('sample is played');
  }, 60_000);
});

it.each([
  [['load', '--listen'], '--listen is the other demo'],
  [['listen', '--learn', '5s'], '--learn is for the demo of the load'],
  [['--listen', '--no-burn'], '--no-burn is for the demo of the load'],
  [['--sample'], '--sample is for the demo that listens'],
  [['listen', '--sample', '--device', 'x'], '--sample plays a sample'],
])('kioku demo %j is refused', async (args, reason) => {
  const { code, stderr } = await kioku(['demo', ...args]);
  expect(code).toBe(2);
  expect(stderr).toContain(reason);
});

it('the shipped recogniser understands the shipped sample', async () => {
  const running = new CliProcess(['demo', '--listen', '--sample', '--once', '--json']);
  onTestFinished(() => void running.child.kill('SIGKILL'));
  const { heard, spoken: said, mistakes } = await resultOf(running);
  expect(said).toHaveLength(10);
  // If not, the sample is to be made again with this recogniser: bench/tools/listen-sample.ts.
  expect({ heard, few: (mistakes ?? said?.length ?? 0) <= 1 }).toMatchObject({ few: true });
}, 120_000);
