/**
 * Takes plain messages (PUBLISH, QoS 0, without properties) out of what a broker sends before mqtt.js reads it, which
 * would spend more on each than all the rest of the message path; everything else is mqtt.js's, byte by byte as it came.
 * MQTT promises an order per topic and QoS: a plain message does not overtake one of QoS 0 that mqtt.js has still to handle.
 */
import type { Duplex } from 'node:stream';
import type { TopicNames } from './topic-names.js';

const PUBLISH_QOS_0 = 0x30;
const RETAIN = 1;
/** Longer packets are mqtt.js's, which then need not be complete before they are handed on. */
const MAX_BODY_BYTES = 16_384;
/** A length has at most four bytes; what has more is no MQTT, and mqtt.js says so. */
const MAX_LENGTH_BYTES = 4;

/** As `Subscription.receive`: false means that nothing more may come until `release`. */
type Take = (topic: string, payload: Buffer, retained: boolean) => boolean;

export class PublishTap {
  readonly #stream: Duplex;
  readonly #version: 4 | 5;
  readonly #take: Take;
  readonly #names: TopicNames;
  #rest: NodeJS.WritableStream | undefined;
  /** The beginning of a packet that is not there completely; while held: all that was read and not looked at. */
  #unread: Buffer | undefined;
  /** Bytes still to come of a packet that is mqtt.js's. */
  #passing = 0;
  /** Writes with messages of QoS 0 that mqtt.js has not handled yet. */
  #behind = 0;
  /** Who waits for a `release`. */
  #holds = 0;
  #full = false;

  /**
   * @param stream to the broker; mqtt.js is going to `pipe` from it
   * @param version of the protocol that it will speak
   */
  constructor(stream: Duplex, version: 4 | 5, names: TopicNames, take: Take) {
    this.#stream = stream;
    this.#version = version;
    this.#names = names;
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
      const publish = (bytes[at] & ~RETAIN) === PUBLISH_QOS_0;
      if (publish && length <= MAX_BODY_BYTES) {
        if (end > bytes.length) break;
        if (this.#behind === 0 && !messages && this.#isPlain(bytes, bodyAt, end)) {
          if (from < at) this.#hand(bytes.subarray(from, at), messages);
          const retained = (bytes[at] & RETAIN) === RETAIN;
          from = at = end;
          if (!this.#takePlain(bytes, bodyAt, end, retained)) this.hold();
          continue;
        }
      }
      messages ||= publish;
      at = Math.min(end, bytes.length);
      this.#passing = end - at;
    }
    if (from < at) this.#hand(bytes.subarray(from, at), messages);
    if (at < bytes.length) this.#unread = bytes.subarray(at);
  }

  /** Whether the body is complete, names its topic and has no properties. */
  #isPlain(bytes: Buffer, bodyAt: number, end: number): boolean {
    if (end - bodyAt < 2) return false;
    const topicEnd = bodyAt + 2 + (bytes[bodyAt] << 8) + bytes[bodyAt + 1];
    if (topicEnd === bodyAt + 2) return false;
    return this.#version === 5 ? topicEnd < end && bytes[topicEnd] === 0 : topicEnd <= end;
  }

  #takePlain(bytes: Buffer, bodyAt: number, end: number, retained: boolean): boolean {
    const topicAt = bodyAt + 2;
    const topicEnd = topicAt + (bytes[bodyAt] << 8) + bytes[bodyAt + 1];
    const payloadAt = this.#version === 5 ? topicEnd + 1 : topicEnd;
    return this.#take(this.#names.textOf(bytes, topicAt, topicEnd), bytes.subarray(payloadAt, end), retained);
  }

  #hand(bytes: Buffer, messages: boolean): void {
    const rest = this.#rest;
    if (rest === undefined) return;
    if (messages) this.#behind++;
    const done = (): void => {
      if (messages) this.#behind--;
    };
    if (rest.write(bytes, done)) return;
    this.#full = true;
    this.#stream.pause();
    rest.once('drain', () => {
      this.#full = false;
      this.#flow();
    });
  }
}
