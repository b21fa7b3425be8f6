/** `kioku transcribe` as people use it, and everything that is wrong with the audio, the model or the microphone. */
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alsaClip, programOnPath, stubEnvironment, temporaryFolder } from '../support/alsa.js';
import { gzip, tarOf } from '../support/archives.js';
import { CliProcess, type CliResult, kioku, summaryOf } from '../support/cli.js';
import { FileServer } from '../support/file-server.js';
import { needsProgram } from '../support/needs.js';
import { withMetadata } from '../support/onnx-edit.js';
import { noise } from '../support/samples.js';
import { RATE_HZ, sound } from '../support/sound.js';
import { madeUpWords } from '../support/speech-models/hotwords.js';
import { writeLstmTransducer } from '../support/speech-models/models.js';
import { pcmOf, wavOf } from '../support/wav.js';

const SECONDS = 6;
const HEADER_BYTES = 44;
/** What the nets hear is in 16 bits, so that all files can hold the same. */
const SAMPLES = Float64Array.from(sound(1, SECONDS), (sample) => Math.round(sample * 32_768) / 32_768);
const WAV = wavOf(SAMPLES);

/** Has a recogniser in models/ and is where the commands run. */
let folder = '';
let text = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kioku-transcribe-'));
  await writeLstmTransducer(join(folder, 'models/tiny'));
  await writeFile(join(folder, 'good.wav'), WAV);
  text = (await transcribe('good.wav')).stdout;
});
afterAll(() => rm(folder, { recursive: true }));

function transcribe(...args: string[]): Promise<CliResult> {
  return kioku(['transcribe', ...args], where());
}

/** Without the models that whoever runs the tests has pulled. */
function where() {
  return { cwd: folder, env: { XDG_DATA_HOME: folder } };
}

/** `kioku transcribe -` that is fed by the test. */
function listening(...args: string[]): CliProcess {
  return new CliProcess(['transcribe', '-', ...args], { ...where(), stdin: true });
}

async function piped(bytes: Uint8Array, ...args: string[]): Promise<CliResult> {
  const run = listening(...args);
  run.child.stdin?.end(bytes);
  return run.ended();
}

/** A file of the folder with this in it. */
async function file(name: string, content: Uint8Array | string): Promise<string> {
  await writeFile(join(folder, name), content);
  return name;
}

/** WAV that announces another number of bytes of audio. */
function announcing(bytes: number): Buffer {
  const wav = Buffer.from(WAV);
  wav.writeUInt32LE(bytes, HEADER_BYTES - 4);
  return wav;
}

interface Line {
  readonly type: string;
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly unstable?: boolean;
  readonly alternatives?: readonly { readonly text: string; readonly confidence: number }[];
  readonly words: readonly { readonly text: string; readonly start: number; readonly end: number }[];
}

function linesOf({ stdout }: CliResult): Line[] {
  const lines = stdout.trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Line);
}

