/** Keywords from a manifest to events: learnt by a small net, spotted by `run`, measured by `evaluate`. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defineConfig } from '../../src/config/load.js';
import type { Frame, Lane } from '../../src/core/contracts.js';
import type { KeywordEvent, KiokuEvent } from '../../src/core/events.js';
import { openLane } from '../../src/open-lane.js';
import { contextOf } from '../../src/stage-context.js';
import { decodeSnapshot, encodeSnapshot } from '../../src/step/snapshot.js';
import { exportRecogniser } from '../../src/train/speech/export-recogniser.js';
import { learnInThread } from '../../src/train/speech/learn-in-thread.js';
import { type CliResult, kioku } from '../support/cli.js';
import { userEngine } from '../support/user-engine.js';
import { wavOf } from '../support/wav.js';
import { noise } from '../train/noise.js';
import { spoken, tonesJob } from '../train/speech/tones.js';
import { RATE_HZ } from '../train/speech/words.js';

type Word = 'low' | 'high';

const KEYWORD = 'high';
const SAID: readonly Word[] = ['low', 'high', 'low', 'low', 'high', 'high', 'low'];
const PAUSE_MS = 300;
const WORD_MS = 230;

let folder = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kioku-keywords-'));
  const made = await learnInThread(tonesJob(folder, { speech: { keywords: [KEYWORD] } }));
  const info = { licence: 'CC0-1.0', command: 'kioku train tones.yaml', seed: 1, createdAt: new Date(0) };
  await exportRecogniser(join(folder, 'model'), made, { name: 'tones', ...info });
  writeFileSync(join(folder, 'said.wav'), wavOf(sentence(SAID), { sampleRateHz: RATE_HZ }));
}, 240_000);
afterAll(() => rmSync(folder, { recursive: true }));

/** Words with pauses before, between and behind them, in faint noise. */
function sentence(words: readonly Word[]): Float32Array {
  const pause = new Float32Array((PAUSE_MS * RATE_HZ) / 1000);
  const pieces = [pause, ...words.flatMap((word) => [spoken(word, 1.02, WORD_MS), pause])];
  const samples = Float32Array.from(pieces.flatMap((piece) => Array.from(piece)));
  const faint = noise(samples.length, 9);
  return samples.map((sample, i) => sample + 0.001 * faint[i]);
}

function run(...args: string[]): Promise<CliResult> {
  return kioku(args, { cwd: folder, env: { XDG_DATA_HOME: folder } });
}

async function openSpotter(): Promise<Lane> {
  const config = await defineConfig({
    model: join(folder, 'model'),
    source: { kind: 'microphone' },
    decide: { kind: 'keywords', keywords: [KEYWORD] },
    sinks: [],
  });
  return openLane(config, userEngine, contextOf(config));
}

function isKeyword(event: KiokuEvent): event is KeywordEvent {
  return event.type === 'keyword';
}

