import { Duplex, Writable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KnownTopics } from '../../src/mqtt/known-topics.js';
import { PublishTap } from '../../src/mqtt/publish-tap.js';

interface Message {
  readonly topic: string;
  readonly payload: Buffer;
  readonly retained: boolean;
}

/** A control packet. @param head its first byte */
function packet(head: number, body: Buffer): Buffer {
  const length: number[] = [];
  for (let rest = body.length; ;) {
    const digit = rest % 128;
    rest = (rest - digit) / 128;
    length.push(rest > 0 ? digit | 128 : digit);
    if (rest === 0) break;
  }
  return Buffer.concat([Buffer.from([head, ...length]), body]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
}

/** A user property of MQTT 5, as the properties of a PUBLISH. */
const PROPERTIES = packet(0, Buffer.concat([Buffer.from([0x26]), text('k'), text('v')])).subarray(1);

interface Publish {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retained: boolean;
  readonly qos: number;
  readonly properties: boolean;
}

const publish: fc.Arbitrary<Publish> = fc.record({
  topic: fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }).map((name) => Buffer.from(name).toString()),
  payload: fc.nat(300).map((bytes) => new Uint8Array(bytes === 300 ? 20_000 : bytes + 4)),
  retained: fc.boolean(),
  qos: fc.constantFrom(0, 0, 0, 1, 1, 2),
  properties: fc.constantFrom(false, false, false, true),
});
const other = fc.constantFrom(packet(0xd0, Buffer.alloc(0)), packet(0x40, Buffer.from([0, 7])));

/** By which it is acknowledged. */
function numberOf({ payload }: Pick<Publish, 'payload'>): number {
  return 256 + payload[3];
}

function encode({ topic, payload, retained, qos, properties }: Publish, version: 4 | 5): Buffer {
  const id = Buffer.alloc(qos === 0 ? 0 : 2);
  if (qos > 0) id.writeUInt16BE(numberOf({ payload }));
  const none = version === 5 ? Buffer.from([0]) : Buffer.alloc(0);
  const extra = properties && version === 5 ? PROPERTIES : none;
  return packet(0x30 | (qos << 1) | (retained ? 1 : 0), Buffer.concat([text(topic), id, extra, payload]));
}

/** Whether it is one that mqtt.js does not get when nothing is before it. */
function isPlain({ payload, qos, properties }: Publish, version: 4 | 5): boolean {
  return qos < 2 && payload.length < 16_000 && !(properties && version === 5);
}

/**
 * Sends `bytes` through a tap, cut at `cuts`.
 * @param holdEvery so many messages are taken, then reading is held up
 * @returns `drains`: most listeners that waited for room in mqtt.js at a time
 */
async function tapped(bytes: Buffer, cuts: readonly number[], version: 4 | 5, holdEvery = Infinity) {
  const acknowledged: number[] = [];
  const acknowledgedAtHold: number[] = [];
  const stream = new Duplex({
    read() {},
    write(acknowledgements: Buffer, _encoding, done) {
      for (let at = 0; at < acknowledgements.length; at += 4) {
        expect(acknowledgements.readUInt16BE(at)).toBe(0x4002);
        acknowledged.push(acknowledgements.readUInt16BE(at + 2));
      }
      done();
    },
  });
  const taken: Message[] = [];
  const rest: Buffer[] = [];
  let held = false;
  const topics = new KnownTopics((topic) => ({ stream: topic }));
  const tap = new PublishTap(stream, version, topics, ({ text: topic, route }, payload, retained) => {
    expect(held).toBe(false);
    expect(route).toEqual({ stream: topic });
    taken.push({ topic, payload: Buffer.from(payload), retained });
    if (taken.length % holdEvery > 0) return;
    held = true;
    tap.hold();
    setImmediate(() => {
      acknowledgedAtHold.push(acknowledged.length);
      held = false;
      tap.release();
    });
  });
  const mqtt = new Writable({
    highWaterMark: 50,
    write(chunk: Buffer, _encoding, done) {
      rest.push(chunk);
      setImmediate(done);
    },
  });
  stream.pipe(mqtt);
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].toSorted((a, b) => a - b);
  for (const [i, from] of [0, ...places].entries()) stream.push(bytes.subarray(from, places[i]));
  // While something is left to do, every turn of the event loop does some of it.
  let drains = 0;
  for (let seen = -1, idle = 0; idle < 5; idle++) {
    drains = Math.max(drains, mqtt.listenerCount('drain'));
    if (taken.length + rest.length > seen) idle = 0;
    seen = taken.length + rest.length;
    await turn();
  }
  return { taken, rest: Buffer.concat(rest), acknowledged, acknowledgedAtHold, drains };
}

