/** A JSON number from its bytes, exactly as JSON.parse reads it. */

const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;
const ZERO = 0x30;
/** `e` and `E` differ in this bit. */
const LOWER_CASE = 0x20;
const E = 0x65;

/** With one more digit it is still exact in float64. */
const MAX_BEFORE_DIGIT = (2 ** 53 - 10) / 10;
/** Powers of ten that float64 holds exactly. */
const POWERS = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

/**
 * Reads the number that begins at `at`. Of digits that make a whole number of at most 2⁵³, and a power of ten of at most
 * 22, both are exact, so that one multiplication or division rounds correctly (W. D. Clinger, "How to read floating point
 * numbers accurately", 1990); all others are left to the engine.
 * @param out gets the number at `k`: given back, it would be an object on the heap
 * @returns where it ends; −1: there is none
 */
export function readJsonNumber(bytes: Uint8Array, at: number, out: Float64Array, k: number): number {
  const negative = bytes[at] === MINUS;
  let i = negative ? at + 1 : at;
  const first = i;
  let whole = 0;
  let exact = true;
  for (let digit = bytes[i] - ZERO; digit >= 0 && digit <= 9; digit = bytes[++i] - ZERO) {
    if (whole > MAX_BEFORE_DIGIT) exact = false;
    whole = whole * 10 + digit;
  }
  if (i === first || (bytes[first] === ZERO && i > first + 1)) return -1;
  let exponent = 0;
  if (bytes[i] === POINT) {
    const point = i++;
    for (let digit = bytes[i] - ZERO; digit >= 0 && digit <= 9; digit = bytes[++i] - ZERO) {
      if (whole > MAX_BEFORE_DIGIT) exact = false;
      whole = whole * 10 + digit;
    }
    if (i === point + 1) return -1;
    exponent = point + 1 - i;
  }
  if ((bytes[i] | LOWER_CASE) === E) {
    const sign = bytes[i + 1];
    const digits = sign === MINUS || sign === PLUS ? i + 2 : i + 1;
    let power = 0;
    i = digits;
    for (let digit = bytes[i] - ZERO; digit >= 0 && digit <= 9; digit = bytes[++i] - ZERO) power = power * 10 + digit;
    if (i === digits) return -1;
    exponent += sign === MINUS ? -power : power;
  }
  if (exact && exponent === 0) out[k] = negative ? -whole : whole;
  else if (exact && exponent >= -22 && exponent <= 22) {
    const size = exponent < 0 ? whole / POWERS[-exponent] : whole * POWERS[exponent];
    out[k] = negative ? -size : size;
  } else out[k] = Number(Buffer.from(bytes.buffer, bytes.byteOffset + at, i - at).toString('latin1'));
  return i;
}