describe('a spotter that was learnt', () => {
  it('has a token a keyword, and one for all other words', () => {
    expect(readFileSync(join(folder, 'model/tokens.txt'), 'utf8')).toBe('<blk> 0\n▁high 1\n<unk> 2\n');
  });

  it('tells each keyword once, within its time, and nothing of other words', async () => {
    writeFileSync(
      join(folder, 'spot.yaml'),
      'model: model\nsource: {kind: audio-files, files: said.wav}\n' +
        `decide: {kind: keywords, keywords: [${KEYWORD}]}\nsinks: [{kind: jsonl, path: told.jsonl}]\n`,
    );
    const { code, stderr } = await run('run', 'spot.yaml');
    expect(stderr).toContain('3 keywords in ');
    expect(code).toBe(0);
    const told = readFileSync(join(folder, 'told.jsonl'), 'utf8').trim().split('\n');
    const events = told.map((line) => JSON.parse(line) as KeywordEvent & { readonly start: number });
    expect(events.map(({ type, keyword, threshold, segment }) => [type, keyword, threshold, segment])).toEqual([
      ['keyword', KEYWORD, 0.5, 0],
      ['keyword', KEYWORD, 0.5, 1],
      ['keyword', KEYWORD, 0.5, 2],
    ]);
    const startsMs = SAID.map((word, i) => ({ word, ms: PAUSE_MS + i * (PAUSE_MS + WORD_MS) }));
    const expected = startsMs.filter(({ word }) => word === KEYWORD);
    events.forEach(({ us, score }, i) => {
      expect(us / 1000).toBeGreaterThan(expected[i].ms);
      expect(us / 1000).toBeLessThan(expected[i].ms + WORD_MS + 200);
      expect(score).toBeGreaterThanOrEqual(0.5);
    });
  });

  it('tells the same however the sound is cut, and when it is stopped and goes on in another lane', async () => {
    const data = Float64Array.from(sentence(SAID));
    const signal = { kind: 'audio', rateHz: RATE_HZ, channels: 1 } as const;
    const frames = (cuts: readonly number[]): Frame[] => {
      const places = [0, ...cuts.toSorted((a, b) => a - b), data.length];
      return places.slice(1).map((to, i) => {
        const from = places[i];
        const us = Math.round((from * 1e6) / RATE_HZ);
        return { stream: 's', source: 0, seq: i + 1, us, arrivedUs: us, signal, data: data.subarray(from, to) };
      });
    };
    const lane = await openSpotter();
    const other = await openSpotter();
    const heard = (pieces: readonly Frame[], stopAt: number): KeywordEvent[] => {
      const events: KiokuEvent[] = [];
      pieces.forEach((piece, i) => {
        if (i === stopAt) other.restore(decodeSnapshot(encodeSnapshot(lane.evict('s'))));
        const now = i < stopAt ? lane : other;
        now.push([i + 1 === pieces.length ? { ...piece, mark: 'end' } : piece]);
        events.push(...now.turn().events);
      });
      return events.filter(isKeyword);
    };
    const [whole] = [heard(frames([]), Infinity)];
    expect(whole).toHaveLength(3);
    const cuts = fc.array(fc.integer({ min: 1, max: data.length - 1 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(cuts, fc.nat(7), (places, at) => {
        const unique = [...new Set(places)];
        expect(heard(frames(unique), Infinity)).toEqual(whole);
        expect(heard(frames(unique), 1 + (at % unique.length))).toEqual(whole);
      }),
      { numRuns: 10 },
    );
    lane.close();
    other.close();
  });

  it('writes keywords down as well, and nothing for other words', async () => {
    const { stdout } = await run('transcribe', 'said.wav', '--model', 'model', '--json');
    const finals = stdout.split('\n').filter((line) => line.includes('"type":"final"'));
    const texts = finals.map((line) => (JSON.parse(line) as { readonly text: string }).text);
    expect(texts.join(' ')).toBe('high high high');
  });
});

describe('kioku evaluate --keywords', () => {
  const ARGS = ['evaluate', 'tried.tsv', '--model', 'model', '--keywords', KEYWORD];
  const STRINGS = ['--joined', '40', '--noise', 'pink', '--snr', '20'];

  interface Figures {
    readonly keyword: string;
    readonly threshold: number;
    readonly said: number;
    readonly missed: number;
    readonly falseRejectRate: number | null;
    readonly falseAccepts: number;
    readonly falseAcceptsPerHour: number | null;
    readonly repeats: number;
    readonly quietSeconds: number;
    readonly ci95: Readonly<Record<string, { readonly low: number; readonly high: number }>>;
    readonly delayS: { readonly median: number } | null;
  }

  interface Report {
    readonly recordings: number;
    readonly audioSeconds: number;
    readonly keywords: readonly Figures[];
    readonly together: Figures;
    readonly curve: readonly { readonly threshold: number; readonly together: Figures }[];
    readonly unheard: readonly object[];
  }

  async function report(...args: string[]): Promise<Report> {
    const { stdout, stderr } = await run(...ARGS, ...args, '--json');
    if (stdout === '') throw new Error(stderr);
    return JSON.parse(stdout) as Report;
  }

  it('finds few errors in strings of speakers that were not learnt, and the curve of all thresholds', async () => {
    const { recordings, audioSeconds, keywords, together, curve, unheard } = await report(...STRINGS);
    expect([recordings, unheard]).toEqual([40, []]);
    const [one] = keywords;
    expect(one).toMatchObject({ keyword: KEYWORD, threshold: 0.5 });
    expect(one.said).toBeGreaterThan(40);
    expect(one.missed / one.said).toBeLessThan(0.2);
    expect(one.falseAccepts).toBeLessThan(0.2 * one.said);
    expect(one.falseAcceptsPerHour).toBeCloseTo((3600 * one.falseAccepts) / one.quietSeconds, 9);
    expect(one.quietSeconds).toBeLessThan(audioSeconds);
    expect(Math.abs(one.delayS?.median ?? NaN)).toBeLessThan(0.3);
    expect(together).toEqual(expect.objectContaining({ said: one.said, missed: one.missed }));
    const half = curve.find(({ threshold }) => threshold === 0.5);
    expect(half?.together).toEqual(together);
    const [loose, strict] = [curve[0].together, curve.at(-1)?.together ?? together];
    // A low threshold may miss more: the score must fall below half of it before the same keyword is told again.
    expect(strict.missed).toBeGreaterThanOrEqual(one.missed);
    expect(strict.falseAccepts).toBeLessThanOrEqual(loose.falseAccepts);
  });

  it('takes recordings as they are, too, and a threshold of a configuration', async () => {
    const byOption = await report('--threshold', '0.8');
    // Where in a recording it is said is not known; half of them say it.
    expect(byOption).toMatchObject({ recordings: 8, together: { said: 4, delayS: null } });
    expect(byOption.together.quietSeconds).toBeCloseTo(byOption.audioSeconds / 2, 0);
    writeFileSync(
      join(folder, 'strict.yaml'),
      `model: model\nsource: {kind: microphone}\ndecide: {kind: keywords, keywords: [{phrase: ${KEYWORD}, threshold: 0.8}]}\n`,
    );
    const { stdout } = await run('evaluate', 'tried.tsv', '--config', 'strict.yaml', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ keywords: byOption.keywords, curve: byOption.curve });
  });

  it('prints tables for people, and says what could not be evaluated', async () => {
    writeFileSync(join(folder, 'bad.tsv'), `gone.wav\thigh\n${readFileSync(join(folder, 'tried.tsv'), 'utf8')}`);
    const { code, stdout } = await run('evaluate', 'bad.tsv', '--model', 'model', '--keywords', KEYWORD);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^8 recordings, \d+\.\d s, listened to by model$/m);
    expect(stdout).toMatch(/^high +0\.5 +4 +\d+\.\d % \(\d+\.\d to \d+\.\d\) +\d+ +\d/m);
    expect(stdout).toMatch(/^0\.95 +\d+\.\d % \(/m);
    expect(stdout).toMatch(/^not evaluated: gone\.wav: there is no file/m);
  });

  it.each([
    ["the tokens of the model cannot spell 'blue', 'green'", 1, ['--keywords', 'high,blue,green']],
    ["'high' and 'HIGH' are the same keyword", 1, ['--keywords', 'high,HIGH']],
    ['decide.keywords[0] must have', 1, ['--keywords', 'x'.repeat(201)]],
    ['84 keywords are too many', 2, ['--keywords', Array.from({ length: 84 }, (_, i) => `word${i}`).join(',')]],
    ['It must be words or phrases', 2, ['--keywords', 'high,,low']],
    ['It must be a number above 0', 2, ['--keywords', 'high', '--threshold', '0']],
    ['--threshold is for --keywords', 2, ['--threshold', '0.3']],
    ['are for transcripts', 2, ['--keywords', 'high', '--hotword', 'low']],
    ['--config says what is listened for', 2, ['--keywords', 'high', '--config', 'spot.yaml']],
  ])('refuses what cannot be: %s', async (message, code, args) => {
    const ended = await run('evaluate', 'tried.tsv', '--model', 'model', ...args);
    expect([ended.stdout, ended.code]).toEqual(['', code]);
    expect(ended.stderr).toContain(message);
  });
});
