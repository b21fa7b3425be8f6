/**
 * A plain array of zeros that V8 keeps as packed, unboxed doubles. In the innermost loops it is faster than a Float64Array:
 * once anything in the process has transferred an ArrayBuffer (a WASM module that Node itself loads does), every access to
 * any typed array is checked for that, and an FFT takes half as long again.
 *
 * @param n numbers; all writes must stay within them, and be numbers
 */
export function doubles(n: number): number[] {
  const array: number[] = [];
  // With a fraction, or they would be kept as integers; one by one, or as an array with holes.
  for (let i = 0; i < n; i++) array.push(0.5);
  return array.fill(0);
}
