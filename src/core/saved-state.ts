/** What a stage remembers of a stream, as bytes (`PerSlot.save`): the version of their meaning, then float64 numbers. */
import { UserError } from './errors.js';

/** Little-endian, as is every platform that ONNX Runtime ships for. */
export function saveNumbers(version: number, numbers: Float64Array): Uint8Array {
  const bytes = new Uint8Array(1 + numbers.byteLength);
  bytes[0] = version;
  bytes.set(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength), 1);
  return bytes;
}

/**
 * The inverse of `saveNumbers`.
 * @param what is saved, for the error
 * @returns the numbers, not a view of `bytes`
 * @throws UserError `SNAPSHOT_INVALID` for another version, or what is no sequence of numbers
 */
export function loadNumbers(version: number, bytes: Uint8Array, what: string): Float64Array {
  const whole = bytes.length > 0 && (bytes.length - 1) % Float64Array.BYTES_PER_ELEMENT === 0;
  if (bytes[0] !== version || !whole) throw unfitState(what);
  // A copy: numbers in a buffer have to be aligned. Of a `Buffer`, `slice` would be a view.
  return new Float64Array(Uint8Array.from(bytes.subarray(1)).buffer);
}

/** @param what is saved, such as `the transcript of a stream` */
export function unfitState(what: string): UserError {
  return new UserError('SNAPSHOT_INVALID', `what was saved of ${what} has another version or size`, {
    hint: 'use the model, the options and the kioku that it was saved with, or start this stream anew',
  });
}
