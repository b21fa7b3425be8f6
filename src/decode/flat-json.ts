/**
 * JSON of devices, which send the same keys in the same order again and again: a message that differs from one before
 * only in its values is read by following that one byte by byte, and only the values that are wanted are made. Whatever
 * does not follow is left to JSON.parse, so that what is read is always what JSON.parse would have read.
 */
import { readJsonNumber } from './json-number.js';

export type FieldKind = 'number' | 'boolean' | 'text' | 'null';

/** What is known of a kind of message. @typeParam P what its reader wants of it */
export interface FlatShape<P> {
  readonly plan: P;
  /** Per field; NaN for what is no number. A boolean is 1 or 0. */
  readonly numbers: Float64Array;
  /** Per field: where the text (without its quotes) begins and ends. */
  readonly textFrom: Int32Array;
  readonly textTo: Int32Array;
}

interface Shape<P> extends FlatShape<P> {
  readonly kinds: readonly FieldKind[];
  /** What stands before each value, and after the last: one more than fields. */
  readonly between: readonly Uint8Array[];
}

/** Kinds of messages that are followed at a time, as when one topic has several kinds of devices. */
const MAX_SHAPES = 4;
const MAX_BYTES = 4096;
const MAX_FIELDS = 64;
/** Of messages that follow none, as with ever new keys, so many of each `LEARN_OF` are learnt from: it is not cheap. */
const LEARN = 4;
const LEARN_OF = 256;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');
const NULL = Buffer.from('null');

export class FlatJson<P> {
  /** The one that was followed last is the first. */
  readonly #shapes: Shape<P>[] = [];
  #unknown = 0;

  /** @param plan of a message with these keys (none twice) and values; undefined: such messages are not wanted */
  constructor(private readonly plan: (keys: readonly string[], kinds: readonly FieldKind[]) => P | undefined) {}

  /** @returns the values, until the next call; undefined: like no message that was learnt */
  read(bytes: Uint8Array): FlatShape<P> | undefined {
    const shapes = this.#shapes;
    for (let i = 0; i < shapes.length; i++) {
      const shape = shapes[i];
      if (!follow(shape, bytes)) continue;
      if (i > 0) {
        shapes[i] = shapes[0];
        shapes[0] = shape;
      }
      return shape;
    }
    return undefined;
  }

  /** @param value what JSON.parse has made of `bytes`, when `read` could not */
  learn(bytes: Uint8Array, value: unknown): void {
    if (this.#unknown++ % LEARN_OF >= LEARN || bytes.length > MAX_BYTES) return;
    const shape = shapeOf(bytes, value, this.plan);
    if (shape === undefined) return;
    if (this.#shapes.length === MAX_SHAPES) this.#shapes.pop();
    this.#shapes.unshift(shape);
  }
}

/** Reads the values of `bytes` into the shape. @returns false: it is another kind of message */
function follow<P>({ kinds, between, numbers, textFrom, textTo }: Shape<P>, bytes: Uint8Array): boolean {
  const fields = kinds.length;
  let at = 0;
  for (let k = 0; k < fields; k++) {
    if (!matches(between[k], bytes, at)) return false;
    at += between[k].length;
    const kind = kinds[k];
    if (kind === 'number') {
      const end = readJsonNumber(bytes, at, numbers, k);
      if (end < 0) return false;
      at = end;
    } else if (kind === 'text') {
      const end = endOfText(bytes, at);
      if (end < 0) return false;
      textFrom[k] = at + 1;
      textTo[k] = end - 1;
      at = end;
    } else {
      const word = kind === 'null' ? NULL : bytes[at] === TRUE[0] ? TRUE : FALSE;
      if (!matches(word, bytes, at)) return false;
      numbers[k] = word === TRUE ? 1 : 0;
      at += word.length;
    }
  }
  return matches(between[fields], bytes, at) && at + between[fields].length === bytes.length;
}

function matches(wanted: Uint8Array, bytes: Uint8Array, at: number): boolean {
  // Beyond the end is undefined, which is no byte.
  for (let i = 0; i < wanted.length; i++) if (bytes[at + i] !== wanted[i]) return false;
  return true;
}

/** @returns behind the text that begins at `at`; −1: there is none, or it has escapes */
function endOfText(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== QUOTE) return -1;
  for (let i = at + 1; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte === QUOTE) return i + 1;
    if (byte === BACKSLASH || byte < SPACE) return -1;
  }
  return -1;
}

/** A token of valid JSON: a text, or what stands between punctuation. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[^\s{}[\]:,"]+/g;

/** @returns undefined when `value` is no flat object, has a key twice, or is not wanted */
function shapeOf<P>(
  bytes: Uint8Array,
  value: unknown,
  plan: (keys: readonly string[], kinds: readonly FieldKind[]) => P | undefined,
): Shape<P> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const values: unknown[] = Object.values(value);
  if (values.length > MAX_FIELDS || values.some((field) => typeof field === 'object' && field !== null)) {
    return undefined;
  }
  // One character a byte, so that places in the text are places in the bytes.
  const tokens = [...Buffer.from(bytes).toString('latin1').matchAll(TOKEN)];
  if (tokens.length !== 2 * values.length) return undefined;
  const keys: string[] = [];
  const kinds: FieldKind[] = [];
  const between: Uint8Array[] = [];
  let from = 0;
  for (let t = 0; t < tokens.length; t += 2) {
    const [key] = tokens[t];
    const { 0: token, index } = tokens[t + 1];
    keys.push(JSON.parse(Buffer.from(key, 'latin1').toString()) as string);
    kinds.push(kindOf(token));
    between.push(bytes.slice(from, index));
    from = index + token.length;
  }
  between.push(bytes.slice(from));
  const planned = plan(keys, kinds);
  if (planned === undefined) return undefined;
  const fields = keys.length;
  return {
    plan: planned,
    kinds,
    between,
    numbers: new Float64Array(fields).fill(Number.NaN),
    textFrom: new Int32Array(fields),
    textTo: new Int32Array(fields),
  };
}

function kindOf(token: string): FieldKind {
  if (token.startsWith('"')) return 'text';
  if (token === 'null') return 'null';
  return token === 'true' || token === 'false' ? 'boolean' : 'number';
}
