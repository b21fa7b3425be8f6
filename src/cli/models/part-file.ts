/** The beginning of a file that is being downloaded, and beside it what it is the beginning of, so that it can go on. */
import { open, readFile, rm, writeFile, type FileHandle } from 'node:fs/promises';
import { z } from 'zod';
import { BugError, systemCodeOf } from '../../core/errors.js';
import { diskError } from './download-error.js';

const noteSchema = z.strictObject({
  /** Without the query, which may hold a key. */
  url: z.string(),
  /** Strong ETag, or date of the last change: only the same version of the file may be continued. */
  validator: z.string(),
});

export type PartNote = z.output<typeof noteSchema>;

export class PartFile {
  readonly #notePath: string;
  #file: FileHandle | undefined;
  #bytes = 0;
  #note: PartNote | undefined;

  private constructor(readonly path: string) {
    this.#notePath = `${path}.json`;
  }

  /** @param url of which a beginning may be there already @throws UserError `DISK` */
  static async open(path: string, url: string): Promise<PartFile> {
    const part = new PartFile(path);
    const note = await readNote(part.#notePath);
    if (note?.url !== url) return part;
    try {
      part.#file = await open(path, 'r+');
      part.#bytes = (await part.#file.stat()).size;
      part.#note = note;
    } catch (error) {
      if (systemCodeOf(error) !== 'ENOENT') throw diskError(path, error);
    }
    return part;
  }

  /** Bytes that are there. */
  get bytes(): number {
    return this.#bytes;
  }

  /** What to ask the server with whether its file is still the same; undefined: begin anew. */
  get validator(): string | undefined {
    return this.#bytes > 0 ? this.#note?.validator : undefined;
  }

  /** Begins anew. @param note absent: the server cannot continue, so nothing is noted */
  async begin(note: PartNote | undefined): Promise<void> {
    await this.close();
    try {
      await rm(this.#notePath, { force: true });
      this.#file = await open(this.path, 'w');
      if (note !== undefined) await writeFile(this.#notePath, JSON.stringify(note));
    } catch (error) {
      throw diskError(this.path, error);
    }
    this.#bytes = 0;
    this.#note = note;
  }

  /** After `begin`, or where `validator` is known. */
  async append(chunk: Uint8Array): Promise<void> {
    const file = this.#file;
    if (file === undefined) throw new BugError('nothing was begun to append to');
    try {
      // At its place, not at the end: two downloads of the same file at a time do not spoil it.
      for (let done = 0; done < chunk.length;) {
        const { bytesWritten } = await file.write(chunk, done, chunk.length - done, this.#bytes);
        done += bytesWritten;
        this.#bytes += bytesWritten;
      }
    } catch (error) {
      throw diskError(this.path, error);
    }
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  /** It is complete and used, or of no use. */
  async remove(): Promise<void> {
    await this.close();
    await rm(this.path, { force: true });
    await rm(this.#notePath, { force: true });
  }
}

async function readNote(path: string): Promise<PartNote | undefined> {
  try {
    return noteSchema.safeParse(JSON.parse(await readFile(path, 'utf8'))).data;
  } catch {
    // Absent or torn: then the beginning, if there is one, cannot be continued, only replaced.
    return undefined;
  }
}
