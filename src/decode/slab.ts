/** Numbers of many small readings side by side: an array of its own for each costs thrice the memory. */

const SLAB_BYTES = 16_384;

export class Slab {
  #buffer = new ArrayBuffer(SLAB_BYTES);
  #at = 0;

  /** @returns an array of n zeros, the caller's to keep; it shares its buffer with others */
  take(n: number): Float64Array {
    const bytes = n * Float64Array.BYTES_PER_ELEMENT;
    if (bytes > SLAB_BYTES) return new Float64Array(n);
    if (this.#at + bytes > SLAB_BYTES) {
      this.#buffer = new ArrayBuffer(SLAB_BYTES);
      this.#at = 0;
    }
    const numbers = new Float64Array(this.#buffer, this.#at, n);
    this.#at += bytes;
    return numbers;
  }
}
