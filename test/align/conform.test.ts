import * as fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { AudioConform } from '../../src/align/conform.js';
import type { Frame } from '../../src/core/contracts.js';
import { rateOf, samplesOf } from '../support/audio.js';
import { stageContext } from '../support/stages.js';
import { tone } from '../support/wav.js';

const OUT_HZ = 16_000;
const T0 = 1_700_000_000_000_000;

function conform(maxStreams = 16) {
  const context = stageContext();
  const conform = new AudioConform({ sampleRateHz: OUT_HZ, maxStreams, ...context });
  onTestFinished(() => conform.close());
  return { conform, context };
}

interface AudioParts {
  readonly rateHz?: number;
  readonly channels?: number;
  readonly stream?: string;
  /** Lengths of the frames in samples; the rest is the last one. */
  readonly lengths?: readonly number[];
  readonly baseUs?: number;
}

/** Audio as a decoder gives it: the first frame with mark `start`, an empty one with mark `end` behind the last. */
function frames(samples: Float64Array, parts: AudioParts = {}): Frame[] {
  const { rateHz = 48_000, channels = 1, stream = 'room', lengths = [], baseUs = T0 } = parts;
  const signal = { kind: 'audio', rateHz, channels } as const;
  const total = samples.length / channels;
  const made: Frame[] = [];
  let at = 0;
  for (const length of [...lengths, total]) {
    const n = Math.min(length, total - at);
    if (n === 0) continue;
    const us = baseUs + Math.round((at * 1e6) / rateHz);
    const seq = made.length + 1;
    const data = samples.slice(at * channels, (at + n) * channels);
    const frame = { stream, source: 0, seq, us, arrivedUs: us, signal, data };
    made.push(at === 0 ? { ...frame, mark: 'start' } : frame);
    at += n;
  }
  const us = baseUs + Math.round((total * 1e6) / rateHz);
  const seq = made.length + 1;
  made.push({ stream, source: 0, seq, us, arrivedUs: us, signal, data: new Float64Array(0), mark: 'end' });
  return made;
}

/** Amplitude (dB against 1) and phase of the tone of `hz` in the middle of the samples, by correlation. */
function measure(samples: readonly number[], hz: number): { db: number; phase: number } {
  // Whole periods of every multiple of 20 Hz.
  const from = Math.floor(samples.length / 4);
  const n = 800 * Math.floor(samples.length / 2 / 800);
  let re = 0;
  let im = 0;
  for (let i = from; i < from + n; i++) {
    re += samples[i] * Math.sin((2 * Math.PI * hz * i) / OUT_HZ);
    im += samples[i] * Math.cos((2 * Math.PI * hz * i) / OUT_HZ);
  }
  return { db: 20 * Math.log10((2 * Math.hypot(re, im)) / n), phase: Math.atan2(im, re) };
}

function loudnessDb(samples: readonly number[]): number {
  const middle = samples.slice(samples.length / 4, (3 * samples.length) / 4);
  return 10 * Math.log10((2 * middle.reduce((sum, sample) => sum + sample * sample, 0)) / middle.length);
}

function sine(n: number, hz: number, rateHz: number): Float64Array {
  return Float64Array.from({ length: n }, (_, i) => Math.sin((2 * Math.PI * hz * i) / rateHz));
}

describe('a tone', () => {
  it.each([
    [48_000, 1000],
    [44_100, 1000],
    [22_050, 1000],
    [8000, 1000],
    [48_000, 6800],
    [44_100, 60],
    [8000, 3000],
    [96_000, 5000],
  ])('at %i Hz keeps its loudness and its place in time (%i Hz)', async (rateHz, hz) => {
    const { conform: stage } = conform();
    const samples = samplesOf(await stage.push(frames(sine(rateHz, hz, rateHz), { rateHz })));
    expect(samples).toHaveLength(OUT_HZ);
    const { db, phase } = measure(samples, hz);
    expect(Math.abs(db)).toBeLessThan(0.02);
    expect(Math.abs(phase)).toBeLessThan(1e-3);
    // And nothing beside it.
    const residue = samples.map((sample, i) => sample - Math.sin((2 * Math.PI * hz * i) / OUT_HZ));
    expect(loudnessDb(residue)).toBeLessThan(-55);
  });

  it.each([
    [48_000, 8100],
    [48_000, 9000],
    [48_000, 15_000],
    [48_000, 23_000],
    [44_100, 8100],
    [44_100, 12_345],
    [22_050, 9500],
    [96_000, 40_000],
  ])(
    'at %i Hz above what can be heard at 16 kHz vanishes instead of coming back as another (%i Hz)',
    async (rateHz, hz) => {
      const { conform: stage } = conform();
      expect(loudnessDb(samplesOf(await stage.push(frames(sine(rateHz, hz, rateHz), { rateHz }))))).toBeLessThan(-80);
    },
  );

  it('of 8 kHz has no mirror image above 4 kHz', async () => {
    const { conform: stage } = conform();
    const samples = samplesOf(await stage.push(frames(sine(8000, 1500, 8000), { rateHz: 8000 })));
    expect(measure(samples, 6500).db).toBeLessThan(-80);
  });
});

