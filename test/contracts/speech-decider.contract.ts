/** What every decider that hears speech must do, and what more those must that write it down. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Decider } from '../../src/core/contracts.js';
import { UserError } from '../../src/core/errors.js';
import type { SpeechEvent, TranscriptEvent } from '../../src/core/events.js';

const RUNS = { numRuns: 60 };
const SLOTS = 3;

/** One step of one stream. */
export interface Heard {
  readonly slot: number;
  /** Which of a few outputs of the net: 0 is silence, the others are speech. */
  readonly symbol: number;
  /** Audio is missing before it. */
  readonly gap: boolean;
}

/** A decider and the hands to feed it. */
export interface SpeechRig {
  readonly decider: Decider;
  /** Everything that it has said, in order. */
  readonly events: readonly SpeechEvent[];
  /** Hands over one step of different slots, in one batch. */
  hear(batch: readonly Heard[], us: number): void;
  end(slot: number, us: number): void;
}

export interface SpeechCase {
  readonly name: string;
  /** A fresh decider for at least three slots, open as `stream-0`, `stream-1`, … */
  readonly make: () => SpeechRig;
  /** How many symbols `hear` knows. */
  readonly symbols: number;
  /** Time between two steps. */
  readonly stepUs: number;
}

type Step = Omit<Heard, 'slot'>;

/** Runs of the same symbol, so that there are pauses and words. */
function audioOf(symbols: number): fc.Arbitrary<Step[]> {
  const part = fc.record({
    symbol: fc.nat(symbols - 1),
    gap: fc.integer({ min: 0, max: 19 }).map((k) => k === 0),
    times: fc.integer({ min: 1, max: 8 }),
  });
  return fc
    .array(part, { maxLength: 20 })
    .map((parts) =>
      parts.flatMap(({ symbol, gap, times }) =>
        Array.from({ length: times }, (_, i) => ({ symbol, gap: gap && i === 0 })),
      ),
    );
}

/** Hands over one stream, from step `from` on. */
function feed(rig: SpeechRig, steps: readonly Step[], stepUs: number, from = 0, slot = 0): void {
  steps.forEach((step, k) => rig.hear([{ ...step, slot }], (from + k) * stepUs));
}

/** Everything that a fresh decider says of a whole stream. */
function heard({ make, stepUs }: SpeechCase, steps: readonly Step[], slot = 0): readonly SpeechEvent[] {
  const rig = make();
  feed(rig, steps, stepUs, 0, slot);
  rig.end(slot, steps.length * stepUs);
  return rig.events;
}

/** For every decider of speech. */
export function speechDeciderContract(speech: SpeechCase): void {
  const { make, name, stepUs, symbols } = speech;
  const audio = audioOf(symbols);

  describe(`${name} keeps the contract of a decider of speech`, () => {
    it('hears something at all, and numbers the segments of a stream', () => {
      const talk = Array.from({ length: 400 }, (_, k) => ({
        symbol: k % 80 < 40 ? 1 + (k % (symbols - 1)) : 0,
        gap: false,
      }));
      const segments = heard(speech, talk).map(({ segment }) => segment);
      expect(new Set(segments).size).toBeGreaterThan(3);
      expect(segments).toEqual(segments.toSorted((a, b) => a - b));
    });

    it('hears each stream as if it were alone', () => {
      const turn = fc.uniqueArray(fc.record({ slot: fc.nat(SLOTS - 1), symbol: fc.nat(symbols - 1) }), {
        selector: ({ slot }) => slot,
      });
      fc.assert(
        fc.property(fc.array(turn, { maxLength: 60 }), (turns) => {
          const together = make();
          const alone = Array.from({ length: SLOTS }, make);
          turns.forEach((rows, k) => {
            const batch = rows.map((row) => ({ ...row, gap: false }));
            together.hear(batch, k * stepUs);
            for (const row of batch) alone[row.slot].hear([row], k * stepUs);
          });
          alone.forEach(({ events }, slot) => {
            expect(together.events.filter(({ stream }) => stream === `stream-${slot}`)).toEqual(events);
          });
        }),
        RUNS,
      );
    });

    it('says the same after a snapshot and a restore anywhere, in another slot', () => {
      fc.assert(
        fc.property(audio, fc.nat(), (steps, at) => {
          const cut = at % (steps.length + 1);
          const whole = heard(speech, steps, 1);
          const first = make();
          feed(first, steps.slice(0, cut), stepUs, 0, 1);
          const second = make();
          feed(second, steps, stepUs, 5);
          const before = second.events.length;
          second.decider.open(0, 'stream-1');
          second.decider.load(0, first.decider.save(1));
          feed(second, steps.slice(cut), stepUs, cut);
          second.end(0, steps.length * stepUs);
          expect([...first.events, ...second.events.slice(before)]).toEqual(whole);
        }),
        RUNS,
      );
    });

    it('gives a slot back as new when another stream takes it', () => {
      fc.assert(
        fc.property(audio, audio, (before, steps) => {
          const used = make();
          feed(used, before, stepUs);
          const said = used.events.length;
          used.decider.open(0, 'stream-0');
          expect(used.decider.save(0)).toEqual(make().decider.save(0));
          feed(used, steps, stepUs);
          used.end(0, steps.length * stepUs);
          expect(used.events.slice(said)).toEqual(heard(speech, steps));
        }),
        RUNS,
      );
    });

    it('refuses a saved state of another version or size', () => {
      const rig = make();
      feed(
        rig,
        Array.from({ length: 20 }, () => ({ symbol: 1, gap: false })),
        stepUs,
      );
      const bytes = rig.decider.save(0);
      const other = Uint8Array.from(bytes);
      other[0] = 255;
      for (const bad of [other, bytes.subarray(0, -1), bytes.subarray(0, 9), new Uint8Array(0)]) {
        expect(() => rig.decider.load(0, bad)).toThrow(UserError);
      }
      expect(rig.decider.save(0)).toEqual(bytes);
    });
  });
}

