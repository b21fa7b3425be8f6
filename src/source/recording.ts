/**
 * Recordings: what came in, as it came, to be replayed.
 *
 * JSON Lines. The first line is `{"kioku":"recording","version":1,"name":…,"createdAt":…}`, every other one a message:
 * `{"t": arrival in µs, "topic": …, "p": payload as text}`, or `"b64"` in place of `"p"` for bytes that are not UTF-8.
 */
import { isUtf8 } from 'node:buffer';
import { type FileHandle, open, rm } from 'node:fs/promises';
import type { Packet } from '../core/contracts.js';
import { messageOf, systemCodeOf, UserError } from '../core/errors.js';
import { diskFailure } from './disk-failure.js';
import type { Row } from './rows.js';

const VERSION = 1;
/** Text collected before it is written. */
const FLUSH_CHARS = 65_536;

/** @returns undefined when the line is not the header of a recording, else whether this version can be read */
export function recordingHeader(line: string): { readonly readable: boolean } | undefined {
  if (!line.startsWith('{"kioku":"recording"')) return undefined;
  const header = parsed(line);
  return header === undefined ? undefined : { readable: header['version'] === VERSION };
}

/** @returns undefined when the line is not a message */
export function recordedRow(line: string): Row | undefined {
  const message = parsed(line);
  if (message === undefined) return undefined;
  const { t, topic, p, b64 } = message;
  if (typeof t !== 'number' || !Number.isSafeInteger(t) || typeof topic !== 'string') return undefined;
  if (typeof p === 'string') return { us: t, topic, bytes: Buffer.from(p, 'utf8') };
  return typeof b64 === 'string' ? { us: t, topic, bytes: Buffer.from(b64, 'base64') } : undefined;
}

function parsed(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Writes a recording. Whatever happens, what is in the file are whole lines. */
export class RecordingWriter {
  readonly #path: string;
  readonly #file: FileHandle;
  #text = '';
  /** Messages in `#text`. */
  #waiting = 0;
  #written = 0;
  /** Bytes of whole lines in the file. */
  #bytes = 0;
  #busy: Promise<void> = Promise.resolve();
  #failure: UserError | undefined;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  /**
   * @param name of the configuration that is recorded
   * @throws UserError `DISK` when the file is there already or cannot be made
   */
  static async create(path: string, name: string): Promise<RecordingWriter> {
    const file = await open(path, 'wx').catch((cause: unknown) => {
      if (systemCodeOf(cause) === 'EEXIST') {
        throw new UserError('DISK', `${path} is there already`, { hint: 'choose another name or remove it', cause });
      }
      throw new UserError('DISK', `${path} cannot be written: ${messageOf(cause)}`, {
        hint: 'check that the folder is there and may be written to',
        cause,
      });
    });
    const writer = new RecordingWriter(path, file);
    const createdAt = new Date().toISOString();
    writer.#text = `${JSON.stringify({ kioku: 'recording', version: VERSION, name, createdAt })}\n`;
    try {
      await writer.flush();
    } catch (error) {
      await file.close();
      await rm(path, { force: true });
      throw error;
    }
    return writer;
  }

  /** Messages that are in the file. */
  get written(): number {
    return this.#written;
  }

  /**
   * Adds messages. Await it: it writes when enough has come together.
   * @throws UserError `DISK`, also later on, when the disk is full; what was written before stays
   */
  async append(packets: readonly Packet[]): Promise<void> {
    for (let i = 0; i < packets.length; i++) this.#text += line(packets[i]);
    this.#waiting += packets.length;
    if (this.#text.length >= FLUSH_CHARS) await this.flush();
  }

  /** Writes what has come together. @throws UserError `DISK` */
  flush(): Promise<void> {
    this.#busy = this.#busy.then(() => this.#write());
    return this.#busy;
  }

  /** Writes the rest, to the disk itself, and closes the file (in any case). @throws UserError `DISK` */
  async close(): Promise<void> {
    try {
      await this.flush();
      await this.#file.sync();
    } finally {
      await this.#file.close();
    }
  }

  async #write(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const bytes = Buffer.from(this.#text, 'utf8');
    const messages = this.#waiting;
    this.#text = '';
    this.#waiting = 0;
    let done = 0;
    try {
      while (done < bytes.length) {
        const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done, this.#bytes + done);
        done += bytesWritten;
      }
    } catch (cause) {
      this.#failure = await this.#keepWholeLines(bytes.subarray(0, done), cause);
      throw this.#failure;
    }
    this.#bytes += bytes.length;
    this.#written += messages;
  }

  /** Cuts off the line that is there only in part. */
  async #keepWholeLines(part: Buffer, cause: unknown): Promise<UserError> {
    const whole = part.subarray(0, part.lastIndexOf('\n') + 1);
    await this.#file.truncate(this.#bytes + whole.length).catch(() => {});
    for (let i = whole.indexOf('\n'); i >= 0; i = whole.indexOf('\n', i + 1)) this.#written += 1;
    return diskFailure(this.#path, cause, `the ${this.#written} messages written before are kept`);
  }
}

function line({ arrivedUs, topic, bytes }: Packet): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const payload = isUtf8(buffer) ? { p: buffer.toString('utf8') } : { b64: buffer.toString('base64') };
  return `${JSON.stringify({ t: arrivedUs, topic, ...payload })}\n`;
}
