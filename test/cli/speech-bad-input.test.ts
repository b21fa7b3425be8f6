/** Recordings, transcripts and hotwords that are not as they should be, given to `kioku train`, `evaluate` and `transcribe`. */
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { LearntSpeech } from '../../src/learn-speech.js';
import { type CliResult, kioku } from '../support/cli.js';
import { wavOf } from '../support/wav.js';
import { spoken, tonesJob } from '../train/speech/tones.js';
import { RATE_HZ } from '../train/speech/words.js';

/** A recording of 200 ms, of which five steps of 40 ms are one too few for six words and the blanks between them. */
const SHORT = 'learnt-0-low-200.wav';
const TOO_MANY = 'low low low low low low';

let folder = '';
let trained: CliResult;
let learnt: LearntSpeech;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kioku-speech-bad-'));
  const { train, speech } = tonesJob(folder);
  const { cell, hidden, lanes, learningRate, clipNorm } = train;
  writeFileSync(join(folder, 'diary.wav'), 'Dear diary, today I renamed a file to .wav.');
  writeFileSync(join(folder, 'silent.wav'), wavOf(new Float32Array(RATE_HZ / 2), { sampleRateHz: RATE_HZ }));
  const loud = spoken('low', 1, 300).map((sample) => Math.max(-1, Math.min(1, 20 * sample)));
  writeFileSync(join(folder, 'clipped.wav'), wavOf(loud, { sampleRateHz: RATE_HZ }));
  const lines = [
    'gone.wav\tlow',
    'diary.wav\thigh',
    'silent.wav\tlow',
    'clipped.wav\tlow\tlearnt0',
    `${SHORT}\t${TOO_MANY}\tlearnt0`,
    'no tab',
  ];
  appendFileSync(join(folder, 'learnt.tsv'), `\n${lines.join('\n')}\n`);
  appendFileSync(join(folder, 'tried.tsv'), '\ntried-0-low-200.wav\tlow ☎ middle\ttried0\n');
  const config = {
    model: 'tones',
    source: { kind: 'microphone' },
    decide: { kind: 'transcribe' },
    train: { cell, hidden, lanes, learningRate, clipNorm, maxEpochs: 3 },
    speech: {
      manifest: 'learnt.tsv',
      heldOut: 'tried.tsv',
      licence: 'CC0-1.0',
      sampleRateHz: RATE_HZ,
      melBins: speech.melBins,
      frameEpochs: 2,
    },
  };
  writeFileSync(join(folder, 'tones.yaml'), stringify(config));
  trained = await run('train', 'tones.yaml', '--json');
  if (trained.code === 0) learnt = JSON.parse(trained.stdout) as LearntSpeech;
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true }));

function run(...args: string[]): Promise<CliResult> {
  return kioku(args, { cwd: folder });
}

describe('kioku train', () => {
  it('goes on with the rest, and writes down in the card what it could not use', () => {
    expect([trained.code, learnt.stopped]).toEqual([0, 'epochs']);
    const [training, heldOut] = learnt.card.data;
    // Three speakers with four each, and the clipped one.
    expect([training.recordings, training.badLines, heldOut?.recordings]).toEqual([13, 1, 8]);
    expect(training.problems).toEqual({ unreadable: 2, silent: 1, clipped: 1, 'too-short': 1 });
    expect(heldOut?.problems).toEqual({ 'unknown-word': 1 });
    expect(learnt.card.words).toEqual(['high', 'low']);
  });

  it.each([
    ['a recording that is absent', 'learnt.tsv: gone.wav cannot be read: ENOENT'],
    ['one that is no WAV', 'learnt.tsv: diary.wav is text, not WAV; it is left out'],
    ['one that is silent', 'learnt.tsv: silent.wav is silent, but is to say "low"; it is left out'],
    ['a transcript longer than the audio allows', `learnt.tsv: ${SHORT} lasts 200 ms, too short for 6 tokens; it is`],
    ['a transcript with unknown symbols', 'tried-0-low-200.wav says what no token is for: ☎, middle; it is left out'],
    ['a line that is none', 'learnt.tsv: line 18 has no tab'],
  ])('names %s', (_, text) => {
    expect(trained.stderr).toContain(text);
  });

  it('names a recording that is clipped, and learns from it', () => {
    expect(trained.stderr).toMatch(/learnt\.tsv: clipped\.wav is clipped: \d+\.\d % of its samples\n/);
  });
});

