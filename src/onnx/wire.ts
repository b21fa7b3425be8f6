/** Protocol Buffers wire format, reading side: the fields of a message, by position in the file. */
import { UserError } from '../core/errors.js';
import type { ByteSource } from './file-window.js';

/** A field: `value` of a varint (0 otherwise), and where its payload lies. */
export interface Field {
  readonly number: number;
  readonly value: bigint;
  readonly start: number;
  readonly end: number;
  readonly hasLength: boolean;
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/** Names, metadata and shapes are text and small numbers; nothing that large is honest. */
const TEXT_LIMIT_BYTES = 64 * 1024 * 1024;

const FIXED_BYTES: Readonly<Record<number, number>> = { 1: 8, 5: 4 };

const decoder = new TextDecoder();

/** @throws UserError `MODEL_INVALID`, always */
export function invalid(reason: string): never {
  throw new UserError('MODEL_INVALID', `not a usable ONNX file: ${reason}`, {
    hint: 'copy the file again or train the model again',
  });
}

/**
 * The fields of the message at `span`, in file order. A payload that nobody reads is skipped, not loaded.
 * @throws UserError `MODEL_INVALID` for what is not protobuf, or ends too early
 */
export async function* fields(file: ByteSource, span: Span): AsyncGenerator<Field, void, undefined> {
  let position = span.start;
  while (position < span.end) {
    const at = position;
    const tag = await varint(file, position, span.end);
    const number = Number(tag.value >> 3n);
    const wire = Number(tag.value & 7n);
    position = tag.end;
    if (number < 1) invalid(`byte ${at} is no protobuf field`);
    if (wire === 0) {
      const { value, end } = await varint(file, position, span.end);
      yield { number, value, start: position, end, hasLength: false };
      position = end;
      continue;
    }
    let length = FIXED_BYTES[wire];
    if (wire === 2) {
      const prefix = await varint(file, position, span.end);
      length = Number(prefix.value);
      position = prefix.end;
    }
    if (length === undefined) invalid(`byte ${at} has the unknown wire type ${wire}`);
    const end = position + length;
    if (end > span.end) invalid(`it is cut short: the field at byte ${at} needs ${end - span.end} bytes more`);
    yield { number, value: 0n, start: position, end, hasLength: wire === 2 };
    position = end;
  }
}

/** A UTF-8 string field. */
export async function text(file: ByteSource, { start, end }: Span): Promise<string> {
  if (end - start > TEXT_LIMIT_BYTES) invalid(`a text of ${end - start} bytes at byte ${start}`);
  return decoder.decode(await file.bytes(start, end - start));
}

/** The integers of a repeated field, packed or one by one. */
export async function integers(file: ByteSource, field: Field, most: number): Promise<readonly number[]> {
  if (!field.hasLength) return [integer(field)];
  const values: number[] = [];
  for (let position = field.start; position < field.end;) {
    const { value, end } = await varint(file, position, field.end);
    values.push(toNumber(value, position));
    if (values.length > most) invalid(`more than ${most} numbers at byte ${field.start}`);
    position = end;
  }
  return values;
}

/** An integer or enum field. */
export function integer(field: Field): number {
  return toNumber(field.value, field.start);
}

function toNumber(value: bigint, position: number): number {
  const signed = BigInt.asIntN(64, value);
  const number = Number(signed);
  if (!Number.isSafeInteger(number)) invalid(`the number ${signed} at byte ${position}`);
  return number;
}

async function varint(file: ByteSource, start: number, end: number): Promise<{ value: bigint; end: number }> {
  let value = 0n;
  for (let i = 0; i < 10; i++) {
    const byte = start + i < end ? await file.byteAt(start + i) : undefined;
    if (byte === undefined) invalid(`it is cut short at byte ${start + i}`);
    value |= BigInt(byte & 0x7f) << BigInt(7 * i);
    if (byte < 0x80) return { value, end: start + i + 1 };
  }
  return invalid(`byte ${start} is no protobuf number`);
}
