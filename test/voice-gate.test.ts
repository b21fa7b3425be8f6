import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Frame, Slot } from '../src/core/contracts.js';
import type { KiokuEvent } from '../src/core/events.js';
import { gateSchema, type GateOptions } from '../src/core/voice.js';
import { loadStages, saveStages } from '../src/lane-memory.js';
import { VoiceGate } from '../src/voice-gate.js';
import { LOUDNESS, LoudnessNet } from './support/loudness-net.js';
import { stageContext } from './support/stages.js';

const START_US = 1_700_000_000_000_000;
const SLOTS = 3;
const SAMPLES_PER_MS = LOUDNESS.sampleRateHz / 1000;

/** What passed in one go. */
interface Utterance {
  readonly us: number;
  readonly samples: number[];
  closedUs?: number;
}

/** A gate and what it let through of each stream. */
class Heard {
  readonly gate: VoiceGate;
  readonly utterances: Utterance[][] = Array.from({ length: SLOTS }, () => []);
  readonly events: KiokuEvent[] = [];

  constructor(options: GateOptions) {
    const context = { ...stageContext(), capacity: SLOTS, originUs: () => START_US, provider: 'test/cpu' };
    this.gate = new VoiceGate({ options, silero: LOUDNESS, net: new LoudnessNet(SLOTS), context });
    this.gate.listen({
      open: (slot, { us, data, mark }) => {
        if (mark !== 'start' || this.#last(slot).closedUs === undefined) throw new Error('opened at the wrong time');
        this.utterances[slot].push({ us, samples: [...data] });
      },
      pass: (slot, { us, data, mark }) => {
        const last = this.#last(slot);
        const follows = last.us + Math.round((last.samples.length * 1000) / SAMPLES_PER_MS);
        if (last.closedUs !== undefined || mark !== undefined || us !== follows) throw new Error('does not follow');
        for (const sample of data) last.samples.push(sample);
      },
      close: (slot, us) => {
        const last = this.#last(slot);
        if (last.closedUs !== undefined) throw new Error('closed twice');
        last.closedUs = us;
      },
    });
    for (let slot = 0; slot < SLOTS; slot++) this.gate.open(slot, `stream-${slot}`);
  }

  turn(): void {
    this.gate.turn((event) => this.events.push(event));
  }

  end(slot: Slot): void {
    this.gate.end(slot, (event) => this.events.push(event));
  }

  /** Takes the place of another gate. */
  restore(other: Heard): void {
    for (let slot = 0; slot < SLOTS; slot++) {
      const parts = saveStages(other.gate.stages, slot);
      loadStages(this.gate.stages, slot, { stream: `stream-${slot}`, parts });
      this.utterances[slot].push(...other.utterances[slot]);
    }
    this.events.push(...other.events);
  }

  #last(slot: Slot): Utterance {
    return this.utterances[slot].at(-1) ?? { us: START_US, samples: [], closedUs: START_US };
  }
}

function frame(samples: readonly number[], at: number, parts: Partial<Frame> = {}): Frame {
  const us = START_US + Math.round((at * 1000) / SAMPLES_PER_MS);
  const signal = { kind: 'audio', rateHz: LOUDNESS.sampleRateHz, channels: 1 } as const;
  const data = Float64Array.from(samples);
  return { stream: 's', source: 7, seq: at, us, arrivedUs: us + 500, signal, data, ...parts };
}

/** Every sample is different, so that none can be mistaken for another. */
function sound(parts: readonly (readonly [ms: number, loud: boolean])[], extra = 0): number[] {
  const loudness = parts.flatMap(([ms, loud]) => Array.from({ length: ms * SAMPLES_PER_MS }, () => (loud ? 0.8 : 0)));
  for (let i = 0; i < extra; i++) loudness.push(loudness.at(-1) ?? 0);
  return loudness.map((level, i) => level + i * 1e-7);
}

const anyOptions: fc.Arbitrary<GateOptions> = fc
  .record({
    minSpeechMs: fc.nat(12),
    minSilenceMs: fc.nat(12),
    padMs: fc.nat(8),
    preRollMs: fc.nat(20),
  })
  .map((written) => gateSchema.parse(written));

