/** A CSV file as a whole: the names of its columns and the text of its cells. For small files and for columns of labels. */
import { readFile } from 'node:fs/promises';
import { parse } from 'csv-parse/sync';
import { messageOf, UserError } from '../core/errors.js';
import { delimiterOf } from '../source/delimiter.js';

export interface TableRow {
  /** As many as there are columns, without spaces around them. */
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

/** @throws UserError `DATA_MISSING` when it cannot be read, `DATA_INVALID` when it is no CSV with a header line */
export async function readTable(path: string): Promise<Table> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new UserError('DATA_MISSING', `cannot read ${path}: ${messageOf(cause)}`, { cause });
  });
  const records = recordsOf(text, path);
  if (records.length === 0) throw new UserError('DATA_INVALID', `${path} is empty`);
  const [header, ...rows] = records;
  return {
    columns: header.record,
    rows: rows.map(({ record, info }) => ({ cells: record, line: info.lines })),
  };
}

function recordsOf(text: string, path: string): Parsed[] {
  const [firstLine = ''] = text.split('\n', 1);
  try {
    return parse(text, {
      delimiter: delimiterOf(firstLine),
      bom: true,
      trim: true,
      info: true,
      skip_empty_lines: true,
    }) as unknown as Parsed[];
  } catch (cause) {
    throw new UserError('DATA_INVALID', `${path} is not CSV: ${messageOf(cause)}`, { cause });
  }
}
