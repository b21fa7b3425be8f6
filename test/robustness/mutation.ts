/** Damage as disks, networks and people do it, and as somebody does it who wants to do harm. */
import type { Dice } from './dice.js';

type Mutation = (bytes: Uint8Array, dice: Dice) => Uint8Array;

const HOSTILE_TEXTS = [
  '1e999',
  '-1e999',
  '99999999999999999999999999',
  '-0',
  'NaN',
  'null',
  '""',
  '{}',
  '[]',
  '\0',
  '\uFEFF',
  '\uD800',
  '"__proto__": ',
  '"constructor": {"prototype": 1},',
  '&a [*a]',
  '!!binary |',
  '"\\u0000"',
  '\r\n',
  ',,,,',
  '../../../../etc/passwd',
];

/** Deep enough to overflow a recursive reader's stack, small enough to be sent by anybody. */
const NESTING = 20_000;

// Of a `Buffer`, `slice` would be a view: seeds must stay as they are.
const flipBits: Mutation = (bytes, dice) => {
  const mutated = Uint8Array.from(bytes);
  for (let flips = 1 + dice.below(8); flips > 0 && mutated.length > 0; flips--) {
    mutated[dice.below(mutated.length)] ^= 1 << dice.below(8);
  }
  return mutated;
};

const cutOff: Mutation = (bytes, dice) => bytes.slice(0, dice.below(bytes.length + 1));

const cutOut: Mutation = (bytes, dice) => {
  const from = dice.below(bytes.length + 1);
  return joined(bytes.subarray(0, from), bytes.subarray(from + dice.below(64)));
};

const insertNoise: Mutation = (bytes, dice) => {
  const noise = Uint8Array.from({ length: 1 + dice.below(32) }, () => dice.below(256));
  return inserted(bytes, noise, dice);
};

const repeat: Mutation = (bytes, dice) => {
  const from = dice.below(bytes.length + 1);
  const piece = bytes.subarray(from, from + 1 + dice.below(256));
  return joined(
    bytes.subarray(0, from),
    ...Array.from({ length: 1 + dice.below(20) }, () => piece),
    bytes.subarray(from),
  );
};

const insertHostile: Mutation = (bytes, dice) => inserted(bytes, Buffer.from(dice.pick(HOSTILE_TEXTS)), dice);

const hugeNumber: Mutation = (bytes, dice) => {
  const text = Buffer.from(bytes).toString('latin1');
  const numbers = [...text.matchAll(/\d+/g)];
  if (numbers.length === 0) return insertHostile(bytes, dice);
  const { 0: digits, index } = dice.pick(numbers);
  const huge = dice.pick([
    '9'.repeat(1 + dice.below(400)),
    `${digits}e308`,
    `-${digits}`,
    `0${digits}`,
    '0',
    '4294967296',
  ]);
  return Buffer.from(text.slice(0, index) + huge + text.slice(index + digits.length), 'latin1');
};

/** Four or eight bytes that a length, an offset or a rate may be made of. */
const hugeBinary: Mutation = (bytes, dice) => {
  const mutated = Uint8Array.from(bytes);
  const width = dice.pick([2, 4, 8]);
  if (mutated.length < width) return mutated;
  const at = dice.below(mutated.length - width + 1);
  mutated.fill(dice.pick([0x00, 0x7f, 0x80, 0xff]), at, at + width);
  return mutated;
};

const nest: Mutation = (bytes, dice) => {
  const [open, close] = dice.pick([
    ['[', ']'],
    ['{"a":', '}'],
    ['- ', ''],
    ['{a: ', '}'],
  ]);
  const depth = dice.pick([10, 1000, NESTING]);
  const whole = joined(Buffer.from(open.repeat(depth)), bytes, Buffer.from(close.repeat(depth)));
  return dice.chance(0.5) ? whole : inserted(bytes, Buffer.from(open.repeat(depth)), dice);
};

const MUTATIONS: readonly Mutation[] = [
  flipBits,
  flipBits,
  cutOff,
  cutOut,
  insertNoise,
  repeat,
  insertHostile,
  hugeNumber,
  hugeNumber,
  hugeBinary,
  nest,
];

/** One to three of them, one after the other. */
export function mutate(bytes: Uint8Array, dice: Dice): Uint8Array {
  let mutated = bytes;
  for (let n = 1 + dice.below(3); n > 0; n--) mutated = dice.pick(MUTATIONS)(mutated, dice);
  return mutated;
}

function inserted(bytes: Uint8Array, piece: Uint8Array, dice: Dice): Uint8Array {
  const at = dice.below(bytes.length + 1);
  return joined(bytes.subarray(0, at), piece, bytes.subarray(at));
}

function joined(...pieces: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(pieces));
}
