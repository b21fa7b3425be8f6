import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Augmenter, type Surroundings } from '../../../src/train/speech/augment.js';
import { Draws } from '../../../src/train/speech/draws.js';
import { Joiner, type JoinOptions } from '../../../src/train/speech/join.js';
import { meanPower, speechIn } from '../../../src/train/speech/level.js';
import { burst, RATE_HZ, recordingOf, WORDS } from './words.js';

const PLAIN: JoinOptions = {
  recordings: [1, 6],
  gapMs: [0, 500],
  edgeMs: [100, 300],
  speed: [1, 1],
  wordLevelDb: [0, 0],
};
const VARIED: JoinOptions = { ...PLAIN, speed: [0.85, 1.18], wordLevelDb: [-3, 3] };
const QUIET: Surroundings = { levelDb: [-25, -25], roomShare: 0, noises: [], noiseShare: 0, snrDb: [20, 20] };
const EVERYTHING: Surroundings = {
  levelDb: [-40, -15],
  roomShare: 0.5,
  noises: ['pink', 'babble'],
  noiseShare: 0.8,
  snrDb: [5, 30],
};

const place = fc.record({ seed: fc.integer(), epoch: fc.nat(1e6), index: fc.nat(1e6) });

describe('joined strings', () => {
  it('are of one speaker, speak where they say, and are still elsewhere', () => {
    const joiner = new Joiner(WORDS, RATE_HZ, VARIED);
    fc.assert(
      fc.property(place, ({ seed, epoch, index }) => {
        const { samples, speaker, parts } = joiner.draw(new Draws(seed, epoch, index));
        expect(parts.length).toBeGreaterThanOrEqual(1);
        expect(parts.length).toBeLessThanOrEqual(6);
        let [silentFrom, silence] = [0, 0];
        for (const { recording, spoken } of parts) {
          expect(recording.speaker).toBe(speaker);
          // A piece of 10 ms may begin before the tone does.
          const spokenMs = ((spoken.to - spoken.from) / RATE_HZ) * 1000;
          const length = (1000 * (recording.speech.span.to - recording.speech.span.from)) / RATE_HZ;
          expect(spokenMs).toBeGreaterThan(length / 1.18 - 1);
          expect(spokenMs).toBeLessThan(length / 0.85 + 1);
          expect(meanPower(samples, spoken.from, spoken.to)).toBeGreaterThan(1e-3);
          silence += meanPower(samples, silentFrom, spoken.from - 80);
          silentFrom = spoken.to + 80;
        }
        expect(silence + meanPower(samples, silentFrom, samples.length)).toBeLessThan(1e-5);
      }),
      { numRuns: 50 },
    );
  });

  it('take each speaker as often, however many recordings there are of each', () => {
    const many = Array.from({ length: 20 }, () => recordingOf('one', 'cleo', burst(400, 300)));
    const joiner = new Joiner([...WORDS, ...many], RATE_HZ, PLAIN);
    const speakers = Array.from({ length: 600 }, (_, i) => joiner.draw(new Draws(1, 0, i)).speaker);
    const counts = ['anna', 'bert', 'cleo'].map((name) => speakers.filter((speaker) => speaker === name).length);
    expect(Math.min(...counts)).toBeGreaterThan(150);
  });

  it('have pauses of any length that was asked for', () => {
    const joiner = new Joiner(WORDS, RATE_HZ, { ...PLAIN, recordings: [2, 2] });
    const gapsMs = Array.from({ length: 300 }, (_, i) => {
      const { parts } = joiner.draw(new Draws(3, 0, i));
      // 50 ms before and 50 of 80 ms behind the tones stay.
      return ((parts[1].spoken.from - parts[0].spoken.to) / RATE_HZ) * 1000 - 100;
    });
    expect(Math.min(...gapsMs)).toBeGreaterThan(-1);
    expect(Math.min(...gapsMs)).toBeLessThan(20);
    expect(Math.max(...gapsMs)).toBeGreaterThan(480);
    expect(Math.max(...gapsMs)).toBeLessThan(501);
  });

  it('are as tight as is asked for: without margins and pauses, word follows word', () => {
    const tight = { ...PLAIN, recordings: [2, 2], gapMs: [0, 0] } as const;
    const gapsMs = ([from, to]: readonly [number, number]): number[] => {
      const joiner = new Joiner(WORDS, RATE_HZ, { ...tight, margins: [from, to] });
      return Array.from({ length: 100 }, (_, i) => {
        const { parts } = joiner.draw(new Draws(3, 0, i));
        return ((parts[1].spoken.from - parts[0].spoken.to) / RATE_HZ) * 1000;
      });
    };
    expect(gapsMs([0, 0]).every((gap) => gap === 0)).toBe(true);
    expect(gapsMs([1, 1]).every((gap) => gap === 100)).toBe(true);
    const between = gapsMs([0, 1]);
    expect(Math.min(...between)).toBeLessThan(15);
    expect(Math.max(...between)).toBeGreaterThan(85);
  });

  it('cannot be made where nobody speaks', () => {
    const still = recordingOf('', '', new Float32Array(RATE_HZ));
    expect(() => new Joiner([still], RATE_HZ, PLAIN)).toThrow(/nobody speaks/);
  });
});