describe('however the audio is cut', () => {
  const noise = Float64Array.from({ length: 6000 }, (_, i) => Math.sin(i * i * 0.01) * 0.9);

  it.each([48_000, 44_100, 22_050, 11_025, 8000, 16_000])(
    'samples and times are the same, bit for bit, at %i Hz',
    async (rateHz) => {
      const { conform: stage } = conform();
      const atOnce = samplesOf(await stage.push(frames(noise, { rateHz, channels: 2 })));
      expect(atOnce).toHaveLength(Math.ceil((3000 * OUT_HZ) / rateHz));
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.integer({ min: 1, max: 900 }), { maxLength: 30 }),
          fc.boolean(),
          async (lengths, oneByOne) => {
            const given = frames(noise, { rateHz, channels: 2, lengths });
            const out: Frame[] = [];
            for (const frame of oneByOne ? given : []) out.push(...(await stage.push([frame])));
            if (!oneByOne) out.push(...(await stage.push(given)));
            expect(samplesOf(out)).toEqual(atOnce);
            let samples = 0;
            for (const frame of out) {
              expect(frame.us).toBe(T0 + Math.round((samples * 1e6) / OUT_HZ));
              expect([rateOf(frame), frame.signal]).toEqual([OUT_HZ, { kind: 'audio', rateHz: OUT_HZ, channels: 1 }]);
              samples += frame.data.length;
            }
            expect(out[0].mark).toBe('start');
            expect(
              out
                .slice(1)
                .map(({ mark }) => mark)
                .filter((mark) => mark !== undefined),
            ).toEqual(['end']);
          },
        ),
        { numRuns: 25 },
      );
    },
  );

  it('no more than 10 ms and the filter wait inside', async () => {
    const { conform: stage } = conform();
    const given = frames(noise, { lengths: Array.from({ length: 11 }, () => 480) }).slice(0, 11);
    const heard = samplesOf(await stage.push(given)).length / OUT_HZ;
    expect((11 * 480) / 48_000 - heard).toBeLessThan(0.013);
  });
});

describe('channels', () => {
  it('are mixed to their mean, and the log says so once a stream', async () => {
    const { conform: stage, context } = conform();
    const three = Float64Array.of(0.3, 0.6, -0.3, 1, 1, 1, -1, 1, 0);
    for (let i = 0; i < 3; i++) {
      const out = await stage.push(frames(three, { rateHz: 16_000, channels: 3 }));
      expect(samplesOf(out).map((sample) => Math.round(sample * 1e12) / 1e12)).toEqual([0.2, 1, 0]);
    }
    expect(context.log.lines).toEqual([
      'info audio of a stream is changed to what the model listens to {"stream":"room","mixed":"mean of 3 channels","fromHz":16000,"toHz":16000}',
    ]);
  });

  it('that fit already are passed on as they are, at once, without a word', () => {
    const { conform: stage, context } = conform();
    const given = frames(tone(320), { rateHz: 16_000 });
    const out = stage.push(given);
    if (out instanceof Promise) throw new Error('nothing had to be made');
    expect(out).toHaveLength(given.length);
    out.forEach((frame, i) => expect(frame).toBe(given[i]));
    expect(context.log.lines).toEqual([]);
  });
});

