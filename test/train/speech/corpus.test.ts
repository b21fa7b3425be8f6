import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseTokens } from '../../../src/step/recogniser/tokens-file.js';
import { readCorpus, type Corpus, type Vocabulary } from '../../../src/train/speech/corpus.js';
import { readManifest } from '../../../src/train/speech/manifest.js';
import { countFindings } from '../../../src/train/speech/recordings.js';
import { WordTokens } from '../../../src/train/speech/word-tokens.js';
import { needsSharedData } from '../../support/needs.js';
import { tone, wavOf } from '../../support/wav.js';
import { burst } from './words.js';

/** @param files name → content; a line of the manifest for each entry of `lines` */
async function corpusOf(
  files: Readonly<Record<string, Uint8Array>>,
  lines: readonly string[],
  words?: WordTokens | Vocabulary,
): Promise<Corpus> {
  const folder = await mkdtemp(join(tmpdir(), 'kioku-corpus-'));
  onTestFinished(async () => rm(folder, { recursive: true }));
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes);
  await writeFile(join(folder, 'all.tsv'), lines.join('\n'));
  return readCorpus(await readManifest(join(folder, 'all.tsv')), 8000, words);
}

const keywords: Vocabulary = (transcripts) => WordTokens.ofKeywords(['one', 'seven'], transcripts);
const word = (hz: number): Buffer => wavOf(burst(hz, 300), { sampleRateHz: 8000 });

