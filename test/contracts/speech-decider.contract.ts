/** What every decider that writes down speech must do, whatever the model behind it. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Decider } from '../../src/core/contracts.js';
import type { SpeechEvent, TranscriptEvent } from '../../src/core/events.js';
import { UserError } from '../../src/core/errors.js';

const RUNS = { numRuns: 60 };

/** A decider and the hands to feed it. */
export interface SpeechRig {
  readonly decider: Decider;
  /** Everything that it has said, in order. */
  readonly events: readonly SpeechEvent[];
  /** Hands over one chunk of the stream in this slot. @param symbol which of a few chunks @param gap audio is missing before */
  hear(slot: number, symbol: number, us: number, gap?: boolean): void;
  end(slot: number, us: number): void;
}

function transcripts(events: readonly SpeechEvent[]): TranscriptEvent[] {
  return events.flatMap((event) => (event.type === 'partial' || event.type === 'final' ? [event] : []));
}

/**
 * @param make a fresh decider for two slots, open as `stream-0` and `stream-1`
 * @param symbols different chunks that `hear` knows: 0 is silence, the others are speech
 * @param chunkUs time between two chunks
 */
export function speechDeciderContract(name: string, make: () => SpeechRig, symbols: number, chunkUs: number): void {
  const chunk = fc.record({ symbol: fc.nat(symbols - 1), gap: fc.integer({ min: 0, max: 19 }).map((k) => k === 0) });
  const audio = fc.array(chunk, { maxLength: 40 });
  const feed = (rig: SpeechRig, chunks: readonly { symbol: number; gap: boolean }[], from = 0, slot = 0): void =>
    chunks.forEach(({ symbol, gap }, k) => rig.hear(slot, symbol, (from + k) * chunkUs, gap));

  describe(`${name} keeps the contract of a decider of speech`, () => {
    it('gives every segment one final result, its partial ones before it, and nothing without text', () => {
      fc.assert(
        fc.property(audio, (chunks) => {
          const rig = make();
          feed(rig, chunks);
          rig.end(0, chunks.length * chunkUs);
          const said = transcripts(rig.events);
          const finals = said.filter(({ type }) => type === 'final');
          expect(finals.map(({ segment }) => segment)).toEqual(finals.map((_, i) => i));
          // Each segment's events stand together, the final one at their end.
          const order = said.map(({ type, segment }) => segment + (type === 'final' ? 0.5 : 0));
          expect(order).toEqual(order.toSorted((a, b) => a - b));
          expect(new Set(said.map(({ segment }) => segment)).size).toBe(finals.length);
          for (const { text } of said) expect(text).not.toBe('');
        }),
        RUNS,
      );
    });

    it('only adds to a partial result: what was heard first stands in the final one', () => {
      fc.assert(
        fc.property(audio, (chunks) => {
          const rig = make();
          feed(rig, chunks);
          rig.end(0, chunks.length * chunkUs);
          const finals = transcripts(rig.events).filter(({ type }) => type === 'final');
          for (const { type, segment, id, startUs, tokens } of transcripts(rig.events)) {
            if (type === 'final') continue;
            const final = finals[segment];
            expect({ id, startUs }).toEqual({ id: final.id, startUs: final.startUs });
            const starts = tokens.map(({ text, startUs }) => [text, startUs]);
            expect(final.tokens.slice(0, tokens.length).map(({ text, startUs }) => [text, startUs])).toEqual(starts);
          }
          expect(new Set(finals.map(({ id }) => id)).size).toBe(finals.length);
        }),
        RUNS,
      );
    });

    it('gives times in order, within what was heard', () => {
      fc.assert(
        fc.property(audio, (chunks) => {
          const rig = make();
          feed(rig, chunks);
          rig.end(0, chunks.length * chunkUs);
          for (const { startUs, us, tokens, words } of transcripts(rig.events)) {
            for (const parts of [tokens, words]) {
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

    it('says the same after a snapshot and a restore anywhere, in another slot', () => {
      fc.assert(
        fc.property(audio, fc.nat(), (chunks, at) => {
          const cut = at % (chunks.length + 1);
          const whole = make();
          feed(whole, chunks, 0, 1);
          whole.end(1, chunks.length * chunkUs);
          const first = make();
          feed(first, chunks.slice(0, cut), 0, 1);
          const second = make();
          feed(second, chunks, 5, 0);
          const before = second.events.length;
          second.decider.open(0, 'stream-1');
          second.decider.load(0, first.decider.save(1));
          feed(second, chunks.slice(cut), cut);
          second.end(0, chunks.length * chunkUs);
          expect([...first.events, ...second.events.slice(before)]).toEqual(whole.events);
        }),
        RUNS,
      );
    });

    it('gives a slot back as new when another stream takes it', () => {
      fc.assert(
        fc.property(audio, audio, (before, chunks) => {
          const fresh = make();
          const used = make();
          feed(used, before);
          const said = used.events.length;
          used.decider.open(0, 'stream-0');
          expect(used.decider.save(0)).toEqual(fresh.decider.save(0));
          for (const rig of [fresh, used]) {
            feed(rig, chunks);
            rig.end(0, chunks.length * chunkUs);
          }
          expect(used.events.slice(said)).toEqual(fresh.events);
        }),
        RUNS,
      );
    });

    it('refuses a saved state of another version or size', () => {
      const rig = make();
      feed(rig, [
        { symbol: 1, gap: false },
        { symbol: 2, gap: false },
      ]);
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
