import { describe, expect, it } from 'vitest';
import type { Frame } from '../../src/core/contracts.js';
import { jsonKind } from '../../src/decode/json.js';
import { decoderContract } from '../contracts/decoder.contract.js';
import { ARRIVED_US, packetOf } from '../support/readings.js';
import { stageContext, type TestContextParts } from '../support/stages.js';

interface Decoded {
  readonly frames: Frame[];
  readonly context: TestContextParts;
  readonly counts: Record<string, number>;
}

function decode(payload: string | Uint8Array, options: object = {}, channel?: string): Decoded {
  const context = stageContext();
  const decoder = jsonKind.create(jsonKind.schema.parse({ kind: 'json', ...options }), context);
  const frames: Frame[] = [];
  decoder.decode(packetOf(payload, { channel }), (frame) => frames.push(frame));
  return { frames, context, counts: context.counters.toJSON() };
}

function channelsOf({ signal, data }: Frame): Record<string, number> {
  if (signal.kind !== 'channels') throw new Error('not channels');
  return Object.fromEntries(signal.names.map((name, i) => [name, data[i]]));
}

function only(decoded: Decoded): Frame {
  expect(decoded.frames).toHaveLength(1);
  return decoded.frames[0];
}

decoderContract('json', (context) => jsonKind.create(jsonKind.schema.parse({ kind: 'json' }), context), [
  '{"value": 1.5, "temp": 3}',
  '[{"value": 1}, {"value": 2, "b": true}]',
]);

describe('channels', () => {
  it('are all numbers and booleans of the object; texts, lists and objects are none', () => {
    const decoded = decode('{"temp": 21.5, "on": true, "name": "x", "list": [1], "deep": {"a": 1}, "rpm": 3}');
    expect(channelsOf(only(decoded))).toEqual({ temp: 21.5, on: 1, rpm: 3 });
    expect(decoded.counts).toEqual({});
  });

  it('are not the time, whether the configuration names it or it is called so', () => {
    const payload = '{"temp": 21.5, "timestamp": 1760000000, "at": 1760000000}';
    expect(channelsOf(only(decode(payload)))).toEqual({ temp: 21.5, at: 1760000000 });
    const named = decode(payload, { time: { field: 'at' } });
    expect(channelsOf(only(named))).toEqual({ temp: 21.5, timestamp: 1760000000 });
  });

  it('are taken from field paths when the configuration names them', () => {
    const channels = { t: 'data.temp', v: 'values[1]', odd: '["a.b"].c' };
    const decoded = decode('{"data": {"temp": 1}, "values": [5, 6], "a.b": {"c": 7}, "other": 9}', { channels });
    expect(channelsOf(only(decoded))).toEqual({ t: 1, v: 6, odd: 7 });
  });

  it('that are missing, null or of a wrong type cost only themselves', () => {
    const channels = { a: 'a', b: 'b', c: 'c', d: 'd', e: 'e' };
    const decoded = decode('{"a": 1, "b": null, "c": "2", "d": {"x": 1}}', { channels });
    expect(channelsOf(only(decoded))).toEqual({ a: 1 });
    expect(decoded.counts).toEqual({ 'decode.missing-field': 2, 'decode.wrong-type': 2 });
  });

  it('come from quoted numbers only when told so', () => {
    expect(decode('{"a": "2.5e1"}').counts).toEqual({ 'decode.no-channel': 1 });
    expect(channelsOf(only(decode('{"a": "2.5e1", "b": "0x10", "c": ""}', { numericStrings: true })))).toEqual({
      a: 25,
    });
  });

  it('come from the topic, with a bare value or an object', () => {
    expect(channelsOf(only(decode('21.5', {}, 'temp')))).toEqual({ temp: 21.5 });
    expect(channelsOf(only(decode('false', {}, 'open')))).toEqual({ open: 0 });
    expect(channelsOf(only(decode('{"value": 4, "x": 5}', {}, 'temp')))).toEqual({ temp: 4 });
    expect(channelsOf(only(decode('{"d": {"v": 4}}', { valueField: 'd.v' }, 'temp')))).toEqual({ temp: 4 });
    expect(decode('21.5').counts).toEqual({ 'decode.wrong-type': 1 });
  });

  it('may carry any name, even those of a prototype', () => {
    const frame = only(decode('{"__proto__": 1, "constructor": 2, "toString": 3}'));
    expect(frame.signal).toMatchObject({ names: ['__proto__', 'constructor', 'toString'] });
    expect([...frame.data]).toEqual([1, 2, 3]);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    // What a prototype has is no field of the message.
    const counts = { 'decode.missing-field': 2, 'decode.no-channel': 1 };
    expect(decode('{"x": 1}', { channels: { a: 'constructor', b: 'x.toFixed' } }).counts).toEqual(counts);
  });

  it('of an array are a reading each', () => {
    const { frames, counts } = decode('[{"a": 1}, 7, {"a": 2, "b": 3}]');
    expect(frames.map(channelsOf)).toEqual([{ a: 1 }, { a: 2, b: 3 }]);
    expect(counts).toEqual({ 'decode.wrong-type': 1 });
  });

  it('are limited in number', () => {
    const many = Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`c${i}`, i]));
    expect(decode(JSON.stringify(many)).counts).toEqual({ 'decode.too-many-channels': 1 });
  });
});

