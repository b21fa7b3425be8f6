/** Reads a file by position through one small window, so that what is skipped is never loaded. */
import type { FileHandle } from 'node:fs/promises';

const WINDOW_BYTES = 16 * 1024;

/** Bytes that are read by position. */
export interface ByteSource {
  readonly size: number;
  /** The byte at a position, or undefined behind the end. */
  byteAt(position: number): Promise<number | undefined>;
  /** A copy of `length` bytes; shorter when there are no more. */
  bytes(position: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** Bytes that are in memory already. */
export function inMemory(all: Uint8Array): ByteSource {
  return {
    size: all.length,
    byteAt: async (position) => all[position],
    // Of a `Buffer`, `slice` would be a view.
    bytes: async (position, length) => Uint8Array.from(all.subarray(position, position + length)),
  };
}

export class FileWindow implements ByteSource {
  readonly #window = new Uint8Array(WINDOW_BYTES);
  #start = 0;
  #length = 0;

  /** @param size bytes of the file */
  constructor(
    readonly handle: FileHandle,
    readonly size: number,
  ) {}

  /** The byte at a position, or undefined behind the end. */
  async byteAt(position: number): Promise<number | undefined> {
    if (position < this.#start || position >= this.#start + this.#length) {
      const { bytesRead } = await this.handle.read(this.#window, 0, WINDOW_BYTES, position);
      this.#start = position;
      this.#length = bytesRead;
      if (bytesRead === 0) return undefined;
    }
    return this.#window[position - this.#start];
  }

  /** A copy of `length` bytes; shorter when the file ends before. */
  async bytes(position: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const copy = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await this.handle.read(copy, filled, length - filled, position + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return copy.subarray(0, filled);
  }
}
