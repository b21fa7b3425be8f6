/** The parts of `kioku demo listen` that need no process. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { HeardWords, type HeardWord } from '../../src/cli/demo/heard-words.js';
import { describeResult, resultOf } from '../../src/cli/demo/listening-result.js';
import { describeDelay } from '../../src/cli/demo/listening-view.js';
import { SoundLevel } from '../../src/cli/demo/sound-level.js';
import { SpokenSample } from '../../src/cli/demo/spoken-sample.js';
import type { Frame } from '../../src/core/contracts.js';
import type { TranscriptEvent } from '../../src/core/events.js';

/** Audio of 16 kHz, one channel. */
function frame(samples: readonly number[], us = 0): Frame {
  const signal = { kind: 'audio', rateHz: 16_000, channels: 1 } as const;
  return { stream: 'a', source: 0, seq: 1, us, arrivedUs: us, signal, data: Float64Array.from(samples) };
}

const second = (sample: number): Frame => frame(Array.from({ length: 16_000 }, () => sample));

/** A word that is told at a place in a recording. */
const at = (text: string, ms: number): HeardWord => ({ text, atUs: 1000 * ms, heardUs: 0, originUs: 0 });

/** Words at 1 s, 2 s, … of a stream that began at `originUs`. */
function transcript(type: 'partial' | 'final', text: string, originUs = 0): TranscriptEvent {
  const words = text
    .split(' ')
    .filter((word) => word !== '')
    .map((word, i) => {
      const startUs = originUs + (i + 1) * 1e6;
      return { text: word, startUs, endUs: startUs + 40_000, confidence: 1 };
    });
  return { type, id: 'x', stream: 'a', segment: 0, us: originUs + 9e6, startUs: 0, originUs, text, words, tokens: [] };
}

describe('words that are heard', () => {
  it('are told once each, also those that only a final result says, and from the start in the next segment', () => {
    const told: HeardWord[] = [];
    const words = new HeardWords((word) => void told.push(word));
    words.events([transcript('partial', 'one'), transcript('partial', 'one two')]);
    words.events([transcript('final', 'one two three'), transcript('partial', 'four', 5e6)]);
    expect(told.map(({ text }) => text)).toEqual(['one', 'two', 'three', 'four']);
    expect(told.map(({ atUs }) => atUs)).toEqual([1e6, 2e6, 3e6, 1e6]);
    expect(told[3]).toMatchObject({ heardUs: 9e6, originUs: 5e6 });
  });
});

describe('the level of a microphone', () => {
  it('tells of silence once, after four seconds of it, and of the end of silence', () => {
    const told: boolean[] = [];
    const level = new SoundLevel((isSilent) => void told.push(isSilent));
    level.frames([second(0), second(1 / 32_768), second(0)]);
    expect(told).toEqual([]);
    level.frames([second(0), second(0)]);
    expect(told).toEqual([true]);
    level.frames([frame([0, 0, 3 / 32_768])]);
    expect(told).toEqual([true, false]);
    level.frames([second(0), second(0), second(0), second(0.01), second(0)]);
    expect(told).toEqual([true, false]);
  });

  it('is 0 at −60 dB and below, 1 at full scale', () => {
    const level = new SoundLevel(() => {});
    const of = (sample: number): number => {
      level.frames([frame([0, sample])]);
      return level.level;
    };
    expect([of(0), of(0.0001), of(1)]).toEqual([0, 0, 1]);
    expect(of(-(10 ** -1.5))).toBeCloseTo(0.5, 9);
  });
});

describe('a sample', () => {
  it('knows how long after its end a word is told, where it is said', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kioku-sample-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const words = [
      { text: 'one', startMs: 100, endMs: 400 },
      { text: 'two', startMs: 500, endMs: 900 },
      { text: 'one', startMs: 1000, endMs: 1400 },
    ];
    await writeFile(join(folder, 'digits.json'), JSON.stringify({ voice: 'v', words }));
    const sample = await SpokenSample.open(folder);
    expect(sample.words).toEqual(['one', 'two', 'one']);
    const playback = sample.playback();
    vi.useFakeTimers({ now: 0, toFake: ['performance'] });
    onTestFinished(() => void vi.useRealTimers());
    // Nothing was played.
    expect(playback.delayMs(at('one', 200))).toBeUndefined();
    // The first tenth of a second is there when it has been spoken.
    playback.frames([frame(Array.from({ length: 1600 }, () => 0))]);
    vi.advanceTimersByTime(350);
    expect(playback.delayMs(at('one', 300))).toBeCloseTo(50, 6);
    expect(playback.delayMs(at('three', 600))).toBeUndefined();
    expect(playback.delayMs(at('two', 350))).toBeUndefined();
    vi.advanceTimersByTime(250);
    expect(playback.delayMs(at('two', 600))).toBeCloseTo(-200, 6);
    // Each place is told once: this one is the third word.
    vi.advanceTimersByTime(900);
    expect(playback.delayMs(at('one', 1300))).toBeCloseTo(200, 6);
    expect(playback.delayMs(at('one', 1350))).toBeUndefined();
  });
});

describe('the summary', () => {
  const listened = { heard: ['one', 'nine'], delaysMs: [100, -20, 60], audioSeconds: 2.004, processorSeconds: 0.05 };

  it('compares what was heard with what was spoken', () => {
    const spoken = ['one', 'two', 'three'];
    const result = resultOf({ source: 'sample', topic: 't', spoken }, listened);
    expect(result).toEqual({
      source: 'sample',
      topic: 't',
      spoken,
      heard: ['one', 'nine'],
      mistakes: 2,
      delayMs: 60,
      slowestDelayMs: 100,
      audioSeconds: 2,
      realTimeFactor: 0.025,
    });
    const [said, heard, voice, delays] = describeResult(result, 'v');
    expect(said).toBe('spoken: one two three');
    expect(heard).toBe('heard:  one nine (2 mistakes in 3)');
    expect(voice).toContain('synthetic (v)');
    expect(delays).toMatch(/^A word was told 60 ms after its end .* slowest 100 ms after\. .* 25 ms a second of sound/);
    const right = resultOf({ source: 'sample', topic: 't', spoken: ['one', 'nine'] }, listened);
    expect(describeResult(right, 'v')[1]).toBe('heard:  one nine (all 2 right)');
  });

  it('says of a microphone what was heard, also when that is nothing', () => {
    const silent = { heard: [], delaysMs: [], audioSeconds: 0, processorSeconds: 0 };
    const result = resultOf({ source: 'microphone', topic: 't' }, silent);
    expect(result).toEqual({ source: 'microphone', topic: 't', heard: [], audioSeconds: 0, realTimeFactor: 0 });
    const lines = describeResult(result, 'v');
    expect(lines[0]).toBe('heard in 0.0 s: nothing');
    expect(lines).toHaveLength(2);
    const spoke = describeResult(resultOf({ source: 'microphone', topic: 't' }, listened), 'v');
    expect(spoke[1]).toContain('after the sound that told it in the median');
  });

  it('tells which side of the end of a word a delay is', () => {
    expect([40.4, -20.2, 0].map(describeDelay)).toEqual(['40 ms after', '20 ms before', '0 ms after']);
  });
});