describe('a corpus', () => {
  it('has recordings of any rate, width and number of channels as mono of one rate', async () => {
    const stereo = wavOf(tone(44_100, 440, 44_100, 2), { sampleRateHz: 44_100, channels: 2, format: 's24le' });
    const { recordings, tokens, problems } = await corpusOf({ 'a.wav': word(500), 'b.wav': stereo }, [
      'a.wav\tOne\tanna',
      'b.wav\ttwo one\t',
    ]);
    expect(problems).toEqual([]);
    expect(recordings.map(({ name, speaker }) => [name, speaker])).toEqual([
      ['a.wav', 'anna'],
      ['b.wav', ''],
    ]);
    expect(recordings.map(({ labels }) => labels.map((id) => tokens.symbol(id)))).toEqual([['▁one'], ['▁two', '▁one']]);
    expect(recordings[0].samples).toHaveLength(800 + 2400 + 400);
    expect(recordings[1].samples).toHaveLength(8000);
    expect(Array.from(recordings[0].samples)).toEqual(Array.from(burst(500, 300), (value) => expect.closeTo(value, 4)));
  });

  it('lists what cannot be used and what is odd, and goes on', async () => {
    const loud = burst(500, 300, 2).map((value) => Math.max(-1, Math.min(1, value)));
    const files = {
      'good.wav': word(500),
      'text.wav': Buffer.from('this is no audio at all, but a sentence'),
      'still.wav': wavOf(new Float32Array(8000), { sampleRateHz: 8000 }),
      'loud.wav': wavOf(loud, { sampleRateHz: 8000 }),
      'short.wav': wavOf(tone(640, 440, 8000), { sampleRateHz: 8000 }),
      'cut.wav': word(700).subarray(0, 4000),
      'nothing.wav': wavOf(new Float32Array(8000), { sampleRateHz: 8000 }),
    };
    const lines = [
      'good.wav\tone',
      'absent.wav\tone',
      'text.wav\tone',
      'still.wav\tone',
      'loud.wav\tone',
      'short.wav\tone one',
      'cut.wav\tone',
      'good.wav\tone three Four three',
      'nothing.wav\t',
    ];
    const { recordings, problems } = await corpusOf(files, lines, new WordTokens(['one', 'two']));
    expect(recordings.map(({ name }) => name)).toEqual(['good.wav', 'loud.wav', 'cut.wav', 'nothing.wav']);
    expect(problems.map(({ name, finding, leftOut }) => [name, finding, leftOut])).toEqual([
      ['absent.wav', 'unreadable', true],
      ['text.wav', 'unreadable', true],
      ['still.wav', 'silent', true],
      ['loud.wav', 'clipped', false],
      ['cut.wav', 'truncated', false],
      ['short.wav', 'too-short', true],
      ['good.wav', 'unknown-word', true],
    ]);
    expect(problems.map(({ text }) => text)).toEqual([
      expect.stringContaining('ENOENT'),
      expect.stringContaining('not WAV'),
      'is silent, but is to say "one"',
      expect.stringMatching(/^is clipped: \d+\.\d % of its samples$/),
      'ends before what its header announces',
      'lasts 80 ms, too short for 2 tokens',
      'says what no token is for: three, four',
    ]);
    expect(countFindings(problems)).toEqual({
      unreadable: 2,
      silent: 1,
      clipped: 1,
      truncated: 1,
      'too-short': 1,
      'unknown-word': 1,
    });
  });

  it('has no tokens for words that are only said in recordings that are left out', async () => {
    const files = {
      'good.wav': word(500),
      'still.wav': wavOf(new Float32Array(8000), { sampleRateHz: 8000 }),
      'short.wav': wavOf(tone(320, 440, 8000), { sampleRateHz: 8000 }),
    };
    const lines = [
      'absent.wav\tabove',
      'good.wav\ttwo one',
      'still.wav\tnine',
      'short.wav\tone six six',
      'good.wav\ttwo two',
    ];
    const { tokens, recordings, problems } = await corpusOf(files, lines);
    expect(tokens.words).toEqual(['one', 'two']);
    expect(recordings.map(({ labels }) => labels)).toEqual([
      [2, 1],
      [2, 2],
    ]);
    expect(problems.map(({ name }) => name)).toEqual(['absent.wav', 'still.wav', 'short.wav']);
  });

  it('has no keyword that is only said in recordings that are left out', async () => {
    const files = { 'good.wav': word(500), 'still.wav': wavOf(new Float32Array(8000), { sampleRateHz: 8000 }) };
    const lines = ['good.wav\tone two', 'still.wav\tseven'];
    await expect(corpusOf(files, lines, keywords)).rejects.toMatchObject({
      code: 'DATA_INVALID',
      message: 'nobody says seven in the recordings to learn from',
    });
    // Why nothing can be used says more than what nobody says.
    await expect(corpusOf(files, lines.slice(1), keywords)).rejects.toThrow(
      'none of 1 recordings can be used: still.wav',
    );
  });

  it('of nothing that can be used is an error that says why', async () => {
    await expect(corpusOf({ 'a.wav': Buffer.from('') }, ['a.wav\tone'])).rejects.toMatchObject({
      code: 'DATA_INVALID',
      message: 'none of 1 recordings can be used: a.wav is empty',
    });
  });

  it('reads real recordings', async (ctx) => {
    const folder = needsSharedData(ctx, 'speech/fsdd/recordings');
    const lines = ['0_george_0', '7_jackson_32'].map((name) => `${folder}/${name}.wav\t${name[0]}\t${name.slice(2)}`);
    const { recordings, problems } = await corpusOf({}, lines);
    expect(problems).toEqual([]);
    for (const { samples, speech } of recordings) {
      expect(samples.length).toBeGreaterThan(1600);
      expect(speech.span.to - speech.span.from).toBeGreaterThan(0.5 * samples.length);
    }
  });
});

describe('word tokens', () => {
  it('are those of all transcripts, in an order of their own, however they are written', () => {
    const tokens = WordTokens.of(['two  one', 'ONE', 'Zürich', 'Zu\u0308rich']);
    expect(Array.from({ length: tokens.size }, (_, id) => tokens.symbol(id))).toEqual([
      '<blk>',
      '▁one',
      '▁two',
      '▁zürich',
    ]);
    expect(tokens.spell(' ZÜRICH two ')).toEqual({ labels: [3, 2] });
    expect(tokens.spell('')).toEqual({ labels: [] });
    expect(tokens.spell('one six six')).toEqual({ unknown: ['six'] });
  });

  it('are read back from tokens.txt', () => {
    const tokens = WordTokens.of(['one two', 'مرحبا']);
    const read = parseTokens(tokens.toText(), 'tokens.txt');
    expect(read.size).toBe(tokens.size);
    for (let id = 0; id < tokens.size; id++) expect(read.symbol(id)).toBe(tokens.symbol(id));
  });
});
