/** Durations on the command line. */
import { InvalidArgumentError } from 'commander';
import ms, { type StringValue } from 'ms';

/**
 * Parser for a commander option.
 * @param text such as `30s`, `5m`, `1h`, `1.5h`; a bare number is refused, because nobody knows its unit
 * @returns milliseconds, > 0
 */
export function parseDuration(text: string): number {
  const value = /^\d+(\.\d+)? ?[a-z]+$/i.test(text) ? ms(text as StringValue) : undefined;
  if (value === undefined || !(value > 0)) {
    throw new InvalidArgumentError(`Write a number and a unit, such as 30s, 5m or 1h.`);
  }
  return value;
}
