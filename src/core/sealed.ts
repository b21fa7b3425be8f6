/** A value as the content of a file that can tell whether it is whole. */
import { createHash } from 'node:crypto';
import { deserialize, serialize } from 'node:v8';

const DIGEST_BYTES = 32;

/**
 * @param magic says what the file is, with the version of its content
 * @param content anything that can be sent to another thread
 * @returns the pieces of the file: magic, SHA-256 of the rest, the rest
 */
export function sealed(magic: string, content: unknown): readonly Uint8Array[] {
  const bytes = serialize(content);
  return [Buffer.from(magic), digestOf(bytes), bytes];
}

/**
 * The inverse of `sealed`.
 * @returns undefined when it is damaged, or begins with another magic; what is returned is what `sealed` was given
 */
export function unsealed(magic: string, file: Uint8Array): unknown {
  const head = Buffer.from(magic);
  const payload = file.subarray(head.length + DIGEST_BYTES);
  const isWhole =
    head.equals(file.subarray(0, head.length)) &&
    digestOf(payload).equals(file.subarray(head.length, head.length + DIGEST_BYTES));
  return isWhole ? deserialize(payload) : undefined;
}

function digestOf(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
