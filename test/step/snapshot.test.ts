import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Snapshot } from '../../src/core/snapshot.js';
import { assertSnapshotModel, decodeSnapshot, encodeSnapshot } from '../../src/step/snapshot.js';

const INVALID: unknown = expect.objectContaining({ name: 'UserError', code: 'SNAPSHOT_INVALID' });

const text = fc.string({ unit: 'grapheme', maxLength: 12 });

const snapshot: fc.Arbitrary<Snapshot> = fc.record({
  version: fc.constant<1>(1),
  model: text,
  stream: text,
  us: fc.integer({ min: -1e15, max: 4e15 }),
  through: fc
    .array(fc.tuple(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.maxSafeNat()), { maxLength: 4 })
    .map((entries): Snapshot['through'] => new Map(entries)),
  parts: fc
    .array(fc.tuple(text, fc.uint8Array({ maxLength: 40 })), { maxLength: 4 })
    .map((entries): Snapshot['parts'] => new Map(entries)),
});

const EXAMPLE: Snapshot = {
  version: 1,
  model: 'ab'.repeat(32),
  stream: 'factory/pump-1',
  us: 1_767_225_600_000_000,
  through: new Map([[0, 2 ** 40]]),
  parts: new Map([
    ['net', Uint8Array.of(1, 2, 3)],
    ['decide', new Uint8Array(0)],
  ]),
};

describe('snapshot', () => {
  it('comes back as it went', () => {
    fc.assert(
      fc.property(snapshot, fc.nat(7), (original, offset) => {
        const encoded = encodeSnapshot(original);
        // Bytes often arrive in the middle of a larger buffer.
        const surrounded = new Uint8Array(offset + encoded.length + 3);
        surrounded.set(encoded, offset);
        expect(decodeSnapshot(surrounded.subarray(offset, offset + encoded.length))).toEqual(original);
      }),
    );
  });

  it('has parts that do not change with the bytes they came from', () => {
    const encoded = encodeSnapshot(EXAMPLE);
    const decoded = decodeSnapshot(encoded);
    encoded.fill(0);
    expect(decoded).toEqual(EXAMPLE);
  });

  it('is refused when any byte is changed', () => {
    const encoded = encodeSnapshot(EXAMPLE);
    for (let at = 0; at < encoded.length; at++) {
      const damaged = encoded.slice();
      damaged[at] ^= 0x10;
      expect(() => decodeSnapshot(damaged), `byte ${at}`).toThrow(INVALID);
    }
  });

  it('is refused when it is cut or goes on', () => {
    const encoded = encodeSnapshot(EXAMPLE);
    for (let length = 0; length < encoded.length; length++) {
      expect(() => decodeSnapshot(encoded.subarray(0, length)), `${length} bytes`).toThrow(INVALID);
    }
    expect(() => decodeSnapshot(Uint8Array.of(...encoded, 0))).toThrow(INVALID);
  });

  it('says which version it has and which is read', () => {
    const encoded = encodeSnapshot(EXAMPLE);
    encoded[8] = 7;
    expect(() => decodeSnapshot(encoded)).toThrow('version 7, this kioku reads version 1');
  });

  it('belongs to one model', () => {
    assertSnapshotModel(EXAMPLE, 'ab'.repeat(32));
    expect(() => assertSnapshotModel(EXAMPLE, 'cd'.repeat(32))).toThrow(INVALID);
    expect(() => assertSnapshotModel(EXAMPLE, 'cd'.repeat(32))).toThrow(/factory\/pump-1.*abababababab.*cdcdcdcdcdcd/);
  });
});
