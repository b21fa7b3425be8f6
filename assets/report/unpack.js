/** @import { Packed } from '../../src/report/chart.js' */

/**
 * The inverse of `pack`.
 * @param {Packed} packed
 * @returns {(number | null)[]} null: none, as uPlot has it
 */
export function unpack({ type, base64 }) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  const numbers = type === 'float32' ? new Float32Array(bytes.buffer) : new Float64Array(bytes.buffer);
  return Array.from(numbers, (number) => (Number.isNaN(number) ? null : number));
}
