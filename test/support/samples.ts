/** 16-bit little-endian samples for tests of what carries them. */
import { randomBytes } from 'node:crypto';

/** As many bytes that nothing could have guessed. */
export function noise(bytes: number): Buffer {
  return randomBytes(bytes);
}

/** Sample i has the value i, modulo 2^16: each tells its place. */
export function ramp(samples: number): Buffer {
  return Buffer.from(Uint16Array.from({ length: samples }, (_, i) => i).buffer);
}

/** The samples in some bytes, as unsigned numbers. */
export function samplesIn(bytes: Uint8Array = new Uint8Array()): Uint16Array {
  return new Uint16Array(Uint8Array.from(bytes).buffer);
}
