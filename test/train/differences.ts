/** Ways to tell how far a gradient is from what it should be. */

/**
 * Gradient of `f` at a point by central differences of fourth order: (8 (f(+h) − f(−h)) − (f(+2h) − f(−2h))) / 12 h. In
 * float32 a second-order difference is either rounded away (small h) or bent (large h).
 */
export function centralDifferences(f: (at: Float32Array) => number, at: Float32Array, h: number): Float64Array {
  const moved = at.slice();
  return Float64Array.from(at, (value, i) => {
    const along = (distance: number): number => {
      moved[i] = value + distance;
      const result = f(moved);
      moved[i] = value;
      return result;
    };
    return (8 * (along(h) - along(-h)) - (along(2 * h) - along(-2 * h))) / (12 * h);
  });
}

/** ‖actual − expected‖ / ‖expected‖: entry by entry a float32 difference has no digits left where the gradient is small. */
export function relativeNormError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let [difference, norm] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    difference += (actual[i] - expected[i]) ** 2;
    norm += expected[i] ** 2;
  }
  return Math.sqrt(difference / norm);
}
