/** What a JSON decoder makes of a message does not depend on what it has seen before: a fresh one is the measure. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Decoder, Frame } from '../../src/core/contracts.js';
import type { Counters } from '../../src/core/counters.js';
import { FlatJson } from '../../src/decode/flat-json.js';
import { jsonKind } from '../../src/decode/json.js';
import { packetOf } from '../support/readings.js';
import { stageContext } from '../support/stages.js';

interface Outcome {
  readonly frames: Frame[];
  readonly counts: Record<string, number>;
}

function decoderOf(options: object): { decoder: Decoder; counters: Counters } {
  const context = stageContext();
  return { decoder: jsonKind.create(jsonKind.schema.parse({ kind: 'json', ...options }), context), ...context };
}

function outcome({ decoder, counters }: ReturnType<typeof decoderOf>, payload: Uint8Array, channel?: string): Outcome {
  const before = counters.toJSON();
  const frames: Frame[] = [];
  decoder.decode(packetOf(payload, { channel }), (frame) => frames.push(frame));
  const after = counters.toJSON();
  const counts: Record<string, number> = {};
  for (const [reason, n] of Object.entries(after)) {
    if (n > (before[reason] ?? 0)) counts[reason] = n - (before[reason] ?? 0);
  }
  return { frames, counts };
}

const key = fc.constantFrom('a', 'temp', 'ts', 'time', 'id', 'seq', 'value', '7', '__proto__', 'é', 'x\\"y', '\\u0061');
const number = fc.oneof(
  fc.constantFrom('0', '-0', '1.5', '1e999', '-1e400', '1e-400', '12345678901234567890', '01', '1.', '1767225600000'),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
  fc.integer().map(String),
);
const word = fc.constantFrom('true', 'false');
const text = fc.oneof(
  fc.constantFrom('"21.5"', '"2026-01-31T12:00:00Z"', '"x\\ny"', '"é"', '"a\tb"', '""'),
  fc.string().map((written) => JSON.stringify(written)),
);
const odd = fc.constantFrom('null', 'NaN', '[1]', '{"b":2}', '[]');
/** The values of one field in eight messages: mostly of one kind. */
const column = fc
  .constantFrom(number, number, number, fc.nat(1e9).map(String), word, text, fc.oneof(number, word, text, odd))
  .chain((kind) => fc.array(kind, { minLength: 8, maxLength: 8 }));
const space = fc.constantFrom('', '', '', ' ', '\n\t');

/** Messages of one device, with values that change, now and then in another form or broken. */
const messages = fc
  .tuple(fc.array(key, { minLength: 1, maxLength: 6 }), fc.array(column, { minLength: 6, maxLength: 6 }), space, space)
  .chain(([keys, columns, before, after]) => {
    const texts = columns[0].map((_, row) => {
      const fields = keys.map((name, k) => `${before}"${name}"${after}:${before}${columns[k][row]}${after}`);
      return Buffer.from(`${after}{${fields.join(',')}}${before}`);
    });
    const breaks = fc.array(fc.tuple(fc.nat(), fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 2 });
    return breaks.map((changes) => {
      for (const [which, where, byte] of changes) {
        const broken = texts[which % texts.length];
        broken[where % broken.length] = byte;
      }
      return texts;
    });
  });

const someOptions = fc.record(
  {
    channels: fc.constantFrom({ t: 'temp' }, { t: 'temp', v: 'value' }, { deep: 'a.b' }, { proto: '__proto__' }),
    time: fc.constantFrom({ field: 'ts' }, { field: 'time', format: 'ms' }, { field: 'ts', format: 'iso' }),
    streamField: fc.constantFrom('id', 'a'),
    sequenceField: fc.constant('seq'),
    numericStrings: fc.boolean(),
    valueField: fc.constantFrom('value', 'a'),
  },
  { requiredKeys: [] },
);

const options = fc.oneof(fc.constant({}), fc.constant({ time: { field: 'ts' } }), someOptions);

describe('a decoder that has seen other messages', () => {
  it('gives what a fresh one gives', () => {
    fc.assert(
      fc.property(options, messages, fc.option(fc.constant('c'), { nil: undefined }), (chosen, sent, channel) => {
        const experienced = decoderOf(chosen);
        for (const payload of sent) {
          expect(outcome(experienced, payload, channel)).toStrictEqual(outcome(decoderOf(chosen), payload, channel));
        }
      }),
      { numRuns: 600 },
    );
  });
});

const shapes = (): FlatJson<readonly string[]> => new FlatJson((keys) => keys);

describe('messages of one form', () => {
  const first = Buffer.from('{"ts": 1, "name": "a", "on": true, "t": 2.5}');

  it('are followed without JSON.parse, whatever their values', () => {
    const flat = shapes();
    expect(flat.read(first)).toBeUndefined();
    flat.learn(first, JSON.parse(first.toString()));
    const next = Buffer.from('{"ts": 1767225600000, "name": "été", "on": false, "t": -1e-3}');
    const read = flat.read(next);
    expect(read?.plan).toEqual(['ts', 'name', 'on', 't']);
    expect([...(read?.numbers ?? [])]).toEqual([1767225600000, Number.NaN, 0, -0.001]);
    expect(next.toString('utf8', read?.textFrom[1], read?.textTo[1])).toBe('été');
  });

  it.each([
    ['another key', '{"ts": 1, "nome": "a", "on": true, "t": 2.5}'],
    ['another order', '{"name": "a", "ts": 1, "on": true, "t": 2.5}'],
    ['a key more', '{"ts": 1, "name": "a", "on": true, "t": 2.5, "x": 1}'],
    ['another kind of value', '{"ts": "1", "name": "a", "on": true, "t": 2.5}'],
    ['an escape', '{"ts": 1, "name": "\\n", "on": true, "t": 2.5}'],
    ['a control character', '{"ts": 1, "name": "\t", "on": true, "t": 2.5}'],
    ['another white space', '{"ts":1, "name": "a", "on": true, "t": 2.5}'],
    ['something behind it', '{"ts": 1, "name": "a", "on": true, "t": 2.5} '],
    ['its end missing', '{"ts": 1, "name": "a", "on": true, "t": 2.5'],
  ])('are not followed: %s', (_what, text) => {
    const flat = shapes();
    flat.learn(first, JSON.parse(first.toString()));
    expect(flat.read(Buffer.from(text))).toBeUndefined();
  });

  it('may be several, taking turns', () => {
    const flat = shapes();
    const texts = ['{"a":1}', '{"b":1,"c":2}', '{"b":1}', '{"a":1,"b":2}'].map((text) => Buffer.from(text));
    for (const text of texts) flat.learn(text, JSON.parse(text.toString()));
    for (const text of [...texts, ...texts]) {
      expect(flat.read(text)?.plan).toEqual(Object.keys(JSON.parse(text.toString()) as object));
    }
  });

  it('are learnt also after many that had nothing in common', () => {
    const flat = shapes();
    for (let i = 0; i < 10_000; i++) {
      const text = Buffer.from(`{"key${i}":1}`);
      expect(flat.read(text)).toBeUndefined();
      flat.learn(text, JSON.parse(text.toString()));
    }
    let taught = 0;
    while (flat.read(first) === undefined && taught++ < 1000) flat.learn(first, JSON.parse(first.toString()));
    expect(taught).toBeLessThan(1000);
  });
});
