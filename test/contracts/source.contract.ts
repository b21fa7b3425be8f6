/** What every source must do, whatever its kind. */
import { firstValueFrom, timeout } from 'rxjs';
import { describe, expect, it, type TestContext } from 'vitest';
import type { Source } from '../../src/core/contracts.js';
import { Collector } from '../support/stages.js';

export interface SourceUnderTest {
  readonly source: Source;
  /** Makes sure that the source has at least `n` packets more to give. */
  readonly feed: (n: number) => Promise<void>;
}

/** @param make a fresh source, not started, index 3 */
export function sourceContract(name: string, make: (ctx: TestContext) => Promise<SourceUnderTest>): void {
  describe(`source contract: ${name}`, () => {
    it('emits nothing without credit, and never more than the credit', async (ctx) => {
      const { source, feed } = await make(ctx);
      const collector = new Collector(source);
      await source.start(new AbortController().signal);
      await feed(12);
      await turns(20);
      expect(collector.packets).toHaveLength(0);
      source.credit(3);
      await collector.count(3);
      await turns(20);
      expect(collector.packets).toHaveLength(3);
      source.credit(1);
      source.credit(4);
      await collector.count(8);
      await turns(20);
      expect(collector.packets).toHaveLength(8);
      await source.stop();
    });

    it('numbers packets 1, 2, 3, … and stamps them with its index', async (ctx) => {
      const { source, feed } = await make(ctx);
      const collector = new Collector(source);
      await source.start(new AbortController().signal);
      source.credit(10);
      await feed(10);
      await collector.count(10);
      source.ackThrough(5);
      expect(collector.packets.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      for (const packet of collector.packets) {
        expect(packet.source).toBe(3);
        expect(packet.route.stream).not.toBe('');
        expect(Number.isSafeInteger(packet.arrivedUs)).toBe(true);
        expect(packet.bytes.length).toBeGreaterThan(0);
      }
      await source.stop();
    });

    it('tells its status to whoever asks, and is up once started', async (ctx) => {
      const { source } = await make(ctx);
      await source.start(new AbortController().signal);
      expect(await firstValueFrom(source.status.pipe(timeout(1000)))).toBe('up');
      await source.stop();
    });

    it('stops at any time, more than once, and completes', async (ctx) => {
      const never = await make(ctx);
      await never.source.stop();
      const { source } = await make(ctx);
      const collector = new Collector(source);
      await source.start(new AbortController().signal);
      source.credit(1);
      await Promise.all([source.stop(), source.stop()]);
      await source.stop();
      await collector.done;
      const seen = collector.packets.length;
      source.credit(100);
      await turns(20);
      expect(collector.packets).toHaveLength(seen);
    });

    it('does not start when it is already aborted', async (ctx) => {
      const { source } = await make(ctx);
      await expect(source.start(AbortSignal.abort(new Error('no longer wanted')))).rejects.toThrow('no longer wanted');
      await source.stop();
    });
  });
}

/** Lets the event loop go round, so that whatever was due has happened. */
export async function turns(n: number): Promise<void> {
  for (let i = 0; i < n; i++) await new Promise((resolve) => setImmediate(resolve));
}
