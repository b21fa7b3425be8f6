/** Voice activity in real recordings: the model done right, spans like those of others, and no word lost at the gate. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AudioConform } from '../../src/align/conform.js';
import type { Batch, Decider, Frame, Net } from '../../src/core/contracts.js';
import { Counters } from '../../src/core/counters.js';
import type { KiokuEvent } from '../../src/core/events.js';
import { silentLog } from '../../src/core/log.js';
import { uniform } from '../../src/core/random.js';
import { gateSchema, voiceSchema, type VoiceOptions } from '../../src/core/voice.js';
import { VoiceDecider } from '../../src/decide/voice.js';
import { SampleWindows } from '../../src/feature/windows.js';
import { nodeEngine } from '../../src/step/node-engine.js';
import { float32Of, OrtSession, tensorOf } from '../../src/step/ort.js';
import { sileroModel, type SileroModel } from '../../src/step/silero.js';
import { Stepper } from '../../src/stepper.js';
import { VoiceGate } from '../../src/voice-gate.js';
import { needsSherpa, sherpaVoice } from '../support/sherpa.js';
import { sharedSpeech, type Recording } from '../support/speech.js';
import { stageContext } from '../support/stages.js';

const RATE_HZ = 16_000;
const CAPACITY = 16;

function frameOf(stream: string, samples: ArrayLike<number>, from: number, to: number): Frame {
  const us = Math.round((from * 1e6) / RATE_HZ);
  const data = new Float64Array(to - from);
  for (let i = from; i < to; i++) data[i - from] = samples[i];
  const signal = { kind: 'audio', rateHz: RATE_HZ, channels: 1 } as const;
  return { stream, source: 0, seq: from + 1, us, arrivedUs: 0, signal, data };
}

/** The usual mistakes. */
interface Mistakes {
  readonly context?: false;
  readonly state?: false;
}

/** Every window of a recording straight on ONNX Runtime, as Silero's own `OnnxWrapper` does it. */
function probabilitiesByHand({ samples }: Recording, path: string, mistakes: Mistakes = {}): number[] {
  const session = new OrtSession(path);
  const padded = new Float32Array(64 + Math.ceil(samples.length / 512) * 512);
  padded.set(samples, 64);
  let state = tensorOf(new Float32Array(2 * 128), [2, 1, 128]);
  const rate = tensorOf(BigInt64Array.of(BigInt(RATE_HZ)), []);
  const probabilities: number[] = [];
  for (let at = 0; at + 576 <= padded.length; at += 512) {
    const input = padded.slice(at, at + 576);
    if (mistakes.context === false) input.fill(0, 0, 64);
    const result = session.run({ input: tensorOf(input, [1, 576]), state, sr: rate }, { output: null, stateN: null });
    if (mistakes.state !== false) state = result['stateN'];
    probabilities.push(float32Of(result, 'output')[0]);
  }
  session.close();
  return probabilities;
}

/** Writes down what the net says of each stream. */
class Listener implements Decider {
  readonly probabilities: number[][] = Array.from({ length: CAPACITY }, () => []);
  open(): void {}
  leave(): void {}
  save(): Uint8Array {
    return new Uint8Array();
  }
  load(): void {}
  end(): void {}
  push(output: Float32Array, { n, slot }: Batch): void {
    for (let row = 0; row < n; row++) this.probabilities[slot[row]].push(output[row]);
  }
}

/** Level in each 10 ms. */
function levels(samples: Float32Array): number[] {
  const hop = RATE_HZ / 100;
  return Array.from({ length: Math.floor(samples.length / hop) }, (_, i) =>
    Math.hypot(...samples.subarray(i * hop, (i + 1) * hop)),
  );
}

/** 48 kHz by a windowed sinc, as no part of kioku makes it. */
function tripled(samples: Float32Array): Float64Array {
  const reach = 24;
  const kernel = Array.from({ length: 2 * reach * 3 + 1 }, (_, i) => {
    const x = (i - reach * 3) / 3;
    const window = 0.5 + 0.5 * Math.cos((Math.PI * x) / reach);
    return (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x)) * window;
  });
  return Float64Array.from({ length: 3 * samples.length }, (_, i) => {
    let sum = 0;
    for (let k = Math.max(0, Math.ceil(i / 3 - reach)); k <= Math.min(samples.length - 1, i / 3 + reach); k++) {
      sum += samples[k] * kernel[i - 3 * k + 3 * reach];
    }
    return sum;
  });
}