describe.each([4, 5] as const)('of MQTT %i', (version) => {
  it('takes plain messages, and leaves everything else byte by byte, however it is cut and held up', async () => {
    const sent = fc.array(fc.oneof({ weight: 5, arbitrary: publish }, { weight: 1, arbitrary: other }), {
      maxLength: 30,
    });
    const cuts = fc.array(fc.nat(), { maxLength: 20 });
    const property = fc.asyncProperty(sent, cuts, fc.constantFrom(1, 3, Infinity), async (packets, cut, holdEvery) => {
      // Numbered: no two are the same.
      for (const [i, one] of packets.entries())
        if (!Buffer.isBuffer(one)) new DataView(one.payload.buffer).setInt32(0, i);
      const all = packets.map((one) => (Buffer.isBuffer(one) ? one : encode(one, version)));
      const result = await tapped(Buffer.concat(all), cut, version, holdEvery);
      // Each packet went one way or the other, in order. Which way a plain one went depends on what was before it.
      const left = [...result.taken];
      const others: Buffer[] = [];
      const numbers: (number | undefined)[] = [];
      for (const [i, one] of packets.entries()) {
        const [next] = left;
        const fits =
          !Buffer.isBuffer(one) &&
          isPlain(one, version) &&
          next?.topic === one.topic &&
          next.retained === one.retained &&
          next.payload.equals(one.payload);
        if (fits) {
          left.shift();
          numbers.push(one.qos === 1 ? numberOf(one) : undefined);
        } else others.push(all[i]);
      }
      const ofQos1 = (n: number) => numbers.slice(0, n).filter((number) => number !== undefined);
      expect(result.acknowledged).toEqual(ofQos1(numbers.length));
      // What holds everything up is acknowledged when it goes on; those before it at once.
      const holders = result.acknowledgedAtHold.map((_, hold) => (hold + 1) * holdEvery - 1);
      expect(result.acknowledgedAtHold).toEqual(holders.map((holder) => ofQos1(holder).length));
      expect(left).toEqual([]);
      expect(result.rest.equals(Buffer.concat(others))).toBe(true);
    });
    await fc.assert(property, { numRuns: 150 });
  });

  it('takes every message of a flood of plain ones', async () => {
    const flood = Array.from({ length: 3000 }, (_, i) => {
      const payload = Buffer.from(`{"i":${i}}`);
      return encode({ topic: `plant/${i % 7}`, payload, retained: false, qos: 0, properties: false }, version);
    });
    const { taken, rest } = await tapped(Buffer.concat(flood), [1000, 5001, 9003], version);
    expect(rest.length).toBe(0);
    expect(taken.map(({ payload }) => payload.toString())).toEqual(flood.map((_, i) => `{"i":${i}}`));
  });

  it('asks only once to be told when mqtt.js has room again', async () => {
    const plain = encode(
      { topic: 'a', payload: new Uint8Array(4), retained: false, qos: 0, properties: false },
      version,
    );
    const pairs = Array.from({ length: 300 }, () => Buffer.concat([packet(0xd0, Buffer.alloc(0)), plain]));
    const { taken, rest, drains } = await tapped(Buffer.concat(pairs), [], version);
    expect(taken).toHaveLength(300);
    expect(rest).toHaveLength(600);
    expect(drains).toBe(1);
  });

  it.each([0, 1, 2])(
    'does not let a plain message overtake one of QoS %i that mqtt.js has not handled yet',
    async (qos) => {
      const message = { topic: 'a', retained: false, properties: false };
      // Too long for the tap, then a plain one; in one piece, and in two.
      const long = encode({ ...message, qos, payload: new Uint8Array(20_000) }, version);
      const plain = encode({ ...message, qos: 0, payload: new Uint8Array(4) }, version);
      for (const cuts of [[], [10], [10_000], [long.length - 1]]) {
        const { taken, rest } = await tapped(Buffer.concat([long, plain]), cuts, version);
        expect(taken).toEqual([]);
        expect(rest.equals(Buffer.concat([long, plain]))).toBe(true);
      }
    },
  );

  it.each([
    ['a length that never ends', Buffer.from([0x30, 0x85, 0x80, 0x80, 0x80, 0x80, 0, 1, 97, 0, 0])],
    ['a message without a topic', packet(0x30, Buffer.from([0, 0, 0, 1]))],
    ['a topic beyond the end of its message', packet(0x30, Buffer.from([0, 9, 97, 0]))],
    ['an empty message', packet(0x30, Buffer.alloc(0))],
    ['a message of QoS 1 with the number 0', packet(0x32, Buffer.from([0, 1, 97, 0, 0, 0]))],
    ['a message of QoS 1 without a number', packet(0x32, Buffer.from([0, 1, 97]))],
    ['a flag that may not be', packet(0x38, Buffer.from([0, 1, 97, 0]))],
  ])('leaves to mqtt.js what is malformed: %s', async (_what, bytes) => {
    const { taken, rest } = await tapped(bytes, [3], version);
    expect(taken).toEqual([]);
    expect(rest.equals(bytes)).toBe(true);
  });
});
