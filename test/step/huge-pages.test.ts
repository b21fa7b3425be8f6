import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { inHugePages } from '../../src/step/native/huge-pages.js';

const MIB = 2 ** 20;

/** Memory of this process in large pages, MiB; undefined where the system has none to give. */
function hugeMiB(): number | undefined {
  try {
    if (/\[never\]/.test(readFileSync('/sys/kernel/mm/transparent_hugepage/enabled', 'utf8'))) return undefined;
    const match = /AnonHugePages: +(\d+) kB/.exec(readFileSync('/proc/self/smaps_rollup', 'utf8'));
    return match === null ? undefined : Number(match[1]) / 1024;
  } catch {
    return undefined;
  }
}

/** As a library loads weights: allocated, and written from one end to the other. */
function weights(mib: number): Uint8Array {
  return new Uint8Array(mib * MIB).fill(7);
}

describe('memory of large models', () => {
  it('is laid out in large pages, and stays what it was', (ctx) => {
    const before = hugeMiB();
    if (before === undefined) {
      ctx.skip('this system has no transparent huge pages');
      return;
    }
    const opened = inHugePages(() => weights(128));
    const after = hugeMiB() ?? 0;
    expect(opened.every((byte) => byte === 7)).toBe(true);
    // Old kernels do it later, small ones may have no memory left in one piece: then nothing was lost.
    if (after === before) ctx.skip('this system does not give large pages at once');
    expect(after - before).toBeGreaterThan(100);
  });

  it('is left alone when it is small', (ctx) => {
    const before = hugeMiB();
    if (before === undefined) {
      ctx.skip('this system has no transparent huge pages');
      return;
    }
    const opened = inHugePages(() => weights(8));
    expect(hugeMiB()).toBe(before);
    expect(opened.length).toBe(8 * MIB);
  });

  it('hands on what opening throws', () => {
    const failure = new Error('no model');
    const open = (): never => {
      throw failure;
    };
    expect(() => inHugePages(open)).toThrow(failure);
  });
});
