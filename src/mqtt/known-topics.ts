/** The same topic comes again and again: what is to be known of it is made once, and found by its bytes. */
import type { Route } from '../core/topic.js';

/** What a topic is for whoever subscribed. */
export interface Topic {
  readonly text: string;
  /** Undefined: it fits nothing that was asked for. */
  readonly route: Route | undefined;
}

/** A power of two, as every later size. */
const FIRST_PLACES = 1024;
/** Beyond, all are forgotten and made again. */
const MOST_TOPICS = 131_072;
/** A longer topic is decoded each time: MQTT allows 64 kB. */
const LONGEST_KEPT_BYTES = 256;

/**
 * A hash table with linear probing (Knuth, TAOCP 6.4, algorithm L), at most half full. Its key is the text, which is
 * compared with the bytes; a topic with other characters than those of ASCII is decoded and routed each time. One look-up
 * gives text and route, because among a hundred thousand topics each look-up waits for main memory.
 */
export class KnownTopics {
  #hashes = new Int32Array(FIRST_PLACES);
  #topics: (Topic | undefined)[] = noTopics(FIRST_PLACES);
  #size = 0;
  /** Nobody outside can choose topics that all hash alike. */
  readonly #seed = Math.floor(Math.random() * 2 ** 32);

  /** @param route asked once for each topic that is remembered */
  constructor(private readonly route: (topic: string) => Route | undefined) {}

  /** The topic in `bytes[from … to)`, UTF-8; mostly the same object as before. */
  at(bytes: Buffer, from: number, to: number): Topic {
    if (to - from > LONGEST_KEPT_BYTES) return this.#decode(bytes, from, to);
    const hash = this.#hashOf(bytes, from, to);
    const place = this.#find(hash, bytes, from, to);
    const kept = this.#topics[place];
    if (kept !== undefined) return kept;
    const topic = this.#decode(bytes, from, to);
    if (isText(topic.text, bytes, from, to)) this.#keep(place, hash, topic);
    return topic;
  }

  #decode(bytes: Buffer, from: number, to: number): Topic {
    const text = bytes.toString('utf8', from, to);
    return { text, route: this.route(text) };
  }

  /** Where it is, or the free place where it belongs. */
  #find(hash: number, bytes: Buffer, from: number, to: number): number {
    const mask = this.#hashes.length - 1;
    let place = hash & mask;
    for (let topic = this.#topics[place]; topic !== undefined; topic = this.#topics[place]) {
      if (this.#hashes[place] === hash && isText(topic.text, bytes, from, to)) break;
      place = (place + 1) & mask;
    }
    return place;
  }

  #keep(place: number, hash: number, topic: Topic): void {
    this.#hashes[place] = hash;
    this.#topics[place] = topic;
    this.#size++;
    if (this.#size > MOST_TOPICS) this.#forget();
    else if (2 * this.#size > this.#hashes.length) this.#grow();
  }

  #forget(): void {
    this.#hashes = new Int32Array(FIRST_PLACES);
    this.#topics = noTopics(FIRST_PLACES);
    this.#size = 0;
  }

  #grow(): void {
    const hashes = this.#hashes;
    const topics = this.#topics;
    const mask = 2 * hashes.length - 1;
    this.#hashes = new Int32Array(mask + 1);
    this.#topics = noTopics(mask + 1);
    for (let i = 0; i < hashes.length; i++) {
      if (topics[i] === undefined) continue;
      let place = hashes[i] & mask;
      while (this.#topics[place] !== undefined) place = (place + 1) & mask;
      this.#hashes[place] = hashes[i];
      this.#topics[place] = topics[i];
    }
  }

  /** FNV-1a, 32 bits (Fowler, Noll and Vo). */
  #hashOf(bytes: Buffer, from: number, to: number): number {
    let sum = this.#seed;
    for (let i = from; i < to; i++) sum = Math.imul(sum ^ bytes[i], 0x01000193);
    // The low bits alone hardly depend on the last bytes.
    return sum ^ (sum >>> 15);
  }
}

/** Whether the bytes are this text, character by character; never for text that is not ASCII. */
function isText(text: string, bytes: Buffer, from: number, to: number): boolean {
  if (text.length !== to - from) return false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code !== bytes[from + i] || code > 127) return false;
  }
  return true;
}

function noTopics(places: number): (Topic | undefined)[] {
  return Array.from({ length: places }, () => undefined);
}
