import { array, assert, asyncProperty, constantFrom, integer, tuple, uint8Array } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bunzip2 } from '../../../src/cli/models/bunzip2.js';
import { randomBlock } from '../../../src/core/random.js';
import { bzip2 } from '../../support/archives.js';
import { needsProgram } from '../../support/needs.js';

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}

async function unpacked(packed: Uint8Array, pieceBytes = 65_536): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of bunzip2(pieces(packed, pieceBytes))) all.push(piece);
  return Buffer.concat(all);
}

/** What `bzip2 -9` made of `kioku, kioku, kioku\n`. */
const GOLDEN = Buffer.from('QlpoOTFBWSZTWSOtZQUAAAVRgAAQQAQAKIIAIAAhtQxCGAvLFBp0ozxdyRThQkCOtZQU', 'base64');

describe('bunzip2', () => {
  it('reads what bzip2 wrote', async () => {
    expect((await unpacked(GOLDEN)).toString()).toBe('kioku, kioku, kioku\n');
  });

  it('never gives wrong bytes for a damaged file', async () => {
    const outcomes = new Map<string, number>();
    for (let bit = 0; bit < 8 * GOLDEN.length; bit++) {
      const damaged = Buffer.from(GOLDEN);
      damaged[bit >> 3] ^= 1 << (bit & 7);
      const outcome = await unpacked(damaged).then(String, (error: unknown) => (error as Error).name);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    // Some bits mean nothing: the level, the table of a code that nobody uses, what fills the last byte.
    expect([...outcomes.keys()].toSorted()).toEqual(['Bzip2Error', 'kioku, kioku, kioku\n']);
    expect(outcomes.get('Bzip2Error')).toBeGreaterThan(0.9 * 8 * GOLDEN.length);
  });

  it('says of every cut that the end is missing', async () => {
    for (let length = 0; length < GOLDEN.length; length++) {
      const words = length < 4 ? 'this is not bzip2' : 'it ends too early';
      await expect(unpacked(GOLDEN.subarray(0, length)), `${length} bytes`).rejects.toThrow(words);
    }
  });

  it('reads anything, cut anywhere, in any number of streams', async (ctx) => {
    needsProgram(ctx, 'bzip2');
    // Few different bytes make runs, which are packed in two ways.
    const run = tuple(constantFrom(0, 1, 255), integer({ min: 1, max: 700 })).map(([byte, n]) => Buffer.alloc(n, byte));
    const part = array(run, { maxLength: 40 }).map((runs) => Buffer.concat(runs));
    const anything = uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes));
    const streams = array(
      tuple(
        constantFrom(part, anything).chain((kind) => kind),
        integer({ min: 1, max: 9 }),
      ),
      {
        minLength: 1,
        maxLength: 3,
      },
    );
    await assert(
      asyncProperty(streams, integer({ min: 1, max: 500 }), async (parts, pieceBytes) => {
        const packed = Buffer.concat(parts.map(([bytes, level]) => bzip2(bytes, level)));
        const whole = Buffer.concat(parts.map(([bytes]) => bytes));
        expect((await unpacked(packed, pieceBytes)).equals(whole)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it('reads blocks that are full, of noise and of zeros', async (ctx) => {
    needsProgram(ctx, 'bzip2');
    const noise = new Uint32Array(300_000);
    for (let at = 0; at < noise.length; at += 4) randomBlock(noise.subarray(at, at + 4), 1, 0, at);
    for (const bytes of [Buffer.from(noise.buffer), Buffer.alloc(3_000_000)]) {
      expect((await unpacked(bzip2(bytes))).equals(bytes)).toBe(true);
    }
  });

  it('stops unfolding as soon as nobody asks for more', async (ctx) => {
    needsProgram(ctx, 'bzip2');
    const packed = bzip2(Buffer.alloc(20_000_000));
    expect(packed.length).toBeLessThan(200);
    let bytes = 0;
    for await (const piece of bunzip2(pieces(packed, 64))) {
      bytes += piece.length;
      if (bytes > 1_000_000) break;
    }
    expect(bytes).toBeLessThan(1_300_000);
  });
});
