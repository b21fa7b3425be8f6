import * as fc from 'fast-check';
import { expect, it } from 'vitest';
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

it('keeps apart 100,000 topics, many more than it has places, again and again', () => {
  const names = new TopicNames();
  let wrong = 0;
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 100_000; i++) {
      const bytes = Buffer.from(`plant/device-${i}/temperature`);
      if (names.textOf(bytes, 0, bytes.length) !== `plant/device-${i}/temperature`) wrong++;
    }
  }
  expect(wrong).toBe(0);
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
