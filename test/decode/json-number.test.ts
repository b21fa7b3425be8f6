import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { readJsonNumber } from '../../src/decode/json-number.js';

/** What `readJsonNumber` makes of a text. @returns undefined when it takes it for no number, or for less than all of it */
function read(text: string): number | undefined {
  // Between other bytes, as it is in a message.
  const bytes = Buffer.from(`[${text}]`);
  const numbers = new Float64Array(3);
  return readJsonNumber(bytes, 1, numbers, 2) === bytes.length - 1 ? numbers[2] : undefined;
}

/** What JSON.parse makes of it. */
function parsed(text: string): number | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'number' ? value : undefined;
  } catch {
    return undefined;
  }
}

const written = fc
  .tuple(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.nat(20), fc.constantFrom('', 'f', 'e', 'p'))
  .map(([value, digits, form]) => {
    if (form === 'f' && Math.abs(value) < 1e21) return value.toFixed(digits);
    if (form === 'e') return value.toExponential(digits);
    return form === 'p' ? value.toPrecision(digits + 1) : JSON.stringify(value);
  });
const digits = (max: number) =>
  fc.string({ unit: fc.constantFrom('0', '1', '2', '3', '4', '5', '6', '7', '8', '9'), maxLength: max });
/** Anything that looks like a number, allowed or not. */
const assembled = fc
  .tuple(fc.constantFrom('', '-', '+', '--'), digits(25), fc.constantFrom('', '.'), digits(25), exponent())
  .map((parts) => parts.join(''));

function exponent() {
  return fc.oneof(
    fc.constant(''),
    fc.tuple(fc.constantFrom('e', 'E'), fc.constantFrom('', '+', '-'), digits(4)).map((parts) => parts.join('')),
  );
}

it('reads a number exactly as JSON.parse does, bit for bit', () => {
  fc.assert(
    fc.property(fc.oneof(written, assembled), (text) => {
      // `toBe` tells 0 from -0.
      expect(read(text)).toBe(parsed(text));
    }),
    { numRuns: 20_000 },
  );
});

it.each([
  ['9007199254740992', 2 ** 53],
  ['9007199254740993', 2 ** 53],
  ['900719925474099.3', 900719925474099.3],
  ['1e22', 1e22],
  ['1e23', 1e23],
  ['123456789012345e22', 123456789012345e22],
  ['-0', -0],
  ['-0.0e5', -0],
  ['1e999', Infinity],
  ['4.9e-324', 5e-324],
  ['0.1', 0.1],
])('%s', (text, value) => {
  expect(read(text)).toBe(value);
});

it.each(['', '-', '01', '-01', '1.', '.5', '1e', '1e+', '+1', 'NaN', 'e5', '1.e5'])('%j is none', (text) => {
  expect(read(text)).toBeUndefined();
});
