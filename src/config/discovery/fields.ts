/** What the fields of JSON messages are: time, sequence number, name of the stream, or something measured. */
import type { Micros } from '../../core/contracts.js';
import { MICROS, parseTime, type TimeFormat } from '../../core/time.js';
import type { Leaf } from './payload.js';

const TIME_NAME = /(^|[._])(t|ts|time|timestamp|date|datetime|utc|epoch|(created|measured|sent|recorded)_?(at|on)?)$/i;
const SEQUENCE_NAME =
  /(^|[._])(n|nr|no|seq|seq_?(no|nr|num|id)|sequence(_?number)?|counter|count|msg_?(id|no)|message_?id)$/i;
const STREAM_NAME = /(device|sensor|node|machine|asset|serial|mac|unit|station|^id$|^name$)/i;

/** A number is taken for a time when it is this near to the present. */
const NEAR_US = MICROS.day;
/** Of the values: this share must be numbers for a measured one. Sensors say `nan` or `unavailable` now and then. */
const NUMBERS_SHARE = 0.8;
/** Of the differences between one message and the next: this share must be +1 for a message number. */
const COUNTING_SHARE = 0.8;

export type Role = 'measured' | 'time' | 'sequence' | 'stream' | 'other';

/** One value of a field, in the order of arrival. */
interface Seen {
  readonly topic: string;
  readonly value: Leaf;
  readonly arrivedUs: Micros;
}

export interface Field {
  readonly path: string;
  readonly example: Leaf;
  /** Whether it was ever different from the example. */
  readonly varies: boolean;
  readonly role: Role;
  /** Of a time. */
  readonly format?: TimeFormat;
}

/** Collects the fields of one family of topics. */
export class FieldSurvey {
  readonly #seen = new Map<string, Seen[]>();

  add(topic: string, arrivedUs: Micros, fields: ReadonlyMap<string, Leaf>): void {
    for (const [path, value] of fields) {
      const list = this.#seen.get(path);
      if (list === undefined) this.#seen.set(path, [{ topic, value, arrivedUs }]);
      else list.push({ topic, value, arrivedUs });
    }
  }

  /** Every field with its role; at most one is the time, one the sequence number, one the name of the stream. */
  fields(): Field[] {
    const all = [...this.#seen].map(([path, seen]) => ({ path, seen, format: timeFormat(path, seen) }));
    const times = all.filter(({ format }) => format !== undefined);
    const time = times.find(({ path }) => TIME_NAME.test(path)) ?? times[0];
    const sequence = all.find(({ path, seen }) => SEQUENCE_NAME.test(path) && counts(seen));
    const stream = all.find(({ path, seen }) => STREAM_NAME.test(path) && namesSeveral(seen));
    return all.map((field) => {
      const { path, seen, format } = field;
      const example = seen[0]?.value ?? '';
      const varies = seen.some(({ value }) => value !== example);
      if (field === time && format !== undefined) return { path, example, varies, role: 'time', format };
      if (field === sequence) return { path, example, varies, role: 'sequence' };
      if (field === stream) return { path, example, varies, role: 'stream' };
      const number = format === undefined ? typicalNumber(seen) : undefined;
      return { path, example: number ?? example, varies, role: number === undefined ? 'other' : 'measured' };
    });
  }
}

/** @returns how the field writes a time, if all its values are one */
function timeFormat(path: string, seen: readonly Seen[]): TimeFormat | undefined {
  const first = seen[0]?.value;
  if (typeof first === 'string') {
    return seen.every(({ value }) => parseTime(value, 'iso') !== undefined) ? 'iso' : undefined;
  }
  if (typeof first !== 'number') return undefined;
  // A device without a clock counts from its start; by its name it is a time all the same, if it is not too small.
  const within = TIME_NAME.test(path) ? Number.POSITIVE_INFINITY : NEAR_US;
  const format = first < 1e11 ? 's' : first < 1e14 ? 'ms' : 'us';
  const plausible = seen.every(({ value, arrivedUs }) => {
    const us = parseTime(value, format);
    return us !== undefined && us > MICROS.day * 365 && Math.abs(us - arrivedUs) < within;
  });
  return plausible ? format : undefined;
}

/** @returns the first number of a field that holds little else */
function typicalNumber(seen: readonly Seen[]): number | undefined {
  const numbers = seen.flatMap(({ value }) => (typeof value === 'number' ? [value] : []));
  return numbers.length >= NUMBERS_SHARE * seen.length ? numbers[0] : undefined;
}

/** Whether each message of a topic has the number after the one before. */
function counts(seen: readonly Seen[]): boolean {
  const last = new Map<string, Leaf>();
  let steps = 0;
  let ones = 0;
  for (const { topic, value } of seen) {
    if (typeof value !== 'number' || !Number.isInteger(value)) return false;
    const before = last.get(topic);
    if (typeof before === 'number') {
      steps++;
      if (value - before === 1) ones++;
    }
    last.set(topic, value);
  }
  return steps > 0 && ones >= COUNTING_SHARE * steps;
}

/** Whether one topic carries messages under several names. */
function namesSeveral(seen: readonly Seen[]): boolean {
  const first = new Map<string, Leaf>();
  return seen.some(({ topic, value }) => {
    if (typeof value !== 'string') return false;
    const before = first.get(topic);
    if (before === undefined) first.set(topic, value);
    return before !== undefined && before !== value;
  });
}
