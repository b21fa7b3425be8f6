/** Names → small numbers: a hash table in one typed array, for hundreds of thousands of names looked up in any order. */

const NONE = -1;
const FIRST_ENTRIES = 64;
/** Numbers an entry: hash of the name, and its number (`NONE` = free). */
const HASH = 0;
const NUMBER = 1;
const ENTRY = 2;

/**
 * Open addressing with linear probing and deletion by moving back (Knuth, TAOCP 6.4, algorithm R). A `Map` would be
 * slower among very many names: it waits for main memory for the string's hash, the bucket, the entry and the key, one
 * after the other; here it is the entry and the name itself, and of many names those are read side by side.
 */
export class NameIndex {
  #entries: Int32Array = emptyEntries(FIRST_ENTRIES);
  #size = 0;
  /** Nobody outside can choose names that all hash alike. */
  readonly #seed = Math.floor(Math.random() * 2 ** 32);

  /** @param nameOf the name of a number that was set; the index keeps none itself */
  constructor(private readonly nameOf: (number: number) => string | undefined) {}

  get size(): number {
    return this.#size;
  }

  /** @returns to be given to `find`, `set` and `delete` */
  hash(name: string): number {
    // Two chains, each of every second character, because one multiplication has to wait for the one before it.
    let even = this.#seed;
    let odd = ~this.#seed;
    const last = name.length - 1;
    for (let i = 0; i < last; i += 2) {
      even = Math.imul(even ^ name.charCodeAt(i), 0x01000193);
      odd = Math.imul(odd ^ name.charCodeAt(i + 1), 0x01000193);
    }
    if ((last & 1) === 0) even = Math.imul(even ^ name.charCodeAt(last), 0x01000193);
    let hash = even ^ Math.imul(odd, 0x85ebca6b);
    // FNV-1a leaves the low bits, which choose the entry, weak.
    hash ^= hash >>> 15;
    return Math.imul(hash, 0x2c1b3c6d) ^ (hash >>> 12);
  }

  /** Reads where `find` will look first. @returns a number without meaning, to be kept */
  touch(hash: number): number {
    return this.#entries[this.#first(hash)];
  }

  /** @returns the name's number, −1 = none */
  find(name: string, hash: number): number {
    const entries = this.#entries;
    for (let at = this.#first(hash); entries[at + NUMBER] !== NONE; at = this.#next(at)) {
      if (entries[at + HASH] === hash && this.nameOf(entries[at + NUMBER]) === name) return entries[at + NUMBER];
    }
    return NONE;
  }

  /** @param name not in the index; `nameOf` knows it by `number` from now on @param number ≥ 0 */
  set(hash: number, number: number): void {
    if (4 * (this.#size + 1) > this.#entries.length) this.#resize(2 * this.#entries.length);
    this.#insert(hash, number);
    this.#size++;
  }

  /** @param number that was set with this hash; else nothing happens */
  delete(hash: number, number: number): void {
    const entries = this.#entries;
    let free = this.#first(hash);
    while (entries[free + NUMBER] !== number) {
      if (entries[free + NUMBER] === NONE) return;
      free = this.#next(free);
    }
    // Whatever stands behind it and could stand here moves up, or it would not be found any more.
    for (let at = this.#next(free); entries[at + NUMBER] !== NONE; at = this.#next(at)) {
      const first = this.#first(entries[at + HASH]);
      const stays = free <= at ? free < first && first <= at : free < first || first <= at;
      if (stays) continue;
      entries[free + HASH] = entries[at + HASH];
      entries[free + NUMBER] = entries[at + NUMBER];
      free = at;
    }
    entries[free + NUMBER] = NONE;
    this.#size--;
    if (entries.length > ENTRY * FIRST_ENTRIES && 32 * this.#size < entries.length) this.#resize(entries.length / 4);
  }

  #first(hash: number): number {
    return (ENTRY * hash) & (this.#entries.length - 1);
  }

  #next(at: number): number {
    return (at + ENTRY) & (this.#entries.length - 1);
  }

  #insert(hash: number, number: number): void {
    const entries = this.#entries;
    let at = this.#first(hash);
    while (entries[at + NUMBER] !== NONE) at = this.#next(at);
    entries[at + HASH] = hash;
    entries[at + NUMBER] = number;
  }

  #resize(length: number): void {
    const old = this.#entries;
    this.#entries = emptyEntries(length / ENTRY);
    for (let at = 0; at < old.length; at += ENTRY) {
      if (old[at + NUMBER] !== NONE) this.#insert(old[at + HASH], old[at + NUMBER]);
    }
  }
}

function emptyEntries(entries: number): Int32Array {
  return new Int32Array(ENTRY * entries).fill(NONE);
}
