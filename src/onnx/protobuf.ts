/** Protocol Buffers wire format, writing side (https://protobuf.dev/programming-guides/encoding). */

const WIRE_LENGTH_DELIMITED = 2;

const encoder = new TextEncoder();

/** Appends fields to one message; nested messages are written by a writer of their own. */
export class ProtobufWriter {
  #buffer = new Uint8Array(1024);
  #length = 0;

  /** Integer or enum field. @param value a safe integer; negative ones take ten bytes, as int64 does */
  int(field: number, value: number | bigint): void {
    this.#varint(field * 8);
    this.#varint(value);
  }

  string(field: number, text: string): void {
    this.bytes(field, encoder.encode(text));
  }

  bytes(field: number, bytes: Uint8Array): void {
    this.#varint(field * 8 + WIRE_LENGTH_DELIMITED);
    this.#varint(bytes.length);
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  message(field: number, write: (writer: ProtobufWriter) => void): void {
    const nested = new ProtobufWriter();
    write(nested);
    this.bytes(field, nested.finish());
  }

  /** The message so far; a view, valid until the next write. */
  finish(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  #varint(value: number | bigint): void {
    this.#reserve(10);
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest > 0x7fn) {
      this.#buffer[this.#length++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#buffer[this.#length++] = Number(rest);
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.max(this.#buffer.length * 2, this.#length + bytes));
    grown.set(this.finish());
    this.#buffer = grown;
  }
}
