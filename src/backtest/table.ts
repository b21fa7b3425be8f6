/** A CSV file as a whole: the names of its columns and the text of its cells. For small files and for columns of labels. */
import { readFile, stat } from 'node:fs/promises';
import { getHeapStatistics } from 'node:v8';
import { parse } from 'csv-parse/sync';
import { messageOf, UserError } from '../core/errors.js';
import { delimiterOf } from '../source/delimiter.js';

export interface TableRow {
  /** Without spaces around them; as many as there are columns, or the row is not whole. */
  readonly cells: readonly string[];
  /** Of the file, the header being line 1. */
  readonly line: number;
}

export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly TableRow[];
}

/** One record of csv-parse with `info`. */
interface Parsed {
  readonly record: string[];
  readonly info: { readonly lines: number };
}

/** As the source has it: longer ones are no lines of a table. */
const MAX_RECORD_CHARS = 1_048_576;
/** What holds no text shows it soon. */
const HEAD_BYTES = 65_536;
/** Memory that a backtest takes for a row and for a byte of a file, measured. */
const ROW_HEAP_BYTES = 2000;
const HEAP_PER_BYTE = 20;
const LINE_FEED = 10;

/** Whether a row has as many cells as the table has columns. */
export function isWhole({ columns }: Table, { cells }: TableRow): boolean {
  return cells.length === columns.length;
}

/**
 * @returns also rows with too many or too few cells, unless these are most of them
 * @throws UserError `DATA_MISSING` when it cannot be read, `DATA_TOO_LARGE` when memory may not hold what a backtest makes of
 *   it, `DATA_INVALID` when it is no CSV with a header line
 */
export async function readTable(path: string): Promise<Table> {
  const text = await textOf(path);
  const records = recordsOf(text, path);
  if (records.length === 0) throw new UserError('DATA_INVALID', `${path} is empty`);
  const [header, ...rows] = records;
  const table = { columns: header.record, rows: rows.map(({ record, info }) => ({ cells: record, line: info.lines })) };
  const ragged = table.rows.filter((row) => !isWhole(table, row));
  if (ragged.length > table.rows.length / 2) {
    const [{ cells, line }] = ragged;
    const what = `its header has ${table.columns.length} cells, line ${line} has ${cells.length}`;
    throw new UserError('DATA_INVALID', `${path} is not CSV: ${what}`);
  }
  return table;
}

async function textOf(path: string): Promise<string> {
  const unreadable = (cause: unknown): UserError =>
    new UserError('DATA_MISSING', `cannot read ${path}: ${messageOf(cause)}`, { cause });
  const { size } = await stat(path).catch((cause: unknown) => {
    throw unreadable(cause);
  });
  requireMemory(path, size * HEAP_PER_BYTE);
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw unreadable(cause);
  });
  if (bytes.subarray(0, HEAD_BYTES).includes(0)) {
    throw new UserError('DATA_INVALID', `${path} is not CSV: it is no text in UTF-8`);
  }
  let rows = 0;
  for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1)) rows++;
  requireMemory(path, size * HEAP_PER_BYTE + rows * ROW_HEAP_BYTES);
  return bytes.toString('utf8');
}

/** Before it is used up, which would end the process without a word. */
function requireMemory(path: string, needed: number): void {
  const { heap_size_limit: limit, used_heap_size: used } = getHeapStatistics();
  if (needed <= limit - used) return;
  const what = `about ${megabytes(needed)} MB of memory are needed, ${megabytes(limit - used)} MB are there`;
  throw new UserError('DATA_TOO_LARGE', `${path} is too large: ${what}`, {
    hint: `cut it into several files, or set NODE_OPTIONS=--max-old-space-size=${megabytes(needed + used)}`,
  });
}

function recordsOf(text: string, path: string): Parsed[] {
  const end = text.indexOf('\n');
  const firstLine = end < 0 ? text : text.slice(0, end);
  try {
    const records = parse(text, {
      delimiter: delimiterOf(firstLine),
      bom: true,
      // As the source reads it, so that both have the same rows.
      ltrim: true,
      info: true,
      skip_empty_lines: true,
      relax_column_count: true,
      relax_quotes: true,
      max_record_size: MAX_RECORD_CHARS,
    }) as unknown as Parsed[];
    for (const { record } of records) for (let i = 0; i < record.length; i++) record[i] = record[i].trimEnd();
    return records;
  } catch (cause) {
    throw new UserError('DATA_INVALID', `${path} is not CSV: ${messageOf(cause)}`, { cause });
  }
}

function megabytes(bytes: number): number {
  return Math.ceil(bytes / 1e6);
}
