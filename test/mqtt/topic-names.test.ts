import * as fc from 'fast-check';
import { expect, it, onTestFinished, vi } from 'vitest';
import { TopicNames } from '../../src/mqtt/topic-names.js';

it('gives the text of any bytes, whatever came before', () => {
  const names = new TopicNames();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(10), (bytes, before) => {
      const buffer = Buffer.concat([Buffer.alloc(before, 0x78), bytes, Buffer.from('y')]);
      const text = names.textOf(buffer, before, before + bytes.length);
      expect(text).toBe(Buffer.from(bytes).toString());
      expect(names.textOf(buffer, before, before + bytes.length)).toBe(text);
    }),
  );
});

it('keeps apart 150,000 topics, more than it remembers, and makes the text of few but once', () => {
  const names = new TopicNames();
  let wrong = 0;
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 150_000; i++) {
      const bytes = Buffer.from(`plant/device-${i}/temperature`);
      if (names.textOf(bytes, 0, bytes.length) !== `plant/device-${i}/temperature`) wrong++;
    }
  }
  expect(wrong).toBe(0);
  const decode = vi.spyOn(Buffer.prototype, 'toString');
  onTestFinished(() => decode.mockRestore());
  const bytes = Buffer.from('plant/device-1/temperature');
  for (let i = 0; i < 10; i++) names.textOf(bytes, 0, bytes.length);
  expect(decode.mock.calls.length).toBeLessThanOrEqual(1);
});

it('does not keep what the topic was read with', () => {
  const names = new TopicNames();
  const chunk = Buffer.from('plant/a');
  expect(names.textOf(chunk, 0, 7)).toBe('plant/a');
  // The same memory, read into again.
  chunk.write('plant/b');
  expect(names.textOf(chunk, 0, 7)).toBe('plant/b');
  expect(names.textOf(Buffer.from('plant/a'), 0, 7)).toBe('plant/a');
});
