import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import wav from 'node-wav';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type StringOptions, type StringUtterance, withStrings } from '../../src/evaluate/strings.js';
import { speechIn } from '../../src/train/speech/level.js';
import type { Utterance } from '../../src/train/speech/manifest.js';
import type { Problem } from '../../src/train/speech/recordings.js';
import { wavOf } from '../support/wav.js';
import { burst, RATE_HZ, WORDS } from '../train/speech/words.js';

const PLAIN: StringOptions = { count: 12, words: [1, 4], gapMs: [100, 400], snrDb: 20, seed: 7 };
const PIECE_MS = 10;

/** Two words of each of two speakers, in files, beside what else is in `files`. */
function manifestOf(files: Readonly<Record<string, Uint8Array>> = {}): Utterance[] {
  const folder = mkdtempSync(join(tmpdir(), 'kioku-words-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const all: [name: string, transcript: string, speaker: string, content: Uint8Array][] = [
    ...WORDS.map(({ name, transcript, speaker, samples }): [string, string, string, Uint8Array] => [
      name,
      transcript,
      speaker,
      wavOf(samples, { sampleRateHz: RATE_HZ }),
    ]),
    ...Object.entries(files).map(([name, content]): [string, string, string, Uint8Array] => [
      name,
      'x',
      'anna',
      content,
    ]),
  ];
  return all.map(([name, transcript, speaker, content]) => {
    writeFileSync(join(folder, name), content);
    return { name, file: join(folder, name), transcript, speaker };
  });
}

interface Made extends StringUtterance {
  readonly samples: Float32Array;
}

async function made(
  utterances: readonly Utterance[],
  options: Partial<StringOptions> = {},
): Promise<{ readonly strings: readonly Made[]; readonly problems: readonly Problem[] }> {
  const goOn = new AbortController().signal;
  const all = await withStrings(utterances, RATE_HZ, { ...PLAIN, ...options }, goOn, async (strings, problems) => ({
    strings: strings.map((one) => ({ ...one, samples: wav.decode(readFileSync(one.file)).channelData[0] })),
    problems,
  }));
  return all ?? { strings: [], problems: [] };
}

describe('strings of joined recordings', () => {
  it('are of one speaker each, and say what their recordings say, until nobody needs them any more', async () => {
    const { strings } = await made(manifestOf());
    expect(strings).toHaveLength(12);
    for (const { name, transcript, speaker, words, file } of strings) {
      const parts = name.split(' + ');
      expect(parts.length).toBeGreaterThanOrEqual(1);
      expect(parts.length).toBeLessThanOrEqual(4);
      expect(parts.every((part) => part.endsWith(`-${speaker}.wav`))).toBe(true);
      expect(transcript).toBe(parts.map((part) => part.split('-')[0]).join(' '));
      expect(words.map(({ text }) => text).join(' ')).toBe(transcript);
      expect(existsSync(file)).toBe(false);
    }
    expect(new Set(strings.map(({ speaker }) => speaker))).toEqual(new Set(['anna', 'bert']));
    expect(new Set(strings.map(({ name }) => name.split(' + ').length)).size).toBeGreaterThan(2);
  });

  it('know where each word ends', async () => {
    const { strings } = await made(manifestOf());
    for (const { samples, words } of strings) {
      for (const [i, { endUs = NaN }] of words.entries()) {
        const end = Math.round((endUs * RATE_HZ) / 1e6);
        const piece = (RATE_HZ * PIECE_MS) / 1000;
        // Loud before it, and a pause behind it.
        expect(speechIn(samples.subarray(end - 3 * piece, end), RATE_HZ).power).toBeGreaterThan(1e-4);
        expect(samples.subarray(end, end + 9 * piece).every((sample) => sample === 0)).toBe(true);
        expect(endUs).toBeGreaterThan(i === 0 ? 0 : (words[i - 1].endUs ?? NaN));
      }
    }
  });

  it('are the same for the same seed, whatever their number, and others for another', async () => {
    const utterances = manifestOf();
    const [some, more, others] = [
      await made(utterances, { count: 5, noise: 'babble' }),
      await made(utterances, { noise: 'babble' }),
      await made(utterances, { count: 5, noise: 'babble', seed: 8 }),
    ];
    expect(some.strings.map(({ samples }) => samples)).toEqual(more.strings.slice(0, 5).map(({ samples }) => samples));
    expect(some.strings.map(({ name }) => name)).not.toEqual(others.strings.map(({ name }) => name));
  });

  it.each(['pink', 'babble'] as const)('have as much %s noise as was asked for', async (noise) => {
    const utterances = manifestOf();
    const { strings: quiet } = await made(utterances);
    const { strings: noisy } = await made(utterances, { noise, snrDb: 12 });
    for (const [k, { samples, words }] of noisy.entries()) {
      const plain = quiet[k].samples;
      const added = samples.map((sample, i) => sample - plain[i]);
      const noisePower = meanOf(added);
      // Speech is at -26 dB.
      expect(10 * Math.log10(10 ** -2.6 / noisePower)).toBeCloseTo(12, 0);
      expect(words).toEqual(quiet[k].words);
    }
  });

  it.each([undefined, 'babble'] as const)('have edges that change nothing between them (noise: %s)', async (noise) => {
    const utterances = manifestOf();
    const { strings: tight } = await made(utterances, { edgesMs: [0, 0], noise });
    const { strings: roomy } = await made(utterances, { edgesMs: [300, 500], noise });
    for (const [k, { samples, words, name }] of tight.entries()) {
      const around = roomy[k];
      expect(around.name).toBe(name);
      const beforeMs = ((around.words[0].endUs ?? NaN) - (words[0].endUs ?? NaN)) / 1000;
      expect(beforeMs).toBeGreaterThanOrEqual(300);
      expect(beforeMs).toBeLessThanOrEqual(500);
      const before = Math.round((beforeMs * RATE_HZ) / 1000);
      expect(around.samples.subarray(before, before + samples.length)).toEqual(samples);
      // The first and the last 10 ms are speech, and it ends where the last word does.
      const piece = (RATE_HZ * PIECE_MS) / 1000;
      for (const end of [samples.subarray(0, piece), samples.subarray(-piece)]) {
        expect(speechIn(end, RATE_HZ).power).toBeGreaterThan(1e-4);
      }
      expect(words.at(-1)?.endUs).toBe((samples.length * 1e6) / RATE_HZ);
      // Speech is at -26 dB, the room 20 dB below it, or 40 where there is no noise.
      const room = [around.samples.subarray(0, before), around.samples.subarray(before + samples.length)];
      for (const part of room) {
        expect(part.length).toBeGreaterThanOrEqual(0.3 * RATE_HZ);
        expect(10 * Math.log10(meanOf(part))).toBeCloseTo(noise === undefined ? -66 : -46, 0);
      }
    }
  });

  it('are not used when it is stopped while they are made', async () => {
    const used = await withStrings(manifestOf(), RATE_HZ, PLAIN, AbortSignal.abort(), () => Promise.resolve('used'));
    expect(used).toBeUndefined();
  });

  it('leave out what cannot be used, and tell it', async () => {
    const utterances = manifestOf({
      'text.wav': Buffer.from('Dear diary, this is no sound.'),
      'silent.wav': wavOf(new Float32Array(RATE_HZ), { sampleRateHz: RATE_HZ }),
      'short.wav': wavOf(burst(400, 200), { sampleRateHz: RATE_HZ }).subarray(0, 1000),
    });
    const absent = { ...utterances[0], name: 'absent.wav', file: '/nowhere/absent.wav' };
    const { strings, problems } = await made([...utterances, absent], { count: 40 });
    expect(problems.filter(({ leftOut }) => leftOut).map(({ name, finding }) => [name, finding])).toEqual([
      ['text.wav', 'unreadable'],
      ['silent.wav', 'silent'],
      ['short.wav', 'silent'],
      ['absent.wav', 'unreadable'],
    ]);
    const used = new Set(strings.flatMap(({ name }) => name.split(' + ')));
    expect([...used].toSorted()).toEqual(WORDS.map(({ name }) => name).toSorted());
    await expect(made([absent])).rejects.toMatchObject({ code: 'DATA_INVALID' });
  });
});

function meanOf(samples: Float32Array): number {
  return samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
}
