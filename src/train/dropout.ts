/** Keep-masks for dropout between layers (Srivastava et al. 2014), fed to the graph so that training resumes bit-exactly. */
import { randomBlock } from '../core/random.js';

/** Random streams below this one are the initial weights' own. */
const FIRST_STREAM = 1_000_000;

/**
 * Fills `mask` with 1 / (1 - dropout) (kept; scaled so that the mean stays) or 0 (dropped).
 * @param mask [T, B, H]
 * @param dropout share of values to drop, 0 … 1
 * @param boundary which boundary between layers, 1 = after the first
 * @param step optimiser step: every step has masks of its own
 */
export function fillKeepMask(mask: Float32Array, dropout: number, seed: number, boundary: number, step: number): void {
  const words = new Uint32Array(4);
  const blocks = Math.ceil(mask.length / 4);
  const threshold = dropout * 2 ** 32;
  const kept = 1 / (1 - dropout);
  for (let block = 0; block < blocks; block++) {
    randomBlock(words, seed, FIRST_STREAM + boundary, step * blocks + block);
    const end = Math.min(4, mask.length - block * 4);
    for (let i = 0; i < end; i++) mask[block * 4 + i] = words[i] < threshold ? 0 : kept;
  }
}
