/** What a file gives, whatever its format: rows with a time. */
import { UserError } from '../core/errors.js';
import type { Micros } from '../core/contracts.js';
import type { StageContext } from '../core/kind.js';
import type { Route } from '../core/topic.js';
import { parseTime, TIME_FIELDS, type TimeFormat } from '../core/time.js';

export interface Row {
  readonly us: Micros;
  readonly topic: string;
  /** Absent: the topic decides. */
  readonly route?: Route;
  readonly bytes: Uint8Array;
}

export interface RowReader {
  /** Some more rows in the order of the file, perhaps none; undefined at its end. */
  next(): Promise<readonly Row[] | undefined>;
  close(): Promise<void>;
}

/** Where the time of a row is. */
export interface TimeOption {
  /** Name of the column or field; `a.b` for a field in a field. */
  readonly field: string;
  readonly format: TimeFormat;
}

export type RowFault = 'malformed-row' | 'bad-time' | 'row-too-long';

/** Names that are taken for the time when the configuration names none, in this order. */
const TIME_NAMES = [...TIME_FIELDS, 't'];

/** How many faults of one file are shown. */
const SHOWN = 3;

/** Counts what is wrong with the rows of one file and shows the first few of them. */
export class FaultLog {
  #seen = 0;

  constructor(
    private readonly path: string,
    private readonly context: StageContext,
  ) {}

  report(fault: RowFault, line: number, reason: string): void {
    this.context.counters.count(`source.${fault}`);
    this.#seen += 1;
    if (this.#seen > SHOWN) return;
    const more = this.#seen === SHOWN ? '; further ones of this file are only counted' : '';
    this.context.log.warn({ file: this.path, line, reason }, `a row was skipped${more}`);
  }
}

export interface FileParts {
  readonly path: string;
  /** Topic and stream of rows that have no topic of their own. */
  readonly topic: string;
  readonly route: Route;
  readonly time: TimeOption | undefined;
  readonly faults: FaultLog;
}

/**
 * The option as it is; or the first usual name among `names` whose value in the first row is a time; or, whatever its
 * name, the first that holds a date in words of ISO 8601, which nothing else looks like.
 * @throws UserError `DATA_INVALID` when there is none
 */
export function timeOption(
  wanted: TimeOption | undefined,
  names: readonly string[],
  firstValue: (name: string) => unknown,
  path: string,
): TimeOption {
  if (wanted !== undefined) return wanted;
  for (const usual of TIME_NAMES) {
    const field = names.find((name) => name.toLowerCase() === usual);
    if (field !== undefined && parseTime(firstValue(field), 'auto') !== undefined) return { field, format: 'auto' };
  }
  const dated = names.find((name) => parseTime(firstValue(name), 'iso') !== undefined);
  if (dated !== undefined) return { field: dated, format: 'iso' };
  throw new UserError(
    'DATA_INVALID',
    `no column or field of ${path} is known to be the time; ${whatIs(names, firstValue)}`,
    {
      hint:
        'a time is ISO 8601, such as 2026-05-01 12:00:00, or 1.5.2026 12:00, or a number of s, ms or us since 1970; a number under another ' +
        'name than time, timestamp, datetime, date, ts or t is named in a configuration: ' +
        '`source: {kind: replay, files: FILE, time: {field: NAME}}`',
    },
  );
}

/** A time that is written in another way is best shown. */
function whatIs(names: readonly string[], firstValue: (name: string) => unknown): string {
  const meant = names.find((name) => TIME_NAMES.includes(name.toLowerCase()));
  const value = meant === undefined ? undefined : firstValue(meant);
  if (typeof value === 'string' && value !== '')
    return `'${value.slice(0, 40)}' in '${meant}' is none that can be read`;
  return `there are ${names.slice(0, 10).join(', ')}`;
}
