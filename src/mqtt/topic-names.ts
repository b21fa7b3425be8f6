/** The same topic comes again and again: its text is made once, and found by its bytes. */

/** A power of two, as every later size. */
const FIRST_PLACES = 1024;
/** Beyond, all are forgotten and made again. */
const MOST_TOPICS = 131_072;
/** A longer topic is decoded each time: MQTT allows 64 kB. */
const LONGEST_KEPT_BYTES = 256;

/**
 * A hash table with linear probing (Knuth, TAOCP 6.4, algorithm L), at most half full. Of a topic only the text is kept,
 * which is compared with the bytes; one with other characters than those of ASCII is decoded each time.
 */
export class TopicNames {
  #hashes = new Int32Array(FIRST_PLACES);
  #texts: (string | undefined)[] = noTexts(FIRST_PLACES);
  #size = 0;
  /** Nobody outside can choose topics that all hash alike. */
  readonly #seed = Math.floor(Math.random() * 2 ** 32);

  /** The text of `bytes[from … to)`, UTF-8; mostly the same string object as before. */
  textOf(bytes: Buffer, from: number, to: number): string {
    if (to - from > LONGEST_KEPT_BYTES) return bytes.toString('utf8', from, to);
    const hash = this.#hashOf(bytes, from, to);
    const place = this.#find(hash, bytes, from, to);
    const kept = this.#texts[place];
    if (kept !== undefined) return kept;
    const text = bytes.toString('utf8', from, to);
    if (isText(text, bytes, from, to)) this.#keep(place, hash, text);
    return text;
  }

  /** Where it is, or the free place where it belongs. */
  #find(hash: number, bytes: Buffer, from: number, to: number): number {
    const mask = this.#hashes.length - 1;
    let place = hash & mask;
    for (let text = this.#texts[place]; text !== undefined; text = this.#texts[place]) {
      if (this.#hashes[place] === hash && isText(text, bytes, from, to)) break;
      place = (place + 1) & mask;
    }
    return place;
  }

  #keep(place: number, hash: number, text: string): void {
    this.#hashes[place] = hash;
    this.#texts[place] = text;
    this.#size++;
    if (this.#size > MOST_TOPICS) this.#forget();
    else if (2 * this.#size > this.#hashes.length) this.#grow();
  }

  #forget(): void {
    this.#hashes = new Int32Array(FIRST_PLACES);
    this.#texts = noTexts(FIRST_PLACES);
    this.#size = 0;
  }

  #grow(): void {
    const hashes = this.#hashes;
    const texts = this.#texts;
    const mask = 2 * hashes.length - 1;
    this.#hashes = new Int32Array(mask + 1);
    this.#texts = noTexts(mask + 1);
    for (let i = 0; i < hashes.length; i++) {
      if (texts[i] === undefined) continue;
      let place = hashes[i] & mask;
      while (this.#texts[place] !== undefined) place = (place + 1) & mask;
      this.#hashes[place] = hashes[i];
      this.#texts[place] = texts[i];
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

function noTexts(places: number): (string | undefined)[] {
  return Array.from({ length: places }, () => undefined);
}
