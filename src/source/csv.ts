/** CSV → rows: each becomes the JSON object that a device would have sent, numbers as numbers. */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { type CsvError, parse, type Parser } from 'csv-parse';
import { UserError } from '../core/errors.js';
import { parseTime } from '../core/time.js';
import { delimiterOf } from './delimiter.js';
import { type FaultLog, type FileParts, type Row, type RowReader, type TimeOption, timeOption } from './rows.js';

const MAX_RECORD_CHARS = 1_048_576;
const HEAD_BYTES = 65_536;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

export interface CsvOptions {
  readonly delimiter: string;
  readonly decimal: '.' | ',';
  /** Names of the columns of a file without a header line. */
  readonly columns: readonly string[] | undefined;
}

/** One record of csv-parse with `info`. */
interface Parsed {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

export class CsvRows implements RowReader {
  readonly #parser: Parser;
  readonly #parts: FileParts;
  readonly #decimal: '.' | ',';
  #columns: readonly string[] | undefined;
  /** `"name":` of every column. */
  #keys: readonly string[] = [];
  #time: { readonly column: number; readonly option: TimeOption } | undefined;

  private constructor(parser: Parser, parts: FileParts, options: CsvOptions) {
    this.#parser = parser;
    this.#parts = parts;
    this.#decimal = options.decimal;
    if (options.columns !== undefined) this.#name(options.columns);
  }

  /** @throws the error of the file system when the file cannot be opened */
  static async open(parts: FileParts, options: CsvOptions): Promise<CsvRows> {
    const delimiter = options.delimiter === 'auto' ? await guessDelimiter(parts.path) : options.delimiter;
    const parser = parse({
      delimiter,
      bom: true,
      // With trim, one stray quote costs the rest of the file; what is left on the right is cut off in #read.
      ltrim: true,
      info: true,
      skip_empty_lines: true,
      // Counted here, with the line; and a stray quote must cost its own cell, not the lines after it.
      relax_column_count: true,
      relax_quotes: true,
      max_record_size: MAX_RECORD_CHARS,
      skip_records_with_error: true,
      on_skip: (error) => {
        reportSkip(parts.faults, error);
        return undefined;
      },
    });
    const stream = createReadStream(parts.path);
    stream.once('error', (error) => parser.destroy(error));
    parser.once('close', () => stream.destroy());
    stream.pipe(parser);
    return new CsvRows(parser, parts, options);
  }

  /** @throws UserError `DATA_INVALID` when no column is known to be the time */
  async next(): Promise<readonly Row[] | undefined> {
    const rows: Row[] = [];
    for (;;) {
      for (let next = this.#read(); next !== null; next = this.#read()) {
        const row = this.#row(next.record, next.info.lines);
        if (row !== undefined) rows.push(row);
      }
      if (rows.length > 0) return rows;
      if (this.#parser.readableEnded || this.#parser.destroyed) return undefined;
      await readable(this.#parser);
    }
  }

  close(): Promise<void> {
    this.#parser.destroy();
    return Promise.resolve();
  }

  #read(): Parsed | null {
    const next = this.#parser.read() as { record: string[]; readonly info: { readonly lines: number } } | null;
    if (next === null) return null;
    const { record } = next;
    for (let i = 0; i < record.length; i++) record[i] = record[i].trimEnd();
    return next;
  }

  #name(columns: readonly string[]): void {
    this.#columns = columns;
    this.#keys = columns.map((name) => `${JSON.stringify(name)}:`);
  }

  #row(record: readonly string[], line: number): Row | undefined {
    if (this.#columns === undefined) {
      this.#name(record);
      return undefined;
    }
    const { path, topic, route, faults } = this.#parts;
    if (record.length !== this.#columns.length) {
      faults.report('malformed-row', line, `${record.length} cells, not ${this.#columns.length}`);
      return undefined;
    }
    const time = (this.#time ??= this.#findTime(this.#columns, record, path));
    const us = parseTime(record[time.column], time.option.format);
    if (us === undefined) {
      faults.report('bad-time', line, `no time in '${time.option.field}'`);
      return undefined;
    }
    return { us, topic, route, bytes: Buffer.from(this.#json(record), 'utf8') };
  }

  #findTime(columns: readonly string[], first: readonly string[], path: string) {
    const option = timeOption(this.#parts.time, columns, (name) => first[columns.indexOf(name)], path);
    const column = columns.indexOf(option.field);
    if (column >= 0) return { column, option };
    throw new UserError('DATA_INVALID', `${path} has no column '${option.field}', which should be the time`, {
      hint: `there are ${columns.slice(0, 10).join(', ')}`,
    });
  }

  /** An empty cell is an absent field. */
  #json(record: readonly string[]): string {
    let json = '';
    for (let i = 0; i < record.length; i++) {
      const cell = record[i];
      if (cell === '') continue;
      json += `${json === '' ? '{' : ','}${this.#keys[i]}${this.#value(cell)}`;
    }
    return `${json === '' ? '{' : json}}`;
  }

  #value(cell: string): string {
    const text = this.#decimal === ',' ? cell.replace(',', '.') : cell;
    const number = NUMBER.test(text) ? Number(text) : Number.NaN;
    return Number.isFinite(number) ? String(number) : JSON.stringify(cell);
  }
}

function reportSkip(faults: FaultLog, error: CsvError | undefined): void {
  const line: unknown = error === undefined ? undefined : (error as CsvError & { readonly lines?: unknown }).lines;
  faults.report('malformed-row', typeof line === 'number' ? line : 0, error?.code ?? 'not CSV');
}

/** Resolves when there is something to read, or the end; rejects when the file cannot be read on. */
function readable(parser: Parser): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error): void => {
      parser.off('readable', settle).off('end', settle).off('close', settle).off('error', settle);
      if (error === undefined) resolve();
      else reject(error);
    };
    parser.on('readable', settle).on('end', settle).on('close', settle).on('error', settle);
  });
}

async function guessDelimiter(path: string): Promise<string> {
  const file = await open(path);
  const head = Buffer.alloc(HEAD_BYTES);
  let length: number;
  try {
    length = (await file.read(head, 0, HEAD_BYTES)).bytesRead;
  } finally {
    await file.close();
  }
  const [first = ''] = head.toString('utf8', 0, length).split('\n', 1);
  return delimiterOf(first);
}
