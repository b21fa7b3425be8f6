import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Batch } from '../../src/core/contracts.js';
import type { KiokuEvent, VoiceEvent } from '../../src/core/events.js';
import { gateSchema, voiceSchema, type VoiceOptions } from '../../src/core/voice.js';
import { VoiceDecider, voiceKind } from '../../src/decide/voice.js';
import { stageContext } from '../support/stages.js';

const WINDOW_US = 32_000;
const ORIGIN_US = 1_700_000_000_000_000;
const SLOTS = 4;

function originUs(): number {
  return ORIGIN_US;
}

function options(written: Partial<VoiceOptions> = {}): VoiceOptions {
  return voiceSchema.parse(written);
}

function decider(written: Partial<VoiceOptions> = {}): VoiceDecider {
  const made = new VoiceDecider(options(written), {
    ...stageContext(),
    capacity: SLOTS,
    windowUs: WINDOW_US,
    originUs,
    provider: 'test/cpu',
  });
  for (let slot = 0; slot < SLOTS; slot++) made.open(slot, `stream-${slot}`);
  return made;
}

function batchOf(rows: readonly { slot: number; us: number; gap?: boolean }[]): Batch {
  const n = rows.length;
  return {
    n,
    width: 1,
    slot: Int32Array.from(rows, ({ slot }) => slot),
    us: Float64Array.from(rows, ({ us }) => us),
    seq: new Float64Array(n),
    data: new Float32Array(n),
    mask: new Uint8Array(n).fill(1),
    gap: Uint8Array.from(rows, ({ gap }) => (gap === true ? 1 : 0)),
    settled: new Uint8Array(n).fill(1),
  };
}

/** Feeds one stream window by window. @returns its events */
function feed(voice: VoiceDecider, probabilities: readonly number[], from = 0): VoiceEvent[] {
  const events: KiokuEvent[] = [];
  probabilities.forEach((probability, i) => {
    const row = { slot: 0, us: ORIGIN_US + (from + i) * WINDOW_US };
    voice.push(Float32Array.of(probability), batchOf([row]), (event) => events.push(event));
  });
  return events as VoiceEvent[];
}

function finish(voice: VoiceDecider, windows: number): VoiceEvent[] {
  const events: KiokuEvent[] = [];
  voice.end(0, ORIGIN_US + windows * WINDOW_US, (event) => events.push(event));
  return events as VoiceEvent[];
}

/** [start, end) in ms since the origin, in order. */
function spansOf(events: readonly VoiceEvent[]): (readonly [number, number])[] {
  const ends = events.filter(({ type }) => type === 'speech-end');
  return ends.map(({ startUs, us }) => [(startUs - ORIGIN_US) / 1000, (us - ORIGIN_US) / 1000] as const);
}

/** Runs of windows of the same probability. */
function runs(...parts: readonly (readonly [windows: number, probability: number])[]): number[] {
  return parts.flatMap(([windows, probability]) => Array.from({ length: windows }, () => probability));
}

/**
 * Silero's definition, on the whole recording at once: a span begins at the first window of at least `threshold`, ends
 * where the silence began that lasted `minSilenceMs`, and counts when it is longer than `minSpeechMs`; then the padding.
 */
function offline(probabilities: readonly number[], written: Partial<VoiceOptions>): (readonly [number, number])[] {
  const { threshold, minSpeechMs, minSilenceMs, padMs, offThreshold = threshold - 0.15 } = options(written);
  const windowMs = WINDOW_US / 1000;
  const total = probabilities.length * windowMs;
  const spans: (readonly [number, number])[] = [];
  let [start, quiet] = [-1, -1];
  probabilities.forEach((probability, i) => {
    const ms = i * windowMs;
    if (probability >= threshold) {
      quiet = -1;
      if (start < 0) start = ms;
    } else if (start >= 0 && probability < offThreshold) {
      if (quiet < 0) quiet = ms;
      if (ms - quiet < minSilenceMs) return;
      if (quiet - start > minSpeechMs) spans.push([start, quiet]);
      [start, quiet] = [-1, -1];
    }
  });
  // Silero counts the silence at the end as speech of a span that is open; a noise alone is none here.
  if (start >= 0 && (quiet < 0 ? total : quiet) - start > minSpeechMs) spans.push([start, total]);
  return spans.map(([from, to]) => [Math.max(0, from - padMs), Math.min(total, to + padMs)]);
}