describe('kioku transcribe', () => {
  it('writes what is said, a line a segment, and nothing else to stdout', async () => {
    expect(text).toMatch(/^\w+( \w+){10,}\n$/);
    const two = await transcribe('good.wav', await file('again.wav', WAV));
    expect(two.stdout).toBe(`good: ${text}again: ${text}`);
  });

  it('gives one event a line as JSON, in seconds of audio, and a summary', async () => {
    const ended = await transcribe('good.wav', '--json');
    const lines = linesOf(ended);
    const final = lines.find(({ type }) => type === 'final');
    expect(`${final?.text}\n`).toBe(text);
    expect(final?.words.map((word) => word.text).join(' ')).toBe(final?.text);
    expect(final?.words.at(-1)?.end).toBeGreaterThan(SECONDS - 2);
    expect(final?.end).toBeLessThan(SECONDS + 0.5);
    const partials = lines.filter(({ type }) => type === 'partial');
    expect(partials.length).toBeGreaterThan(10);
    expect(partials.every(({ unstable, text }) => unstable === true && final?.text.startsWith(text))).toBe(true);
    expect(summaryOf(ended)).toMatchObject({ type: 'summary', streams: 1, transcripts: 1, counters: {} });
  });

  it('hears the same in a file, in a pipe of unknown length and in raw samples', async () => {
    for (const size of [0, 0xffffffff]) expect((await piped(announcing(size))).stdout).toBe(text);
    const raw = await piped(pcmOf(SAMPLES, 'f64le'), '--raw', 'f64le');
    expect(raw.stdout).toBe(text);
    expect(raw.stderr).not.toContain('"level":40');
  });

  it('says as what it hears raw samples of which nobody has said anything', async () => {
    const { stdout, stderr } = await piped(pcmOf(SAMPLES, 's16le'));
    expect(stdout).toBe(text);
    expect(stderr).toMatch(/"sampleRateHz":16000,"channels":1,"format":"s16le".*taken to be raw audio/);
  });

  it('hears raw samples at the rate that was said, with --raw or without', async () => {
    for (const args of [['--raw', 's16le'], []]) {
      const { stdout } = await piped(pcmOf(SAMPLES, 's16le'), '--rate', '32000', '--json', ...args);
      const final = stdout.split('\n').find((line) => line.startsWith('{"type":"final"')) ?? '{}';
      expect((JSON.parse(final) as Line).end).toBeLessThan(SECONDS / 2 + 0.5);
    }
  });

  it.each([
    ['--rate and --channels are for raw audio', ['good.wav', '--rate', '8000']],
    ['--device is for the input mic', ['good.wav', '--device', 'plughw:1,0']],
    ['not for the microphone', ['mic', '--rate', '8000']],
    ['are for --search beam', ['good.wav', '--search', 'greedy', '--hotword', 'bafa']],
    ['are for --search beam', ['good.wav', '--search', 'greedy', '--language-model', 'words.arpa']],
    ['--word-bonus is for --language-model', ['good.wav', '--word-bonus', '1']],
    ['are told with --json only', ['good.wav', '--alternatives', '2']],
  ])('takes no option that would do nothing: %s', async (message, args) => {
    const { code, stdout, stderr } = await transcribe(...args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
  });

  it('searches with a beam, hears hotwords more readily, and tells other ways to read', async () => {
    const beam = await transcribe('good.wav', '--search', 'beam');
    expect(beam.stdout).toMatch(/^\w+( \w+)+\n$/);
    const words = madeUpWords(100, 60, 3).flatMap(({ phrase, boost }) => ['--hotword', `${phrase}:${boost}`]);
    const hot = await transcribe('good.wav', ...words, '--json', '--alternatives', '3');
    const final = linesOf(hot).find(({ type }) => type === 'final');
    expect(`${final?.text}\n`).not.toBe(beam.stdout);
    expect(final?.alternatives?.[0].text).toBe(final?.text);
    expect(final?.alternatives?.length).toBeGreaterThan(1);
    const phrases = ['ba', 'ga', 'ko', 'vu', 'hi di'];
    const only = await transcribe('good.wav', ...phrases.flatMap((phrase) => ['--only', phrase]));
    expect(only.stdout).toMatch(/^((ba|ga|ko|vu|hi di) ?)+\n$/);
    const refused = await transcribe('good.wav', '--hotword', 'QQQ:2');
    expect([refused.code, refused.stdout]).toEqual([1, '']);
    expect(refused.stderr).toContain("the tokens of the model cannot spell 'QQQ'");
  });

  it('is told by a language model which words are likely, and where its file is damaged', async () => {
    const likely = ['ba', 'ga', 'ko', 'vu', 'hi', 'di'];
    const lines = ['-6\t<unk>', '-99\t<s>', '-1\t</s>', ...likely.map((word) => `-0.8\t${word}`)];
    const arpa = `\\data\\\nngram 1=${lines.length}\n\n\\1-grams:\n${lines.join('\n')}\n\n\\end\\\n`;
    await file('likely.arpa', arpa);
    const share = ({ stdout }: CliResult): number => {
      const words = stdout.trim().split(' ');
      return words.filter((word) => likely.includes(word)).length / words.length;
    };
    const [without, withOne] = [
      await transcribe('good.wav', '--search', 'beam'),
      await transcribe('good.wav', '--language-model', 'likely.arpa:2'),
    ];
    expect(share(withOne)).toBeGreaterThan(share(without));
    const many = await transcribe('good.wav', '--language-model', 'likely.arpa:2', '--word-bonus', '6');
    expect(many.stdout.split(' ').length).toBeGreaterThan(withOne.stdout.split(' ').length);
    await file('damaged.arpa', arpa.replace('-1\t</s>', '+1\t</s>'));
    const damaged = await transcribe('good.wav', '--language-model', 'damaged.arpa');
    expect([damaged.code, damaged.stdout]).toEqual([1, '']);
    expect(damaged.stderr).toMatch(/damaged\.arpa, line 7: '\+1' is no logarithm/);
  });

  it('writes words while they are spoken, and when it is stopped amid them, all that was heard', async () => {
    const run = listening();
    const half = HEADER_BYTES + SAMPLES.length;
    run.child.stdin?.write(announcing(0xffffffff).subarray(0, half));
    await run.heard(/^\w+ \w+ \w+/m);
    const early = run.stdout;
    expect(text.startsWith(early)).toBe(true);
    expect(early).not.toContain('\n');
    run.child.kill('SIGINT');
    const { code, stdout } = await run.ended();
    expect(code).toBe(0);
    // The last word is heard in the silence that is put behind the audio.
    expect(stdout).toBe(
      (await transcribe(await file('half.wav', wavOf(SAMPLES.subarray(0, SAMPLES.length / 2))))).stdout,
    );
    expect(stdout.endsWith('\n')).toBe(true);
  });

  it('recognises only what is speech when it is told to', async () => {
    const ended = await transcribe('good.wav', '--vad', '--json');
    // A tone that wanders is none.
    expect(ended.code).toBe(0);
    expect(linesOf(ended).map(({ type }) => type)).toEqual(['summary']);
  });
});

describe('audio that is not as it should be', () => {
  it.each([
    ['an empty file', 'is empty', ''],
    ['text', 'is text, not WAV', 'Dear diary, today I renamed a file to .wav.'],
    ['a FLAC file', 'is a FLAC file, not WAV', 'fLaC\0\0\0\x22 and so on'],
    ['a header that is cut off', 'is a WAV file that ends before its audio', WAV.subarray(0, 30)],
  ])('%s named .wav is an error that says what it is', async (_, message, content) => {
    const { code, stdout, stderr } = await transcribe(await file('named.wav', content));
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(`named.wav ${message}`);
  });

  it('raw audio in a file is an error that says how to have it read', async () => {
    const { stderr } = await transcribe(await file('samples.raw', pcmOf(SAMPLES, 's16le')));
    expect(stderr).toContain('samples.raw does not begin like a WAV file');
    expect(stderr).toContain('`--raw`');
  });

  it('a WAV without a sample has nothing to say', async () => {
    const ended = await transcribe(await file('silent.wav', wavOf([])), '--json');
    expect(ended.code).toBe(0);
    expect(summaryOf(ended)).toMatchObject({ transcripts: 0, counters: {} });
  });

  it('a truncated WAV is written down as far as it goes, with a warning', async () => {
    const part = WAV.subarray(0, HEADER_BYTES + SAMPLES.length);
    const ended = await transcribe(await file('truncated.wav', part), '--json');
    expect(ended.code).toBe(0);
    expect(ended.stderr).toMatch(/"missingSeconds":3,.*ends before the audio that it announces/);
    expect(summaryOf(ended)).toMatchObject({ transcripts: 1, counters: { 'decode.wav-truncated': 1 } });
  });

  it('a header that claims 4 GB does not cost any', async () => {
    const ended = await transcribe(await file('claims.wav', announcing(0xfffffff0)), '--json');
    expect(linesOf(ended).find(({ type }) => type === 'final')?.text).toBe(text.trimEnd());
    expect(summaryOf(ended).counters).toEqual({ 'decode.wav-truncated': 1 });
  });

  it('three channels of float are mixed, and the log says so', async () => {
    const three = Float64Array.from({ length: 3 * SAMPLES.length }, (_, i) => SAMPLES[Math.floor(i / 3)]);
    const { stdout, stderr } = await transcribe(
      await file('three.wav', wavOf(three, { format: 'f32le', channels: 3 })),
    );
    expect(stdout).toBe(text);
    expect(stderr).toContain('mean of 3 channels');
  });

  it('8 kHz is resampled for a model of 16 kHz, said, and lasts as long as it lasts', async () => {
    const half = SAMPLES.filter((_, i) => i % 2 === 0);
    const ended = await transcribe(await file('8k.wav', wavOf(half, { sampleRateHz: 8000 })), '--json');
    expect(ended.stderr).toMatch(/"fromHz":8000,"toHz":16000/);
    const final = linesOf(ended).find(({ type }) => type === 'final');
    expect(final?.words.length).toBeGreaterThan(10);
    expect(final?.words.at(-1)?.end).toBeGreaterThan(SECONDS - 2);
    expect(final?.end).toBeLessThan(SECONDS + 0.5);
  });
});

/** What a copy of the recogniser does after it was damaged. */
async function damaged(name: string, damage: (model: string) => Promise<void>): Promise<CliResult> {
  await cp(join(folder, 'models/tiny'), join(folder, name), { recursive: true });
  await damage(join(folder, name));
  return transcribe('good.wav', '--model', name);
}

describe('a model that is not as it should be', () => {
  it('with tokens.txt shorter than the vocabulary', async () => {
    const { code, stderr } = await damaged('short', (model) => writeFile(join(model, 'tokens.txt'), '<blk> 0\na 1\n'));
    expect(code).toBe(1);
    expect(stderr).toMatch(/tokens\.txt has 2 tokens, but encoder\.onnx knows 100/);
  });

  it('with an encoder without metadata', async () => {
    const { code, stderr } = await damaged('bare', async (model) => {
      const path = join(model, 'encoder.onnx');
      await writeFile(path, withMetadata(await readFile(path), {}));
    });
    expect(code).toBe(1);
    expect(stderr).toMatch(/encoder\.onnx has no metadata 'model_type'/);
  });

  it('from an archive that reaches out of its folder', async () => {
    const server = await FileServer.start();
    server.content = gzip(tarOf([{ path: 'model/../../../outside.txt', content: 'caught' }]));
    const to = join(folder, 'deep/er/model');
    const { code, stderr } = await kioku(['models', 'pull', server.url('evil.tar.gz'), '--to', to]);
    expect(code).toBe(1);
    expect(stderr).toContain('../../../outside.txt');
    expect(
      ['outside.txt', 'deep/outside.txt', 'deep/er/outside.txt'].some((path) => existsSync(join(folder, path))),
    ).toBe(false);
    expect(existsSync(to)).toBe(false);
  });
});

describe('a microphone that cannot be recorded', () => {
  it('because no program for it is there', async () => {
    stubEnvironment('PATH', temporaryFolder());
    const { code, stderr } = await transcribe('mic');
    expect(code).toBe(1);
    expect(stderr).toContain('parec, arecord, ffmpeg are not installed');
  });

  it('because it is absent', async (ctx) => {
    alsaClip(ctx, noise(RATE_HZ));
    stubEnvironment('PULSE_SERVER', `unix:${temporaryFolder()}/none`);
    const { code, stderr } = await transcribe('mic', '--device', 'nowhere');
    expect(code).toBe(1);
    expect(stderr).toMatch(/arecord: audio open error: No such file or directory/);
    expect(stderr).toMatch(/kioku devices/i);
  });

  it('because somebody else has it', async (ctx) => {
    needsProgram(ctx, 'strace');
    const raw = alsaClip(ctx, noise(RATE_HZ));
    stubEnvironment('PULSE_SERVER', `unix:${temporaryFolder()}/none`);
    programOnPath(
      'arecord',
      `exec strace -f -o /dev/null -P ${raw} -e inject=openat:error=EBUSY /usr/bin/arecord "$@"`,
    );
    // It would get in the same way, but is not watched by strace.
    programOnPath('ffmpeg', 'exit 1');
    const { code, stderr } = await transcribe('mic', '--device', 'clip');
    expect(code).toBe(1);
    expect(stderr).toMatch(/Device or resource busy.*Another program holds the device/i);
  });
});
