/** The lines of a file, read piece by piece, so that a file of any size takes the memory of one piece. */
import { type FileHandle, open } from 'node:fs/promises';

const PIECE_BYTES = 65_536;
const NEWLINE = 10;

export class LineReader {
  readonly #file: FileHandle;
  readonly #maxBytes: number;
  readonly #tooLong: (line: number) => void;
  readonly #piece = Buffer.allocUnsafe(PIECE_BYTES);
  /** The beginning of a line whose end has not been read. */
  #begun: Buffer[] = [];
  #begunBytes = 0;
  #skipping = false;
  #ended = false;
  /** Number (from 1) of the line that is read next. */
  #line = 1;

  private constructor(file: FileHandle, maxBytes: number, tooLong: (line: number) => void) {
    this.#file = file;
    this.#maxBytes = maxBytes;
    this.#tooLong = tooLong;
  }

  /**
   * @param maxBytes longer lines are skipped and told to `tooLong`
   * @throws the error of the file system when the file cannot be opened
   */
  static async open(path: string, maxBytes: number, tooLong: (line: number) => void): Promise<LineReader> {
    return new LineReader(await open(path), maxBytes, tooLong);
  }

  /** Calls `each` for every line of the next piece, without its line end. @returns false at the end of the file */
  async next(each: (text: string, line: number) => void): Promise<boolean> {
    if (this.#ended) return false;
    const { bytesRead } = await this.#file.read(this.#piece, 0, PIECE_BYTES);
    if (bytesRead === 0) {
      this.#ended = true;
      if (this.#begunBytes > 0 || this.#skipping) this.#finish(this.#piece.subarray(0, 0), each);
      return true;
    }
    let from = 0;
    for (let to = this.#piece.indexOf(NEWLINE); to >= 0 && to < bytesRead; to = this.#piece.indexOf(NEWLINE, from)) {
      this.#finish(this.#piece.subarray(from, to), each);
      from = to + 1;
    }
    this.#begin(this.#piece.subarray(from, bytesRead));
    return true;
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  #begin(bytes: Buffer): void {
    if (bytes.length === 0 || this.#skipping) return;
    this.#begunBytes += bytes.length;
    if (this.#begunBytes <= this.#maxBytes) this.#begun.push(Buffer.from(bytes));
    else {
      this.#skipping = true;
      this.#begun = [];
    }
  }

  #finish(end: Buffer, each: (text: string, line: number) => void): void {
    if (this.#skipping || this.#begunBytes + end.length > this.#maxBytes) this.#tooLong(this.#line);
    else {
      const bytes = this.#begun.length === 0 ? end : Buffer.concat([...this.#begun, end]);
      const text = bytes.toString('utf8');
      each(text.endsWith('\r') ? text.slice(0, -1) : text, this.#line);
    }
    this.#line += 1;
    this.#begun = [];
    this.#begunBytes = 0;
    this.#skipping = false;
  }
}