describe('time, stream and sequence', () => {
  it('come from the payload and are no channels', () => {
    const options = { time: { field: 'ts', format: 'ms' }, streamField: 'id', sequenceField: 'n' };
    const frame = only(decode('{"ts": 1700000000123.5, "id": 17, "n": 4, "a": 1}', options));
    expect(frame).toMatchObject({ stream: '17', us: 1_700_000_000_123_500, sequence: 4, arrivedUs: ARRIVED_US });
    expect(channelsOf(frame)).toEqual({ a: 1 });
    expect(frame.unstamped).toBeUndefined();
  });

  it('fall back to the arrival, which says that it is no measured time', () => {
    const absent = decode('{"a": 1}', { time: { field: 'ts' } });
    expect(only(absent)).toMatchObject({ us: ARRIVED_US, unstamped: true });
    expect(absent.counts).toEqual({});
    const odd = decode('{"a": 1, "ts": "yesterday"}', { time: { field: 'ts' } });
    expect(only(odd)).toMatchObject({ us: ARRIVED_US, unstamped: true });
    expect(odd.counts).toEqual({ 'decode.bad-time': 1 });
  });

  it('without a stream name the reading belongs to nobody', () => {
    expect(decode('{"a": 1}', { streamField: 'id' }).counts).toEqual({ 'decode.bad-stream': 1 });
    expect(decode(`{"a": 1, "id": "${'x'.repeat(300)}"}`, { streamField: 'id' }).frames).toEqual([]);
  });

  it('ignore a sequence number that is none', () => {
    const decoded = decode('{"a": 1, "n": 1.5}', { sequenceField: 'n' });
    expect(only(decoded).sequence).toBeUndefined();
    expect(decoded.counts).toEqual({ 'decode.bad-sequence': 1 });
    expect(only(decode('{"a": 1, "n": "12"}', { sequenceField: 'n' })).sequence).toBe(12);
  });
});

describe('bad input', () => {
  it('is counted and shown once, cut to 200 characters', () => {
    const { frames, counts, context } = decode(`{"a": ${'1'.repeat(500)}`);
    expect(frames).toEqual([]);
    expect(counts).toEqual({ 'decode.malformed-json': 1 });
    expect(context.log.lines).toHaveLength(1);
    expect(context.log.lines[0]).toContain('1'.repeat(190));
    expect(context.log.lines[0]).not.toContain('1'.repeat(201));
  });

  it('such as NaN and Infinity, as Python writes them, costs only that field', () => {
    const decoded = decode('{"a": NaN, "text": "NaN \\" -Infinity", "b": -Infinity, "c": 3, "d": 1e999}');
    expect(channelsOf(only(decoded))).toEqual({ c: 3 });
    expect(decoded.counts).toEqual({ 'decode.not-finite': 2 });
    expect(decode('{"a": NaN').counts).toEqual({ 'decode.malformed-json': 1 });
  });

  it('may be empty, 10 MB long, nested without end, or not UTF-8', () => {
    expect(decode('').counts).toEqual({ 'decode.malformed-json': 1 });
    expect(decode('x'.repeat(10_000_000)).counts).toEqual({ 'decode.malformed-json': 1 });
    expect(decode('['.repeat(1_000_000)).frames).toEqual([]);
    expect(decode(`{"a": NaN, "s": "${'\\"'.repeat(5_000_000)}`).frames).toEqual([]);
    expect(decode(Uint8Array.of(0xff, 0xfe, 0x7b)).counts).toEqual({ 'decode.malformed-json': 1 });
  });

  it('does not include a byte order mark', () => {
    expect(channelsOf(only(decode('\uFEFF{"a": 1}')))).toEqual({ a: 1 });
  });
});

it('a field path that is none is a mistake of the configuration', () => {
  for (const path of ['', 'a..b', 'a[', 'a[x]', '.a', 'a.']) {
    expect(jsonKind.schema.safeParse({ kind: 'json', valueField: path }).success).toBe(false);
  }
});

it('names that never repeat do not fill the memory, and later lists are shared again', () => {
  const context = stageContext();
  const decoder = jsonKind.create(jsonKind.schema.parse({ kind: 'json' }), context);
  const signals: unknown[] = [];
  for (let i = 0; i < 20_000; i++) decoder.decode(packetOf(`{"c${i}": 1}`), () => {});
  for (let i = 0; i < 2; i++) decoder.decode(packetOf('{"a": 1, "b": 2}'), ({ signal }) => signals.push(signal));
  expect(signals[0]).toBe(signals[1]);
});