function heard(seed: number, epoch: number, index: number, surroundings: Surroundings): Float64Array {
  const draws = new Draws(seed, epoch, index);
  const string = new Joiner(WORDS, RATE_HZ, VARIED).draw(draws);
  return new Augmenter(seed, RATE_HZ, WORDS, surroundings).hear(string, draws);
}

describe('what is heard of a string', () => {
  it('is a function of seed, epoch and index, and another for each', () => {
    fc.assert(
      fc.property(place, ({ seed, epoch, index }) => {
        const first = heard(seed, epoch, index, EVERYTHING);
        expect(heard(seed, epoch, index, EVERYTHING)).toEqual(first);
        expect(heard(seed + 1, epoch, index, EVERYTHING)).not.toEqual(first);
        expect(heard(seed, epoch + 1, index, EVERYTHING)).not.toEqual(first);
        expect(heard(seed, epoch, index + 1, EVERYTHING)).not.toEqual(first);
        expect(first.every((sample) => sample >= -1 && sample <= 1)).toBe(true);
      }),
      { numRuns: 10 },
    );
  });

  it('is as loud as asked, over the speech', () => {
    const string = new Joiner(WORDS, RATE_HZ, PLAIN).draw(new Draws(1, 0, 0));
    const samples = new Augmenter(1, RATE_HZ, WORDS, QUIET).hear(string, new Draws(1, 0, 1));
    let [energy, count] = [0, 0];
    for (const { spoken } of string.parts) {
      energy += (spoken.to - spoken.from) * meanPower(samples, spoken.from, spoken.to);
      count += spoken.to - spoken.from;
    }
    expect(10 * Math.log10(energy / count)).toBeCloseTo(-25, 6);
  });

  it.each(['pink', 'babble'] as const)('has %s noise at the asked ratio, whatever the pauses', (noise) => {
    for (const edgeMs of [
      [0, 0],
      [3000, 3000],
    ] as const) {
      const string = new Joiner(WORDS, RATE_HZ, { ...PLAIN, edgeMs }).draw(new Draws(1, 0, 0));
      const hear = (surroundings: Surroundings): Float64Array =>
        new Augmenter(1, RATE_HZ, WORDS, surroundings).hear(string, new Draws(1, 0, 1));
      const clean = hear(QUIET);
      const noisy = hear({ ...QUIET, noises: [noise], noiseShare: 1, snrDb: [20, 20] });
      const difference = noisy.map((sample, i) => sample - clean[i]);
      expect(10 * Math.log10(meanPower(difference))).toBeCloseTo(-45, 3);
    }
  });
});

describe('speech in a recording', () => {
  it('is found to a hundredth of a second, however loud it is', () => {
    for (const amplitude of [0.001, 0.03, 0.9]) {
      const { span, power } = speechIn(burst(700, 300, amplitude), RATE_HZ);
      expect(span).toEqual({ from: 800, to: 3200 });
      expect(power / (amplitude * amplitude) / 0.5).toBeCloseTo(1, 2);
    }
  });

  it('is nothing where there is none', () => {
    for (const samples of [new Float32Array(0), new Float32Array(999), new Float32Array(999).fill(2 ** -16)]) {
      expect(speechIn(samples, RATE_HZ)).toEqual({ span: { from: 0, to: 0 }, power: 0 });
    }
  });
});