const sounds = fc
  .tuple(fc.array(fc.tuple(fc.integer({ min: 1, max: 30 }), fc.boolean()), { maxLength: 12 }), fc.nat(15))
  .map(([parts, extra]) => sound(parts, extra));

/** n ms of a level. */
function ms(n: number, level: number): number[] {
  return Array.from({ length: n }, () => level);
}

function whole(options: GateOptions, samples: readonly number[]): Heard {
  const heard = new Heard(options);
  heard.gate.push(0, frame(samples, 0));
  heard.turn();
  heard.end(0);
  return heard;
}

describe('the gate in front of a recogniser', () => {
  it('lets speech pass with what came before it, until the silence is proved', () => {
    const options = gateSchema.parse({ minSpeechMs: 5, minSilenceMs: 10, padMs: 2, preRollMs: 7, threshold: 0.5 });
    const samples = sound([
      [40, false],
      [20, true],
      [60, false],
    ]);
    const { utterances, events } = whole(options, samples);
    // 0.8, 0.56, 0.39, below 0.35 from 62 ms on; half of the shortest silence passes too.
    const [from, to] = [31 * SAMPLES_PER_MS, 67 * SAMPLES_PER_MS];
    const us = START_US + 31_000;
    expect(utterances[0]).toEqual([{ us, samples: samples.slice(from, to), closedUs: START_US + 67_000 }]);
    expect(events.map((event) => [event.type, event.us - START_US])).toEqual([
      ['speech-start', 38_000],
      ['speech-end', 64_000],
    ]);
  });

  it('leaves the rest of the silence to the speech that follows', () => {
    const options = gateSchema.parse({ minSpeechMs: 5, minSilenceMs: 10, padMs: 2, preRollMs: 30 });
    const samples = sound([
      [20, true],
      [15, false],
      [20, true],
    ]);
    const { utterances } = whole(options, samples);
    expect(utterances[0].map(({ us, closedUs = 0 }) => [us - START_US, closedUs - START_US])).toEqual([
      [0, 27_000],
      [27_000, 55_000],
    ]);
  });

  it('passes what it held back when the pause was none, or cannot be told', () => {
    const options = gateSchema.parse({ minSpeechMs: 5, minSilenceMs: 10, padMs: 2, preRollMs: 30 });
    const heard = new Heard(options);
    const passedMs = (levels: readonly number[], from: number): number => {
      const samples = levels.flatMap((level) => Array.from({ length: SAMPLES_PER_MS }, () => level));
      heard.gate.push(0, frame(samples, from * SAMPLES_PER_MS));
      heard.turn();
      return (heard.utterances[0][0]?.samples.length ?? 0) / SAMPLES_PER_MS;
    };
    expect(passedMs(ms(10, 0.8), 0)).toBe(10);
    // 0.56, 0.39, then quiet at 12 ms: five more pass, four are held back.
    expect(passedMs(ms(11, 0), 10)).toBe(17);
    expect(passedMs(ms(1, 0.8), 21)).toBe(22);
    expect(passedMs(ms(3, 0), 22)).toBe(25);
    // Quiet since 24 ms, but then neither speech nor silence.
    expect(passedMs(ms(9, 0.4), 25)).toBe(29);
    expect(passedMs(ms(1, 0.4), 34)).toBe(35);
  });

  it('passes each sample at most once, in order and as it came, all of each span of speech among them', () => {
    fc.assert(
      fc.property(anyOptions, sounds, (options, samples) => {
        const { utterances, events } = whole(options, samples);
        let end = 0;
        const passed = utterances[0].map((utterance) => {
          const from = ((utterance.us - START_US) * SAMPLES_PER_MS) / 1000;
          expect(from).toBeGreaterThanOrEqual(end);
          end = from + utterance.samples.length;
          expect(utterance.samples).toEqual(samples.slice(from, end));
          expect(utterance.closedUs).toBe(START_US + Math.round((end * 1000) / SAMPLES_PER_MS));
          return { us: utterance.us, endUs: utterance.closedUs };
        });
        const starts = events.filter(({ type }) => type === 'speech-start');
        const ends = events.filter(({ type }) => type === 'speech-end');
        expect(passed).toHaveLength(starts.length);
        passed.forEach(({ us, endUs }, i) => {
          expect(endUs).toBeGreaterThanOrEqual(ends[i].us);
          const before = i === 0 ? START_US : (passed[i - 1].endUs ?? 0);
          expect(us).toBe(Math.max(before, starts[i].us - 1000 * options.preRollMs));
        });
      }),
      { numRuns: 300 },
    );
  });

  it('passes the same however the audio is cut and stepped, whoever else speaks, and after a restart in between', () => {
    const cuts = fc.infiniteStream(
      fc.record({ slot: fc.nat(SLOTS - 1), size: fc.nat(200), turn: fc.boolean(), restart: fc.nat(5) }),
    );
    fc.assert(
      fc.property(anyOptions, fc.tuple(sounds, sounds, sounds), cuts, (options, lists, cuts) => {
        const alone = lists.map((samples) => whole(options, samples).utterances[0]);
        let heard = new Heard(options);
        const at = lists.map(() => 0);
        while (lists.some((samples, slot) => at[slot] < samples.length)) {
          const { slot, size, turn, restart } = cuts.next().value;
          heard.gate.push(slot, frame(lists[slot].slice(at[slot], at[slot] + size), at[slot]));
          at[slot] = Math.min(at[slot] + size, lists[slot].length);
          if (turn) heard.turn();
          if (restart > 0) continue;
          const restored = new Heard(options);
          restored.restore(heard);
          heard = restored;
        }
        lists.forEach((_, slot) => heard.end(slot));
        expect(heard.utterances).toEqual(alone);
      }),
      { numRuns: 60 },
    );
  });

  it('closes at a gap, and takes nothing from before it afterwards', () => {
    const options = gateSchema.parse({ minSpeechMs: 5, minSilenceMs: 10, padMs: 5, preRollMs: 50 });
    const heard = new Heard(options);
    const speech = sound([[30, true]], 5);
    heard.gate.push(0, frame(speech, 0));
    heard.turn();
    const later = frame(speech, 160_000, { mark: 'gap' });
    expect(() => heard.gate.push(0, later)).toThrow('has to be ended first');
    heard.end(0);
    heard.gate.push(0, later);
    heard.end(0);
    const endUs = (us: number): number => us + Math.round((speech.length * 1000) / SAMPLES_PER_MS);
    expect(heard.utterances[0]).toEqual(
      [START_US, later.us].map((us) => ({ us, samples: speech, closedUs: endUs(us) })),
    );
    expect(heard.events.map(({ type, us }) => [type, us])).toEqual([
      ['speech-start', START_US],
      ['speech-end', endUs(START_US)],
      ['speech-start', later.us],
      ['speech-end', endUs(later.us)],
    ]);
  });

  it('keeps no more than it may still need', () => {
    const options = gateSchema.parse({ minSpeechMs: 5, minSilenceMs: 10, padMs: 5, preRollMs: 50 });
    const heard = new Heard(options);
    const silence = sound([[10, false]]);
    const sizes = Array.from({ length: 50 }, (_, i) => {
      heard.gate.push(0, frame(silence, i * silence.length));
      heard.turn();
      return heard.gate.save(0).length;
    });
    expect(new Set(sizes.slice(10)).size).toBe(1);
    expect(sizes[49]).toBeLessThan(8 * SAMPLES_PER_MS * 80);
  });

  it('refuses saved states of another form, and forgets everything when a slot is opened anew', () => {
    const heard = new Heard(gateSchema.parse({}));
    const fresh = heard.gate.save(0);
    heard.gate.push(0, frame(sound([[500, true]], 3), 0));
    heard.turn();
    const bytes = heard.gate.save(0);
    for (const wrong of [bytes.with(0, 9), bytes.subarray(0, -1), bytes.subarray(0, 9), new Uint8Array(0)]) {
      expect(() => heard.gate.load(0, wrong)).toThrow(expect.objectContaining({ code: 'SNAPSHOT_INVALID' }));
    }
    expect(heard.gate.save(0)).toEqual(bytes);
    heard.gate.open(0, 'other');
    // The latest packet's numbers stay; nothing reads them before the next frame.
    expect(heard.gate.save(0)).toHaveLength(fresh.length);
    heard.end(0);
    expect(heard.utterances[0]).toHaveLength(1);
  });
});
