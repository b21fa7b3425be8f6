import * as fc from 'fast-check';
import { expect, it, onTestFinished, vi } from 'vitest';
import { KnownTopics } from '../../src/mqtt/known-topics.js';

const routeOf = (topic: string) => (topic.endsWith('!') ? undefined : { stream: topic });

it('gives text and route of any bytes, whatever came before', () => {
  const topics = new KnownTopics(routeOf);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(10), (bytes, before) => {
      const buffer = Buffer.concat([Buffer.alloc(before, 0x78), bytes, Buffer.from('y')]);
      const text = Buffer.from(bytes).toString();
      for (let i = 0; i < 2; i++) {
        expect(topics.at(buffer, before, before + bytes.length)).toEqual({ text, route: routeOf(text) });
      }
    }),
  );
});

it('keeps apart 150,000 topics, more than it remembers, and makes few but once', () => {
  const topics = new KnownTopics(routeOf);
  let wrong = 0;
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 150_000; i++) {
      const bytes = Buffer.from(`plant/device-${i}/temperature`);
      const { text, route } = topics.at(bytes, 0, bytes.length);
      if (text !== `plant/device-${i}/temperature` || route?.stream !== text) wrong++;
    }
  }
  expect(wrong).toBe(0);
  const decode = vi.spyOn(Buffer.prototype, 'toString');
  onTestFinished(() => decode.mockRestore());
  const bytes = Buffer.from('plant/device-1/temperature');
  for (let i = 0; i < 10; i++) topics.at(bytes, 0, bytes.length);
  expect(decode.mock.calls.length).toBeLessThanOrEqual(1);
});

it.each(['a', 'no!'])('asks once for the route of %s, and not again where there is none', (name) => {
  const route = vi.fn<typeof routeOf>(routeOf);
  const topics = new KnownTopics(route);
  const bytes = Buffer.from(name);
  const first = topics.at(bytes, 0, bytes.length);
  expect(topics.at(Buffer.from(name), 0, bytes.length)).toBe(first);
  expect(route.mock.calls).toEqual([[name]]);
});

it('does not keep what the topic was read with', () => {
  const topics = new KnownTopics(routeOf);
  const chunk = Buffer.from('plant/a');
  expect(topics.at(chunk, 0, 7).text).toBe('plant/a');
  // The same memory, read into again.
  chunk.write('plant/b');
  expect(topics.at(chunk, 0, 7).text).toBe('plant/b');
  expect(topics.at(Buffer.from('plant/a'), 0, 7).text).toBe('plant/a');
});
