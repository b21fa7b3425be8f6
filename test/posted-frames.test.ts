import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Frame, Signal } from '../src/core/contracts.js';
import { blocksOf, packFrames, unpackFrames } from '../src/posted-frames.js';

const SIGNALS: readonly Signal[] = [
  { kind: 'channels', names: ['x', 'y'], stepUs: 0 },
  { kind: 'channels', names: ['x'], stepUs: 1000 },
  { kind: 'audio', rateHz: 16_000, channels: 1 },
];

/** Every field of a frame: one that is added to the contract and not posted does not compile here. */
const whole: fc.Arbitrary<Required<Frame>> = fc
  .record({ values: fc.array(fc.double(), { maxLength: 5 }), before: fc.nat(3) })
  .chain(({ values, before }) =>
    fc.record({
      stream: fc.string(),
      source: fc.nat(3),
      seq: fc.maxSafeNat(),
      us: fc.maxSafeInteger(),
      arrivedUs: fc.maxSafeInteger(),
      unstamped: fc.constant(true as const),
      signal: fc.constantFrom(...SIGNALS),
      // Often a view into a larger buffer, as decoders cut them.
      data: fc.constant(Float64Array.of(...Array.from({ length: before }, () => 7), ...values).subarray(before)),
      mask: fc.constant(Uint8Array.from(values, (_, i) => i % 2)),
      sequence: fc.maxSafeInteger(),
      mark: fc.constantFrom('start', 'gap', 'end'),
    }),
  );

const OPTIONAL = ['unstamped', 'mask', 'sequence', 'mark'] as const;

const frames: fc.Arbitrary<Frame[]> = fc.array(
  fc.tuple(whole, fc.subarray([...OPTIONAL])).map(([frame, absent]): Frame => {
    for (const key of absent) Reflect.deleteProperty(frame, key);
    return frame;
  }),
  { maxLength: 8 },
);

describe('frames that are posted to another thread', () => {
  it('arrive as they were', () => {
    fc.assert(
      fc.property(frames, (sent) => {
        const packed = packFrames(sent);
        const arrived = unpackFrames(structuredClone(packed, { transfer: blocksOf(packed) }));
        // Those that were sent are whole: nothing of theirs has changed its owner.
        expect(arrived).toEqual(sent);
      }),
    );
  });

  it('share what they have in common', () => {
    const [signal] = SIGNALS;
    const frame: Frame = { stream: 's', source: 0, seq: 1, us: 0, arrivedUs: 0, signal, data: Float64Array.of(1, 2) };
    const arrived = unpackFrames(structuredClone(packFrames([frame, frame, frame])));
    expect(new Set(arrived.map((one) => one.signal)).size).toBe(1);
    expect(new Set(arrived.map(({ data }) => data.buffer)).size).toBe(1);
  });
});
