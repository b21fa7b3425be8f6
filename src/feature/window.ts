/** Windows that fade a frame in and out, so that its ends do not smear the spectrum. */
import { doubles } from '../core/doubles.js';

export const WINDOWS = ['povey', 'hann', 'hamming', 'blackman', 'rectangular'] as const;
export type WindowShape = (typeof WINDOWS)[number];

/** As a function of the angle 0 … 2π across the window. Povey's is Kaldi's own (`feature-window.cc`). */
const SHAPES: Readonly<Record<WindowShape, (angle: number) => number>> = {
  povey: (angle) => (0.5 - 0.5 * Math.cos(angle)) ** 0.85,
  hann: (angle) => 0.5 - 0.5 * Math.cos(angle),
  hamming: (angle) => 0.54 - 0.46 * Math.cos(angle),
  blackman: (angle) => 0.42 - 0.5 * Math.cos(angle) + 0.08 * Math.cos(2 * angle),
  rectangular: () => 1,
};

/**
 * @param size samples, ≥ 2
 * @param periodic the last sample is one short of the first of the next period (torch), instead of its equal (Kaldi)
 * @returns [size]
 */
export function makeWindow(shape: WindowShape, size: number, periodic: boolean): number[] {
  const period = periodic ? size : size - 1;
  const window = doubles(size);
  for (let i = 0; i < size; i++) window[i] = SHAPES[shape]((2 * Math.PI * i) / period);
  return window;
}