function transcripts(events: readonly SpeechEvent[]): TranscriptEvent[] {
  return events.flatMap((event) => (event.type === 'partial' || event.type === 'final' ? [event] : []));
}

export interface TranscriptCase extends SpeechCase {
  /** What partial results said may be taken back, all of it by a final one without text. */
  readonly revises?: true;
}

/** For every decider that writes speech down, beside `speechDeciderContract`. */
export function transcriptContract(speech: TranscriptCase): void {
  const audio = audioOf(speech.symbols);

  describe(`${speech.name} keeps the contract of a transcript`, () => {
    it('gives every segment one final result, its partial ones before it, and nothing without text', () => {
      fc.assert(
        fc.property(audio, (steps) => {
          const said = transcripts(heard(speech, steps));
          const finals = said.filter(({ type }) => type === 'final');
          expect(finals.map(({ segment }) => segment)).toEqual(finals.map((_, i) => i));
          // Each segment's events stand together, the final one at their end.
          const order = said.map(({ type, segment }) => segment + (type === 'final' ? 0.5 : 0));
          expect(order).toEqual(order.toSorted((a, b) => a - b));
          expect(new Set(said.map(({ segment }) => segment)).size).toBe(finals.length);
          for (const { text, type, segment } of said) {
            const took = type === 'final' && said.some((one) => one.type === 'partial' && one.segment === segment);
            expect(text !== '' || (speech.revises === true && took)).toBe(true);
          }
        }),
        RUNS,
      );
    });

    it('names all results of a segment alike, and no other', () => {
      fc.assert(
        fc.property(audio, (steps) => {
          const said = transcripts(heard(speech, steps));
          const ids = new Map(said.map(({ segment, id }) => [segment, id]));
          for (const { segment, id } of said) expect(id).toBe(ids.get(segment));
          expect(new Set(ids.values()).size).toBe(ids.size);
        }),
        RUNS,
      );
    });

    it('gives times in order, within what was heard', () => {
      fc.assert(
        fc.property(audio, (steps) => {
          for (const { startUs, us, tokens, words } of transcripts(heard(speech, steps))) {
            for (const parts of [tokens, words]) {
              if (parts.length === 0) continue;
              expect(parts[0].startUs).toBe(startUs);
              expect(parts.at(-1)?.endUs).toBeLessThanOrEqual(us);
              parts.forEach((part, i) => {
                expect(part.endUs).toBeGreaterThan(part.startUs);
                expect(part.startUs).toBeGreaterThanOrEqual(i === 0 ? startUs : parts[i - 1].endUs);
              });
            }
          }
        }),
        RUNS,
      );
    });
  });
}

/** For those that, in addition, take nothing back. */
export function growingTranscriptContract(speech: SpeechCase): void {
  const audio = audioOf(speech.symbols);

  describe(`${speech.name} takes nothing back`, () => {
    it('only adds to a partial result: what was heard first stands in the final one', () => {
      fc.assert(
        fc.property(audio, (steps) => {
          const said = transcripts(heard(speech, steps));
          const finals = said.filter(({ type }) => type === 'final');
          for (const { type, segment, startUs, tokens } of said) {
            if (type === 'final') continue;
            const final = finals[segment];
            expect(startUs).toBe(final.startUs);
            const starts = tokens.map(({ text, startUs }) => [text, startUs]);
            expect(final.tokens.slice(0, tokens.length).map(({ text, startUs }) => [text, startUs])).toEqual(starts);
          }
        }),
        RUNS,
      );
    });
  });
}
