/** Discrete cosine transform, type II, orthonormal: decorrelates the bands of a log-mel spectrum. */

/**
 * @param rows coefficients wanted, 1 … size
 * @param size values that are transformed
 * @returns [rows, size]; row k is √(2/size) · cos(πk(n + ½)/size), row 0 divided by √2
 */
export function dctMatrix(rows: number, size: number): Float64Array {
  const matrix = new Float64Array(rows * size);
  for (let k = 0; k < rows; k++) {
    const norm = Math.sqrt((k === 0 ? 1 : 2) / size);
    for (let n = 0; n < size; n++) matrix[k * size + n] = norm * Math.cos((Math.PI * k * (n + 0.5)) / size);
  }
  return matrix;
}
