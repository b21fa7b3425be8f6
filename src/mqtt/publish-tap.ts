/**
 * Takes plain messages (PUBLISH of QoS 0 or 1, the first delivery, without properties) out of what a broker sends before
 * mqtt.js reads it, which would spend more on each than all the rest of the message path; everything else is mqtt.js's,
 * byte by byte as it came. MQTT promises an order, of messages and of acknowledgements: a plain message does not overtake
 * one that mqtt.js has still to handle.
 */
import type { Duplex } from 'node:stream';
import type { KnownTopics, Topic } from './known-topics.js';

const PUBLISH = 0x30;
const QOS_1 = 2;
const RETAIN = 1;
const PUBACK = 0x40;
/** Longer packets are mqtt.js's, which then need not be complete before they are handed on. */
const MAX_BODY_BYTES = 16_384;
/** A length has at most four bytes; what has more is no MQTT, and mqtt.js says so. */
const MAX_LENGTH_BYTES = 4;

const NOT_PLAIN = -1;

/** Takes one message; calls `hold` when nothing more may come. */
type Take = (topic: Topic, payload: Buffer, retained: boolean) => void;

export class PublishTap {
  readonly #stream: Duplex;
  readonly #version: 4 | 5;
  readonly #take: Take;
  readonly #topics: KnownTopics;
  #rest: NodeJS.WritableStream | undefined;
  /** The beginning of a packet that is not there completely; while held: all that was read and not looked at. */
  #unread: Buffer | undefined;
  /** Bytes still to come of a packet that is mqtt.js's. */
  #passing = 0;
  /** Whether that packet is a message. */
  #passingMessage = false;
  /** Writes with messages that mqtt.js has not handled yet. */
  #behind = 0;
  /** Messages of QoS 1 that were taken and not acknowledged yet; while held: the one that holds. */
  #taken: number[] = [];
  /** Who waits for a `release`. */
  #holds = 0;
  #full = false;

  /**
   * @param stream to the broker; mqtt.js is going to `pipe` from it
   * @param version of the protocol that it will speak
   */
  constructor(stream: Duplex, version: 4 | 5, topics: KnownTopics, take: Take) {
    this.#stream = stream;
    this.#version = version;
    this.#topics = topics;
    this.#take = take;
    stream.pipe = <T extends NodeJS.WritableStream>(rest: T): T => {
      this.#rest = rest;
      stream.on('data', (bytes: Buffer) => this.#read(bytes));
      stream.once('end', () => rest.end());
      return rest;
    };
  }

  /** Reads nothing more until `release`; as often as that. */
  hold(): void {
    this.#holds++;
    this.#stream.pause();
  }

  release(): void {
    if (--this.#holds > 0) return;
    this.#acknowledge();
    const unread = this.#unread;
    this.#unread = undefined;
    if (unread !== undefined) this.#look(unread);
    this.#flow();
  }

  #flow(): void {
    if (this.#holds === 0 && !this.#full) this.#stream.resume();
  }

  #read(bytes: Buffer): void {
    const unread = this.#unread;
    this.#unread = undefined;
    this.#look(unread === undefined ? bytes : Buffer.concat([unread, bytes]));
  }

  #look(bytes: Buffer): void {
    // bytes[from … at) are mqtt.js's and not handed on yet.
    let from = 0;
    let at = 0;
    let messages = false;
    while (at < bytes.length && this.#holds === 0) {
      if (this.#passing > 0) {
        const passing = Math.min(this.#passing, bytes.length - at);
        this.#passing -= passing;
        at += passing;
        messages ||= this.#passingMessage;
        continue;
      }
      let bodyAt = at + 1;
      let length = 0;
      let more = true;
      for (let i = 0; more && i < MAX_LENGTH_BYTES && bodyAt < bytes.length; i++) {
        const byte = bytes[bodyAt++];
        length += (byte & 127) << (7 * i);
        more = byte > 127;
      }
      if (more && bodyAt - at <= MAX_LENGTH_BYTES) break;
      if (more) {
        this.#passing = Infinity;
        continue;
      }
      const end = bodyAt + length;
      const head = bytes[at];
      const isMessage = head >> 4 === PUBLISH >> 4;
      if ((head & ~(RETAIN | QOS_1)) === PUBLISH && length <= MAX_BODY_BYTES) {
        if (end > bytes.length) break;
        const payloadAt = this.#behind > 0 || messages ? NOT_PLAIN : this.#payloadAt(bytes, head, bodyAt, end);
        if (payloadAt !== NOT_PLAIN) {
          if (from < at) this.#hand(bytes.subarray(from, at), messages);
          from = at = end;
          this.#receive(bytes, head, bodyAt, payloadAt, end);
          continue;
        }
      }
      messages ||= isMessage;
      at = Math.min(end, bytes.length);
      this.#passing = end - at;
      this.#passingMessage = isMessage;
    }
    if (this.#holds === 0) this.#acknowledge();
    if (from < at) this.#hand(bytes.subarray(from, at), messages);
    if (at < bytes.length) this.#unread = bytes.subarray(at);
  }

  /** @returns where the payload begins; NOT_PLAIN when the topic is not named, there are properties, or it is malformed */
  #payloadAt(bytes: Buffer, head: number, bodyAt: number, end: number): number {
    const topicEnd = topicEndOf(bytes, bodyAt);
    if (end - bodyAt < 2 || topicEnd === bodyAt + 2) return NOT_PLAIN;
    let at = topicEnd;
    if ((head & QOS_1) !== 0) {
      // The number of a message is never 0.
      if (at + 2 > end || bytes[at] + bytes[at + 1] === 0) return NOT_PLAIN;
      at += 2;
    }
    if (this.#version === 5 && (at >= end || bytes[at++] !== 0)) return NOT_PLAIN;
    return at <= end ? at : NOT_PLAIN;
  }

  #receive(bytes: Buffer, head: number, bodyAt: number, payloadAt: number, end: number): void {
    const topicEnd = topicEndOf(bytes, bodyAt);
    const topic = this.#topics.at(bytes, bodyAt + 2, topicEnd);
    this.#take(topic, bytes.subarray(payloadAt, end), (head & RETAIN) !== 0);
    // Those before; if this one holds everything up, its acknowledgement waits as well.
    if (this.#holds > 0) this.#acknowledge();
    if ((head & QOS_1) !== 0) this.#taken.push((bytes[topicEnd] << 8) + bytes[topicEnd + 1]);
  }

  #acknowledge(): void {
    const taken = this.#taken;
    if (taken.length === 0) return;
    const acknowledgements = Buffer.allocUnsafe(4 * taken.length);
    for (let i = 0; i < taken.length; i++) {
      acknowledgements[4 * i] = PUBACK;
      acknowledgements[4 * i + 1] = 2;
      acknowledgements.writeUInt16BE(taken[i], 4 * i + 2);
    }
    this.#taken = [];
    if (this.#stream.writable) this.#stream.write(acknowledgements);
  }

  #hand(bytes: Buffer, messages: boolean): void {
    const rest = this.#rest;
    if (rest === undefined) return;
    if (messages) this.#behind++;
    const done = (): void => {
      if (messages) this.#behind--;
    };
    // Full already: it waits for the drain that is asked for.
    if (rest.write(bytes, done) || this.#full) return;
    this.#full = true;
    this.#stream.pause();
    rest.once('drain', () => {
      this.#full = false;
      this.#flow();
    });
  }
}

function topicEndOf(bytes: Buffer, bodyAt: number): number {
  return bodyAt + 2 + (bytes[bodyAt] << 8) + bytes[bodyAt + 1];
}
