/** JSON Lines → rows: recordings of `kioku record`, or any file with one JSON value a line. */
import { parseTime } from '../core/time.js';
import { UserError } from '../core/errors.js';
import { LineReader } from './lines.js';
import { recordedRow, recordingHeader } from './recording.js';
import { type FileParts, type Row, type RowReader, type TimeOption, timeOption } from './rows.js';

/** Room for a payload of 10 MB in base64. */
const MAX_LINE_BYTES = 16_777_216;

/** NaN and Infinity are no JSON, but Python writes them; the decoder says what becomes of them. */
const NOT_FINITE = /(?<=[[:,]\s*)(?:NaN|-?Infinity)(?=\s*[\],}])/g;

export class JsonLines implements RowReader {
  readonly #lines: LineReader;
  readonly #parts: FileParts;
  #format: 'unknown' | 'recording' | 'plain' = 'unknown';
  #time: TimeOption | undefined;

  private constructor(lines: LineReader, parts: FileParts) {
    this.#lines = lines;
    this.#parts = parts;
    this.#time = parts.time;
  }

  /** @throws the error of the file system when the file cannot be opened */
  static async open(parts: FileParts): Promise<JsonLines> {
    const tooLong = (line: number): void => {
      parts.faults.report('row-too-long', line, `longer than ${MAX_LINE_BYTES} bytes`);
    };
    return new JsonLines(await LineReader.open(parts.path, MAX_LINE_BYTES, tooLong), parts);
  }

  /** @throws UserError `DATA_INVALID` for a recording of another version, or when no field is known to be the time */
  async next(): Promise<readonly Row[] | undefined> {
    const rows: Row[] = [];
    const more = await this.#lines.next((text, line) => {
      if (text.trim() === '') return;
      const row = this.#row(line === 1 && text.startsWith('\uFEFF') ? text.slice(1) : text, line);
      if (row !== undefined) rows.push(row);
    });
    return more ? rows : undefined;
  }

  close(): Promise<void> {
    return this.#lines.close();
  }

  #row(text: string, line: number): Row | undefined {
    if (this.#format === 'unknown') {
      const header = recordingHeader(text);
      if (header?.readable === false) {
        throw new UserError('DATA_INVALID', `${this.#parts.path} was recorded by another version of kioku`, {
          hint: 'replay it with the version that recorded it',
        });
      }
      this.#format = header === undefined ? 'plain' : 'recording';
      if (header !== undefined) return undefined;
    }
    return this.#format === 'recording' ? this.#recorded(text, line) : this.#plain(text, line);
  }

  #recorded(text: string, line: number): Row | undefined {
    const row = recordedRow(text);
    if (row === undefined) this.#parts.faults.report('malformed-row', line, 'not a message of a recording');
    return row;
  }

  #plain(text: string, line: number): Row | undefined {
    const value = parseLine(text);
    if (typeof value !== 'object' || value === null) {
      this.#parts.faults.report('malformed-row', line, value === undefined ? 'not JSON' : 'not a JSON object');
      return undefined;
    }
    this.#time ??= timeOption(undefined, Object.keys(value), (name) => fieldAt(value, name), this.#parts.path);
    const us = parseTime(fieldAt(value, this.#time.field), this.#time.format);
    if (us === undefined) {
      this.#parts.faults.report('bad-time', line, `no time in '${this.#time.field}'`);
      return undefined;
    }
    const { topic, route } = this.#parts;
    return { us, topic, route, bytes: Buffer.from(text, 'utf8') };
  }
}

/** @returns undefined when it is not JSON, with NaN and Infinity allowed */
function parseLine(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // On to the second try.
  }
  try {
    return JSON.parse(text.replaceAll(NOT_FINITE, 'null'));
  } catch {
    return undefined;
  }
}

function fieldAt(value: object, field: string): unknown {
  if (Object.hasOwn(value, field)) return (value as Record<string, unknown>)[field];
  let inner: unknown = value;
  for (const name of field.split('.')) {
    if (typeof inner !== 'object' || inner === null || !Object.hasOwn(inner, name)) return undefined;
    inner = (inner as Record<string, unknown>)[name];
  }
  return inner;
}