describe('voice activity in real recordings', () => {
  let silero: SileroModel;
  let net: Net;
  beforeAll(async () => {
    silero = await sileroModel();
    net = await nodeEngine.open(silero.model, CAPACITY);
  });
  afterAll(() => net.close());

  /** [start, end) in samples. */
  async function spansOf(
    frames: readonly Frame[],
    written: Partial<VoiceOptions>,
  ): Promise<(readonly [number, number])[]> {
    const windows = new SampleWindows(silero, CAPACITY);
    const context = {
      ...stageContext(),
      capacity: CAPACITY,
      windowUs: windows.shiftUs,
      originUs: () => 0,
      provider: net.provider,
    };
    const stepper = new Stepper(windows, net, new VoiceDecider(voiceSchema.parse(written), context));
    const events: KiokuEvent[] = [];
    const emit = (event: KiokuEvent): void => void events.push(event);
    stepper.open(0, 'one');
    for (const frame of frames) windows.push(0, frame);
    windows.flush(0);
    stepper.turn(emit);
    const samples = frames.reduce((sum, { data }) => sum + data.length, 0);
    stepper.decider.end(0, Math.round((samples * 1e6) / RATE_HZ), emit);
    const at = ({ us }: KiokuEvent): number => Math.round((us * RATE_HZ) / 1e6);
    const starts = events.filter(({ type }) => type === 'speech-start').map(at);
    const ends = events.filter(({ type }) => type === 'speech-end').map(at);
    return starts.map((start, i) => [start, ends[i]] as const);
  }

  it('hears all recordings at once, in pieces of any size, as one run over each whole file does', (ctx) => {
    const recordings = sharedSpeech(ctx);
    const listener = new Listener();
    const stepper = new Stepper(new SampleWindows(silero, CAPACITY), net, listener);
    recordings.forEach(({ name }, slot) => stepper.open(slot, name));
    const at = recordings.map(() => 0);
    for (let turn = 0; recordings.some(({ samples }, slot) => at[slot] < samples.length); turn++) {
      recordings.forEach(({ name, samples }, slot) => {
        const to = Math.min(at[slot] + Math.floor(3000 * uniform(1, slot, turn)), samples.length);
        stepper.feature.push(slot, frameOf(name, samples, at[slot], to));
        at[slot] = to;
      });
      stepper.turn(() => expect.unreachable());
    }
    recordings.forEach((_, slot) => stepper.feature.flush(slot));
    stepper.turn(() => expect.unreachable());
    recordings.forEach((recording, slot) => {
      const expected = probabilitiesByHand(recording, silero.model.path);
      const heard = listener.probabilities[slot];
      const worst = Math.max(...heard.map((probability, i) => Math.abs(probability - expected[i])));
      expect([recording.name, heard.length, worst < 1e-5]).toEqual([recording.name, expected.length, true]);
    });
  });

  it('would hear something else without the context or without the state, in every recording', (ctx) => {
    for (const recording of sharedSpeech(ctx)) {
      const right = probabilitiesByHand(recording, silero.model.path);
      for (const mistake of [{ context: false }, { state: false }] as const) {
        const wrong = probabilitiesByHand(recording, silero.model.path, mistake);
        const worst = Math.max(...wrong.map((probability, i) => Math.abs(probability - right[i])));
        // A thousand times what the test above tolerates.
        expect([recording.name, mistake, worst > 0.01]).toEqual([recording.name, mistake, true]);
      }
    }
  });

  it('finds the spans that sherpa-onnx finds, within a window at each border', async (ctx) => {
    needsSherpa(ctx);
    // Whole windows, so that the peer's arithmetic is exact. To the peer each dip below the threshold is a new onset until
    // speech is proved, so that is soon; and short pauses make many borders.
    const [minSpeechMs, minSilenceMs] = [32, 64];
    const minSpeech = (minSpeechMs * RATE_HZ) / 1000;
    let found = 0;
    for (const { name, samples } of sharedSpeech(ctx)) {
      // Context in front, which the peer does not put there; silence behind, where it drops a piece of a window.
      const heard = new Float32Array(64 + samples.length + RATE_HZ / 2);
      heard.set(samples, 64);
      const frames = [frameOf(name, heard.subarray(64), 0, heard.length - 64)];
      const ours = await spansOf(frames, { minSpeechMs, minSilenceMs, padMs: 0 });
      const peer = {
        model: silero.model.path,
        threshold: 0.5,
        minSpeechDuration: minSpeechMs / 1000,
        minSilenceDuration: minSilenceMs / 1000,
        maxSpeechDuration: 1000,
        windowSize: 512,
      };
      const { segments } = await sherpaVoice(peer, heard);
      // It begins a segment two of its windows (with context) and the shortest speech before the end of the window that
      // proves it; by definition speech begins the shortest speech and that window before it.
      const theirs = segments.map(({ start, length }) => {
        const proved = start + 2 * (64 + 512) + minSpeech;
        return [proved - minSpeech - 512, start + length] as const;
      });
      const apart = theirs.map(([start, end], i) => [ours[i][0] - start, ours[i][1] - end].map(Math.abs));
      expect([name, ours.length, Math.max(...apart.flat()) <= 512]).toEqual([name, theirs.length, true]);
      found += ours.length;
    }
    expect(found).toBeGreaterThan(20);
  });

  it('hears the same in 48 kHz stereo as in 16 kHz mono, within 50 ms', async (ctx) => {
    // Short, so that there are many borders.
    const options = { minSpeechMs: 32, minSilenceMs: 64 };
    let compared = 0;
    for (const { name, samples } of sharedSpeech(ctx)) {
      const mono = await spansOf([frameOf(name, samples, 0, samples.length)], options);
      const wide = tripled(samples);
      const data = new Float64Array(2 * wide.length);
      for (let i = 0; i < wide.length; i++) {
        // A tone that only one channel has, turned round in the other: the mean is the recording.
        const tone = 0.2 * Math.sin(i / 20);
        data[2 * i] = wide[i] + tone;
        data[2 * i + 1] = wide[i] - tone;
      }
      const conform = new AudioConform({
        sampleRateHz: RATE_HZ,
        log: silentLog,
        counters: new Counters(),
        maxStreams: 1,
      });
      const signal = { kind: 'audio', rateHz: 48_000, channels: 2 } as const;
      const stereo: Frame = { stream: name, source: 0, seq: 1, us: 0, arrivedUs: 0, signal, data, mark: 'end' };
      const spans = await spansOf(await conform.push([stereo]), options);
      conform.close();
      const apart = spans.map(([start, end], i) => [mono[i]?.[0] - start, mono[i]?.[1] - end].map(Math.abs));
      const within = Math.max(...apart.flat()) <= 0.05 * RATE_HZ;
      expect([name, spans.length, within]).toEqual([name, mono.length, true]);
      compared += spans.length;
    }
    expect(compared).toBeGreaterThan(20);
  });

  it('lets every word through the gate, bit by bit as it was, and keeps silence out', (ctx) => {
    // Half a second of faint noise before and behind, so that there is something to keep out.
    const quiet = RATE_HZ / 2;
    for (const { name, samples } of sharedSpeech(ctx)) {
      const padded = Float32Array.from({ length: samples.length + 2 * quiet }, (_, i) => {
        const inside = i >= quiet && i < quiet + samples.length;
        return inside ? samples[i - quiet] : 1e-4 * (uniform(3, 0, i) - 0.5);
      });
      const context = { ...stageContext(), capacity: CAPACITY, originUs: () => 0, provider: 'test/cpu' };
      const gate = new VoiceGate({ options: gateSchema.parse({}), silero, net, context });
      const passed = new Uint8Array(padded.length);
      const hear = (_slot: number, { us, data }: Frame): void => {
        const from = Math.round((us * RATE_HZ) / 1e6);
        for (let i = 0; i < data.length; i++) {
          if (data[i] !== padded[from + i] || passed[from + i] === 1) throw new Error(`${name}: sample ${from + i}`);
          passed[from + i] = 1;
        }
      };
      gate.listen({ open: hear, pass: hear, close: () => {} });
      gate.open(0, name);
      for (let at = 0; at < padded.length; at += 1600) {
        gate.push(0, frameOf(name, padded, at, Math.min(at + 1600, padded.length)));
        gate.turn(() => {});
      }
      gate.end(0, () => {});
      // Sounds that last 30 ms are no clicks: all of each has to pass, and 50 ms before it.
      const loudness = levels(samples);
      const loud = 0.2 * loudness.toSorted((a, b) => a - b)[Math.floor(0.95 * loudness.length)];
      const sounds = loudness.flatMap((_, i) => (loudness.slice(i, i + 3).every((level) => level > loud) ? [i] : []));
      const lost = sounds.filter((i) => passed.subarray(quiet + (i - 5) * 160, quiet + (i + 3) * 160).includes(0));
      expect([name, sounds.length > 20, lost]).toEqual([name, true, []]);
      expect([name, passed.subarray(0, quiet / 4).includes(1)]).toEqual([name, false]);
    }
  });
});
