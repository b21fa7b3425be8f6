/** The same topic comes again and again: its text is made once, and found by its bytes. */

/** Places, a power of two; two topics that meet in one place take it in turns. */
const PLACES = 16_384;
/** A longer topic is decoded each time: MQTT allows 64 kB. */
const LONGEST_KEPT_BYTES = 256;

export class TopicNames {
  readonly #bytes: (Buffer | undefined)[] = [];
  readonly #texts: string[] = [];

  /** The text of `bytes[from … to)`, UTF-8; the same string object as long as its place is not another's. */
  textOf(bytes: Buffer, from: number, to: number): string {
    if (to - from > LONGEST_KEPT_BYTES) return bytes.toString('utf8', from, to);
    const place = hash(bytes, from, to) & (PLACES - 1);
    const kept = this.#bytes[place];
    if (kept !== undefined && equals(kept, bytes, from, to)) return this.#texts[place];
    const text = bytes.toString('utf8', from, to);
    // A copy: a view would keep all that was read with it.
    this.#bytes[place] = Buffer.from(bytes.subarray(from, to));
    this.#texts[place] = text;
    return text;
  }
}

/** FNV-1a, 32 bits (Fowler, Noll and Vo). */
function hash(bytes: Buffer, from: number, to: number): number {
  let sum = 0x811c9dc5;
  for (let i = from; i < to; i++) sum = Math.imul(sum ^ bytes[i], 0x01000193);
  // The low bits alone hardly depend on the last bytes.
  return sum ^ (sum >>> 15);
}

function equals(kept: Buffer, bytes: Buffer, from: number, to: number): boolean {
  if (kept.length !== to - from) return false;
  for (let i = 0; i < kept.length; i++) if (kept[i] !== bytes[from + i]) return false;
  return true;
}