interface Report {
  readonly utterances: number;
  readonly unknownWords: object;
  readonly unheard: readonly { readonly name: string }[];
  readonly odd: readonly { readonly name: string; readonly reason: string }[];
  readonly results: readonly { readonly recording: string; readonly heard: string; readonly wordErrors: number }[];
}

describe('kioku evaluate', () => {
  let report: Report;
  let code: number | null;
  beforeAll(async () => {
    const lines = [
      'gone.wav\tlow',
      'diary.wav\thigh',
      'silent.wav\tlow high',
      'clipped.wav\tlow',
      `${SHORT}\t${TOO_MANY}`,
      'tried-0-low-200.wav\tlow ☎ middle',
    ];
    writeFileSync(join(folder, 'bad.tsv'), lines.join('\n'));
    const ended = await run('evaluate', 'bad.tsv', '--model', 'tones', '--json');
    code = ended.code;
    report = JSON.parse(ended.stdout) as Report;
  });

  it('lists what it cannot read, goes on with the rest, and fails in the end', () => {
    expect(code).toBe(1);
    expect(report.unheard.map(({ name }) => name)).toEqual(['gone.wav', 'diary.wav']);
    expect(report.utterances).toBe(4);
  });

  it('names what is silent or clipped, and counts words of silence as not heard', () => {
    expect(report.odd).toEqual([
      { name: 'silent.wav', reason: 'is silent, but is to say "low high"' },
      { name: 'clipped.wav', reason: expect.stringMatching(/^is clipped: \d+\.\d % of its samples$/) },
    ]);
    expect(report.results[0]).toMatchObject({ recording: 'silent.wav', heard: '', wordErrors: 2 });
  });

  it('names words that the vocabulary cannot spell: none of them can be right', () => {
    expect(report.unknownWords).toEqual({ middle: 1 });
    expect(report.results[3].wordErrors).toBeGreaterThanOrEqual(1);
  });

  it('counts words for which a recording is too short as errors', () => {
    expect(report.results[2]).toMatchObject({ recording: SHORT });
    expect(report.results[2].wordErrors).toBeGreaterThanOrEqual(4);
  });
});

describe('kioku transcribe', () => {
  it('says why it writes nothing down of a silent file, and that one is clipped', async () => {
    const { code, stdout, stderr } = await run('transcribe', 'silent.wav', 'clipped.wav', '--model', 'tones');
    expect(code).toBe(0);
    expect(stdout).not.toContain('silent:');
    expect(stderr).toContain('silent is silent: no sound in it is above the last bit of 16\n');
    expect(stderr).toMatch(/^clipped is clipped: \d+\.\d % of its samples$/m);
  });

  it('says nothing of a file that is as it should be', async () => {
    const { stderr } = await run('transcribe', SHORT, '--model', 'tones');
    expect(stderr).not.toMatch(/is (silent|clipped)/);
  });
});

describe('a hotword that the vocabulary cannot spell', () => {
  it.each([
    ['transcribe', ['transcribe', SHORT, '--model', 'tones', '--hotword', 'low middle']],
    ['evaluate', ['evaluate', 'tried.tsv', '--model', 'tones', '--hotword', 'low middle']],
    ['run', ['run', 'hotword.yaml']],
  ])('is an error of kioku %s that names it', async (_, args) => {
    const config = {
      model: 'tones',
      source: { kind: 'audio-files', files: SHORT },
      decide: { kind: 'transcribe', search: 'beam', hotwords: [{ phrase: 'low middle' }] },
    };
    writeFileSync(join(folder, 'hotword.yaml'), stringify(config));
    const { code, stdout, stderr } = await run(...args);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain("the tokens of the model cannot spell 'low middle'");
  });
});