const probabilities = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 8 }), fc.constantFrom(0, 0.2, 0.349, 0.36, 0.45, 0.499, 0.5, 0.51, 0.9)), {
    maxLength: 40,
  })
  .map((parts) => runs(...parts).map(Math.fround));

const anyOptions = fc.record({
  threshold: fc.constantFrom(0.5, 0.51, 0.4),
  minSpeechMs: fc.integer({ min: 0, max: 400 }),
  minSilenceMs: fc.integer({ min: 0, max: 400 }),
  padMs: fc.integer({ min: 0, max: 500 }),
});

describe('spans of speech', () => {
  it('are those of Silero, while the padding of two spans cannot meet', () => {
    const narrow = anyOptions.map((any) => ({ ...any, padMs: Math.min(any.padMs, Math.floor(any.minSilenceMs / 2)) }));
    fc.assert(
      fc.property(probabilities, narrow, (list, written) => {
        const voice = decider(written);
        const events = [...feed(voice, list), ...finish(voice, list.length)];
        expect(spansOf(events)).toEqual(offline(list, written));
      }),
      { numRuns: 500 },
    );
  });

  it('never overlap nor reach out of what was heard, whatever the padding; starts and ends take turns', () => {
    fc.assert(
      fc.property(probabilities, anyOptions, (list, written) => {
        const voice = decider(written);
        let heardUs = ORIGIN_US;
        let lastUs = ORIGIN_US;
        const check = (events: readonly VoiceEvent[]): void => {
          for (const event of events) {
            expect(event.us).toBeGreaterThanOrEqual(lastUs);
            expect(event.us).toBeLessThanOrEqual(heardUs);
            lastUs = event.us;
          }
        };
        const all: VoiceEvent[] = [];
        list.forEach((probability, i) => {
          heardUs += WINDOW_US;
          const events = feed(voice, [probability], i);
          check(events);
          all.push(...events);
        });
        const events = finish(voice, list.length);
        check(events);
        all.push(...events);
        const pairs = all.map(({ type, segment, originUs }) => [type, segment, originUs]);
        expect(pairs).toEqual(
          all.map((_, i) => [i % 2 === 0 ? 'speech-start' : 'speech-end', Math.floor(i / 2), ORIGIN_US]),
        );
        expect(all.length % 2).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  it('are told with their times, number and the probability that decided', () => {
    const events = feed(decider(), runs([3, 0], [2, 0.8], [3, 0.9], [4, 0.1], [2, 0.2]));
    const common = {
      stream: 'stream-0',
      segment: 0,
      originUs: ORIGIN_US,
      startUs: ORIGIN_US + 66_000,
      provider: 'test/cpu',
    };
    expect(events).toEqual([
      { ...common, type: 'speech-start', id: events[0].id, us: ORIGIN_US + 66_000, probability: Math.fround(0.9) },
      { ...common, type: 'speech-end', id: events[0].id, us: ORIGIN_US + 286_000, probability: Math.fround(0.2) },
    ]);
  });

  it('have a hysteresis, whose lower border follows the upper one unless it is given', () => {
    const list = runs([5, 0.6], [9, 0.3], [5, 0.6], [9, 0.05]);
    expect(spansOf(feed(decider(), list))).toHaveLength(2);
    expect(spansOf(feed(decider({ offThreshold: 0.25 }), list))).toHaveLength(1);
    expect(spansOf(feed(decider({ threshold: 0.4 }), list))).toHaveLength(1);
  });

  it('need longer speech than a noise', () => {
    const blip = runs([2, 0], [3, 0.9], [9, 0]);
    expect(feed(decider(), blip)).toEqual([]);
    expect(feed(decider({ minSpeechMs: 95 }), blip)).toHaveLength(2);
    const voice = decider();
    expect([...feed(voice, runs([2, 0], [3, 0.9], [2, 0])), ...finish(voice, 7)]).toEqual([]);
  });

  it('end at a gap, and later ones do not reach back over it', () => {
    const voice = decider({ padMs: 90 });
    const events: VoiceEvent[] = feed(voice, runs([10, 0.9]));
    const gap = { slot: 0, us: ORIGIN_US + 5_000_000, gap: true };
    voice.push(Float32Array.of(0.1), batchOf([gap]), (event) => events.push(event as VoiceEvent));
    for (let i = 1; i < 10; i++) {
      const row = { slot: 0, us: gap.us + i * WINDOW_US };
      voice.push(Float32Array.of(0.9), batchOf([row]), (event) => events.push(event as VoiceEvent));
    }
    expect(events.map(({ type, us }) => [type, (us - ORIGIN_US) / 1000])).toEqual([
      ['speech-start', 0],
      ['speech-end', 320],
      ['speech-start', 5000],
    ]);
  });

  it('end with the audio when the last window is only partly audio', () => {
    const voice = decider();
    feed(voice, runs([10, 0.9]));
    const events: VoiceEvent[] = [];
    voice.end(0, ORIGIN_US + 10 * WINDOW_US - 20_000, (event) => events.push(event as VoiceEvent));
    expect(spansOf(events)).toEqual([[0, 300]]);
  });

  it('do not come from a probability that is no number, which is counted', () => {
    const context = stageContext();
    const voice = voiceKind.create(voiceKind.schema.parse({ kind: 'voice' }), {
      ...context,
      capacity: 1,
      windowUs: WINDOW_US,
      originUs,
      provider: 'test/cpu',
    });
    voice.open(0, 's');
    voice.push(Float32Array.of(Number.NaN), batchOf([{ slot: 0, us: 0 }]), () => expect.unreachable());
    expect(context.counters.get('decide.probability-not-finite')).toBe(1);
  });

  it('depend neither on batch-mates nor on a snapshot and restore in between', () => {
    const four = fc.tuple(probabilities, probabilities, probabilities, probabilities);
    fc.assert(
      fc.property(four, fc.nat(), (lists, cut) => {
        const alone = lists.map((list) => feed(decider(), list).map(({ type, us }) => [type, us]));
        let voice = decider();
        const together: (readonly [string, number])[][] = lists.map(() => []);
        const longest = Math.max(...lists.map(({ length }) => length));
        for (let i = 0; i < longest; i++) {
          if (i === cut % (longest + 1)) {
            const restored = decider();
            for (let slot = 0; slot < SLOTS; slot++) restored.load(slot, voice.save(slot));
            voice = restored;
          }
          const rows = lists.flatMap((list, slot) =>
            i < list.length ? [{ slot, us: ORIGIN_US + i * WINDOW_US }] : [],
          );
          const output = Float32Array.from(rows, ({ slot }) => lists[slot][i]);
          voice.push(output, batchOf(rows), (event) =>
            together[Number(event.stream.at(-1))].push([event.type, event.us]),
          );
        }
        expect(together).toEqual(alone);
      }),
      { numRuns: 100 },
    );
  });

  it('start anew when another stream takes the slot; saved states of another form are refused', () => {
    const voice = decider();
    const fresh = voice.save(0);
    feed(voice, runs([9, 0.9]));
    const bytes = voice.save(0);
    voice.open(0, 'other');
    expect(voice.save(0)).toEqual(fresh);
    for (const wrong of [bytes.with(0, 99), bytes.subarray(1), new Uint8Array(0)]) {
      expect(() => voice.load(0, wrong)).toThrow(expect.objectContaining({ code: 'SNAPSHOT_INVALID' }));
    }
  });
});

describe('options of voice activity', () => {
  it('refuse an off threshold above the on threshold, in the gate too', () => {
    for (const schema of [voiceSchema, gateSchema]) {
      const { error } = schema.safeParse({ threshold: 0.4, offThreshold: 0.5 });
      expect(error?.issues).toMatchObject([{ path: ['offThreshold'], message: 'must not be above threshold (0.4)' }]);
      expect(schema.safeParse({ threshold: 0.4, offThreshold: 0.4 }).success).toBe(true);
      expect(schema.safeParse({ thresold: 0.4 }).success).toBe(false);
    }
  });
});
