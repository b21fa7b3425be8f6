/** Bits of a stream of bytes, most significant first, out of a buffer that is refilled between blocks. */

export class BitReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #bytes = Buffer.alloc(0);
  #next = 0;
  #ended = false;
  /** The lowest `#held` bits are still to be read. */
  #word = 0;
  #held = 0;
  /** Zeros made up behind the end of the source, among the bits held. */
  #madeUp = 0;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Sees to it that so many bytes can be read, or all that there are. */
  async fill(bytes: number): Promise<void> {
    let available = this.#bytes.length - this.#next;
    if (this.#ended || available >= bytes) return;
    const pieces: Uint8Array[] = [this.#bytes.subarray(this.#next)];
    while (available < bytes) {
      const { done, value } = await this.#source.next();
      if (done === true) {
        this.#ended = true;
        break;
      }
      pieces.push(value);
      available += value.length;
    }
    this.#bytes = Buffer.concat(pieces);
    this.#next = 0;
  }

  /** Nothing is left to be read; to be asked after `fill`. */
  get exhausted(): boolean {
    return this.#held - this.#madeUp <= 0 && this.#next >= this.#bytes.length;
  }

  /** More was read than there is: what came last was zeros. */
  get overrun(): boolean {
    return this.#held < this.#madeUp;
  }

  /** @param count 1 … 24 @returns so many bits as a number ≥ 0 */
  read(count: number): number {
    const value = this.peek(count);
    this.#held -= count;
    return value;
  }

  /** As `read`, but they stay. */
  peek(count: number): number {
    while (this.#held < count) {
      this.#word = (this.#word << 8) | this.#byte();
      this.#held += 8;
    }
    return (this.#word >>> (this.#held - count)) & ((1 << count) - 1);
  }

  /** @param count at most as many as were peeked at */
  skip(count: number): void {
    this.#held -= count;
  }

  /** @returns 32 bits as a number ≥ 0 */
  readWord(): number {
    return this.read(16) * 0x10000 + this.read(16);
  }

  /** Goes on at the next whole byte. */
  align(): void {
    this.#held -= this.#held % 8;
  }

  #byte(): number {
    if (this.#next < this.#bytes.length) return this.#bytes[this.#next++];
    this.#madeUp += 8;
    return 0;
  }
}