describe('a stretch', () => {
  it('keep their rate where none is asked for, and are only mixed', () => {
    const context = stageContext();
    const stage = new AudioConform({ sampleRateHz: undefined, maxStreams: 1, ...context });
    const stereo = frames(Float64Array.of(0.5, -0.5, 1, 0), { channels: 2, rateHz: 3200 });
    const out = stage.push(stereo) as readonly Frame[];
    expect(samplesOf(out)).toEqual([0, 0.5]);
    expect(out[0].signal).toEqual({ kind: 'audio', rateHz: 3200, channels: 1 });
    const mono = frames(tone(64), { rateHz: 44_100 });
    expect((stage.push(mono) as readonly Frame[])[0]).toBe(mono[0]);
  });

  it('that is interrupted is given to its last sample, and the next begins at its own time', async () => {
    const { conform: stage } = conform();
    const before = frames(tone(4801, 440, 48_000)).slice(0, -1);
    const [after, end] = frames(tone(4802, 880, 48_000), { baseUs: T0 + 7e6 });
    const out = await stage.push([...before, { ...after, mark: 'gap' }, end]);
    expect(out.map(({ mark }) => mark)).toEqual(['start', undefined, 'gap', undefined, 'end']);
    expect(samplesOf(out.slice(0, 2))).toHaveLength(1601);
    expect(samplesOf(out.slice(2))).toHaveLength(1601);
    expect(out[2].us).toBe(T0 + 7e6);
    const alone = samplesOf(await stage.push(frames(tone(4802, 880, 48_000))));
    expect(samplesOf(out.slice(2))).toEqual(alone);
  });

  it('ends when a device changes its rate without a word, also to the one that fits', async () => {
    const { conform: stage } = conform();
    const [a] = frames(tone(4800, 440, 48_000));
    const [b] = frames(tone(800, 440, 8000), { rateHz: 8000 });
    const [c] = frames(tone(1600), { rateHz: 16_000 });
    const unmarked = [b, c].map(({ stream, source, seq, us, arrivedUs, signal, data }) => {
      return { stream, source, seq, us, arrivedUs, signal, data };
    });
    const out = await stage.push([a, ...unmarked]);
    expect(out.filter(({ mark }) => mark !== undefined).map(({ mark }) => mark)).toEqual(['start', 'gap', 'gap']);
    expect(samplesOf(out)).toHaveLength(1600 + 1600 + 1600);
  });

  it('that ends before it began is an end', async () => {
    const { conform: stage } = conform();
    const out = await stage.push(frames(new Float64Array(0)));
    expect(out.map(({ mark, data }) => [mark, data.length])).toEqual([['end', 0]]);
  });

  it('of a rate that is too far away is dropped, counted, and said once', async () => {
    const { conform: stage, context } = conform();
    const given = frames(tone(100), { rateHz: 60, lengths: [50] });
    expect(await stage.push(given)).toEqual([]);
    expect(context.counters.toJSON()).toEqual({ 'align.bad-rate': 3 });
    expect(context.log.lines).toHaveLength(1);
  });
});

describe('many streams', () => {
  it('keep to themselves, and give in the order of the calls while resamplers are made', async () => {
    const { conform: stage } = conform();
    const names = Array.from({ length: 6 }, (_, i) => `s${i}`);
    const given = names.map((stream, i) =>
      frames(tone(3000, 300 + 100 * i, 44_100), { stream, rateHz: 44_100, lengths: [700, 900] }),
    );
    const interleaved = [0, 1, 2, 3].flatMap((k) => given.map((stream) => stream[k]));
    const calls = interleaved.map((frame) => Promise.resolve(stage.push([frame])));
    const out = (await Promise.all(calls)).flat();
    for (const [i, stream] of names.entries()) {
      const alone = samplesOf(await stage.push(given[i]));
      expect(samplesOf(out.filter((frame) => frame.stream === stream))).toEqual(alone);
    }
    const places = out.map(({ seq }) => seq);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
  });

  it('beyond the limit take the resampler of the one unheard for longest, counted', async () => {
    const { conform: stage, context } = conform(2);
    const [a, b, c] = ['a', 'b', 'c'].map((stream) => frames(tone(9600, 440, 48_000), { stream, lengths: [4800] }));
    const out = [...(await stage.push([a[0], b[0], c[0]])), ...(await stage.push([a[1], a[2]]))];
    expect(context.counters.toJSON()).toEqual({ 'align.resampler-dropped': 2 });
    expect(out.filter(({ stream }) => stream === 'a').map(({ mark }) => mark)).toEqual([
      'start',
      'gap',
      undefined,
      'end',
    ]);
    const rest = await stage.push([c[1], c[2]]);
    expect(context.counters.toJSON()).toEqual({ 'align.resampler-dropped': 2 });
    expect(samplesOf([...out, ...rest].filter(({ stream }) => stream === 'c'))).toHaveLength(3200);
  });

  it('one after the other share one resampler', async () => {
    const { conform: stage } = conform();
    const first = stage.push(frames(tone(480, 440, 48_000), { stream: 'first' }));
    expect(first).toBeInstanceOf(Promise);
    await first;
    for (const rateHz of [44_100, 8000, 48_000]) {
      expect(stage.push(frames(tone(480), { stream: `at ${rateHz}`, rateHz }))).not.toBeInstanceOf(Promise);
    }
  });

  it('that are still waiting when it is closed come to nothing', async () => {
    const { conform: stage } = conform();
    const late = stage.push(frames(tone(480)));
    stage.close();
    expect(await late).toEqual([]);
  });
});
