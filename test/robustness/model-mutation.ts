/** Damage that leaves an ONNX file well-formed protobuf, so that it gets past every reader and into the kernels. */
import type { Dice } from './dice.js';
import { mutate } from './mutation.js';

interface Field {
  readonly number: number;
  readonly wire: number;
  /** Of a varint; 0 otherwise. */
  readonly value: bigint;
  readonly payload: Uint8Array;
}

/** Field numbers in onnx.proto are below this; a payload with others is no message but text or weights. */
const MOST_FIELD = 50;

const HOSTILE_NUMBERS = [
  0n,
  1n,
  2n,
  3n,
  7n,
  8n,
  11n,
  16n,
  255n,
  65_537n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n,
  2n ** 62n,
  2n ** 63n,
  -1n,
  -2n,
];

/** @returns undefined when the bytes are no message */
function parse(bytes: Uint8Array): Field[] | undefined {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): bigint | undefined => {
    let value = 0n;
    for (let shift = 0n; shift < 70n && at < bytes.length; shift += 7n) {
      const byte = bytes[at++];
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return undefined;
  };
  while (at < bytes.length) {
    const tag = varint();
    if (tag === undefined) return undefined;
    const [number, wire] = [Number(tag >> 3n), Number(tag & 7n)];
    if (number < 1 || number > MOST_FIELD) return undefined;
    if (wire === 0) {
      const value = varint();
      if (value === undefined) return undefined;
      fields.push({ number, wire, value, payload: new Uint8Array(0) });
      continue;
    }
    const fixed = wire === 1 ? 8 : wire === 5 ? 4 : undefined;
    const length = wire === 2 ? varint() : fixed;
    if (length === undefined || BigInt(at) + BigInt(length) > BigInt(bytes.length)) return undefined;
    fields.push({ number, wire, value: 0n, payload: bytes.subarray(at, at + Number(length)) });
    at += Number(length);
  }
  return fields;
}

function encode(fields: readonly Field[]): Uint8Array {
  const pieces: Uint8Array[] = [];
  for (const { number, wire, value, payload } of fields) {
    pieces.push(varint(BigInt(number * 8 + wire)));
    if (wire === 0) pieces.push(varint(value));
    else if (wire === 2) pieces.push(varint(BigInt(payload.length)), payload);
    else pieces.push(payload);
  }
  return new Uint8Array(Buffer.concat(pieces));
}

function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Uint8Array.from([...bytes, Number(rest)]);
}

/** Changes one field somewhere in the message: a number, a text, weights, or whether and how often it is there. */
function mutateMessage(fields: readonly Field[], dice: Dice): Field[] {
  const at = dice.below(fields.length);
  const field = fields[at];
  const inner = field.wire === 2 && field.payload.length > 0 ? parse(field.payload) : undefined;
  if (inner !== undefined && dice.chance(0.9)) {
    return fields.with(at, { ...field, payload: encode(mutateMessage(inner, dice)) });
  }
  if (dice.chance(0.1)) return fields.toSpliced(at, 1);
  if (dice.chance(0.1)) return fields.toSpliced(at, 0, field);
  if (dice.chance(0.1)) {
    const others = fields.toSpliced(at, 1);
    return others.toSpliced(dice.below(others.length + 1), 0, field);
  }
  if (field.wire === 0) {
    const near = [field.value + 1n, field.value - 1n, field.value * 2n];
    return fields.with(at, { ...field, value: dice.pick([...near, ...HOSTILE_NUMBERS]) });
  }
  return fields.with(at, { ...field, payload: payloadLike(field.payload, dice) });
}

/** Weights of other values (infinite, not a number) or another length, text with other letters. */
function payloadLike(payload: Uint8Array, dice: Dice): Uint8Array {
  if (payload.length >= 16 && dice.chance(0.5)) {
    const mutated = Uint8Array.from(payload);
    const at = 4 * dice.below(mutated.length >> 2);
    const length = 4 * (1 + dice.below(8));
    mutated.fill(dice.pick([0xff, 0x7f, 0x80, 0x00, 0x3f]), at, Math.min(at + length, mutated.length));
    return mutated;
  }
  return mutate(payload, dice);
}

/** One to three fields; now and then bytes, whatever they mean. */
export function mutateModel(onnx: Uint8Array, dice: Dice): Uint8Array {
  let mutated = onnx;
  for (let n = 1 + dice.below(3); n > 0; n--) {
    const fields = dice.chance(0.1) ? undefined : parse(mutated);
    mutated = fields === undefined || fields.length === 0 ? mutate(mutated, dice) : encode(mutateMessage(fields, dice));
  }
  return mutated;
}
