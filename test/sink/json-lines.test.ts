import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { KiokuEvent } from '../../src/core/events.js';
import { eventJson } from '../../src/sink/event-json.js';
import { JsonLines } from '../../src/sink/json-lines.js';
import { incident, transcript } from '../contracts/sink.contract.js';

const name = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom('plant/press-1', 'a"b', 'a\\b', 'line\nbreak', 'Öl', '\u{1F600}', '\uD800', '', 'x'.repeat(200_000)),
);
const score = fc.record(
  {
    type: fc.constant('score' as const),
    id: name,
    stream: name,
    us: fc.oneof(
      fc.integer({ min: 0, max: 8_000_000_000_000_000 }),
      fc.integer({ min: 1_700_000_000_000_000, max: 1_700_000_200_000_000 }),
      fc.integer({ min: 1_700_000_000_000, max: 1_700_000_000_100 }).map((ms) => ms * 1000),
      fc.constantFrom(0, 1, 59_999_999, 60_000_000, -1, -60_000_000, 1e16, 0.5),
    ),
    score: fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 1, 1e-9, -0, Number.NaN, Infinity)),
    provider: fc.constantFrom('node/cpu', 'native/cuda'),
    channels: fc.constantFrom([], [{ name: 'flow "1"', observed: 1.5, expected: 1, low: -0.5, high: 2.5 }]),
  },
  { requiredKeys: ['type', 'id', 'stream', 'us', 'score'] },
);
const event: fc.Arbitrary<KiokuEvent> = fc.oneof(
  { weight: 8, arbitrary: score },
  { weight: 1, arbitrary: fc.constantFrom(incident('i'), transcript('final', 'f')) },
);

it('writes every event as eventJson does, and begins anew after each take', () => {
  const lines = new JsonLines();
  fc.assert(
    fc.property(fc.array(event, { maxLength: 12 }), (events) => {
      for (const one of events) lines.add(one);
      expect(lines.bytes).toBe(Buffer.byteLength(events.map((one) => `${eventJson(one)}\n`).join('')));
      expect(Buffer.from(lines.take()).toString()).toBe(
        events.map((one) => `${Buffer.from(eventJson(one)).toString()}\n`).join(''),
      );
      expect(lines.take()).toHaveLength(0);
    }),
    { numRuns: 300 },
  );
});

it('keeps what was taken until the next take', () => {
  const lines = new JsonLines();
  lines.add(incident('first'));
  const first = lines.take();
  const text = Buffer.from(first).toString();
  for (let i = 0; i < 1000; i++) lines.add(incident(`other ${i}`));
  expect(Buffer.from(first).toString()).toBe(text);
});
