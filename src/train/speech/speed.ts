/** Speed perturbation (Ko et al., Interspeech 2015): the same samples in less or more time; pitch goes along. */

/**
 * Samples between samples are taken from the cubic through the four around them (Catmull & Rom 1974); near the ends the
 * outermost is repeated.
 * @param speed > 0; above 1 shorter and higher
 * @returns round(n / speed) samples
 */
export function stretched(samples: Float32Array, speed: number): Float64Array {
  const last = samples.length - 1;
  const out = new Float64Array(Math.round(samples.length / speed));
  const at = (i: number): number => samples[Math.min(Math.max(i, 0), last)];
  for (let k = 0; k < out.length; k++) {
    const place = k * speed;
    const i = Math.floor(place);
    const u = place - i;
    const a = at(i - 1);
    const b = at(i);
    const c = at(i + 1);
    const d = at(i + 2);
    out[k] = b + 0.5 * u * (c - a + u * (2 * a - 5 * b + 4 * c - d + u * (3 * (b - c) + d - a)));
  }
  return out;
}
