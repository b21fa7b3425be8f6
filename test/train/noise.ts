import { normal } from '../../src/core/random.js';

/** Standard normal values that depend on the seed alone. */
export function noise(length: number, seed: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => normal(seed, 0, i));
}
