/**
 * tar → files in a folder, trusting nothing that the archive says: no name leads out of the folder, no link ever reaches
 * the disk, nothing but files and folders is made. What is refused ends the whole.
 */
import { once } from 'node:events';
import { copyFile, mkdir, open } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { Parser, type ReadEntry } from 'tar';

/** An archive that is refused, damaged or not: the message goes on after "the archive". */
export class ArchiveError extends Error {
  override readonly name = 'ArchiveError';
}

const FILES: ReadonlySet<ReadEntry['type']> = new Set(['File', 'OldFile', 'ContiguousFile']);

/** What macOS adds beside a file; `._encoder.onnx` must not be taken for a model. */
const APPLE_DOUBLE = '._';

/**
 * @param bytes a tar file, decompressed
 * @param folder exists and is empty
 * @throws ArchiveError, or the system's error when a file cannot be written; what was written by then stays
 */
export async function untar(bytes: AsyncIterable<Uint8Array>, folder: string, maxEntries: number): Promise<void> {
  const target = new Unpacked(folder, maxEntries);
  const parser = new Parser({ strict: true });
  const failures: Error[] = [];
  let written = Promise.resolve();
  // Settles as soon as there is a failure, so that nobody waits for a parser that goes on no more.
  const failed = new Promise<void>((resolve) => {
    const fail = (error: Error): void => {
      failures.push(error);
      resolve();
    };
    parser.on('error', (error: Error) => fail(new ArchiveError(`is damaged: ${error.message}`, { cause: error })));
    parser.on('ignoredEntry', (entry: ReadEntry) => fail(refused(entry.path, `is of an unknown kind`)));
    parser.on('entry', (entry: ReadEntry) => {
      written = written.then(() => (failures.length === 0 ? target.take(entry) : undefined)).catch(fail);
    });
  });
  try {
    for await (const chunk of bytes) {
      const goOn = parser.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
      if (!goOn && failures.length === 0) await Promise.race([once(parser, 'drain').catch(() => {}), failed]);
      if (failures.length > 0) throw failures[0];
    }
    const ended = once(parser, 'end').catch(() => {});
    parser.end();
    await Promise.race([ended, failed]);
    await Promise.race([written, failed]);
    if (failures.length > 0) throw failures[0];
  } catch (error) {
    target.abandon();
    await written;
    throw error;
  }
  await target.finish();
}

/** The folder as it fills. */
class Unpacked {
  readonly #files = new Set<string>();
  readonly #links: { readonly name: string; readonly target: string }[] = [];
  #entries = 0;
  #open: ReadEntry | undefined;
  #abandoned = false;

  constructor(
    readonly folder: string,
    readonly maxEntries: number,
  ) {}

  async take(entry: ReadEntry): Promise<void> {
    this.#entries += 1;
    if (this.#entries > this.maxEntries) throw new ArchiveError(`has more than ${this.maxEntries} entries`);
    const name = safeName(entry.path);
    if (FILES.has(entry.type)) {
      if (!posix.basename(name).startsWith(APPLE_DOUBLE)) return this.#write(name, entry);
    } else if (entry.type === 'Directory') await mkdir(join(this.folder, name), { recursive: true });
    else if (entry.type === 'SymbolicLink') this.#link(name, posix.join(posix.dirname(name), linkTarget(entry)));
    else if (entry.type === 'Link') this.#link(name, posix.normalize(linkTarget(entry)));
    else throw refused(entry.path, `is a ${entry.type}`);
    entry.resume();
  }

  /** Nothing more comes: the file that is being written waits in vain. */
  abandon(): void {
    this.#abandoned = true;
    this.#open?.destroy();
  }

  #link(name: string, target: string): void {
    this.#links.push({ name, target });
  }

  async #write(name: string, entry: ReadEntry): Promise<void> {
    const path = join(this.folder, name);
    await mkdir(dirname(path), { recursive: true });
    const file = await this.#create(path, entry.path);
    this.#open = entry;
    try {
      if (this.#abandoned) return;
      for await (const chunk of entry) {
        await file.writeFile(chunk);
        if (this.#abandoned) return;
      }
    } finally {
      this.#open = undefined;
      await file.close();
    }
    this.#files.add(name);
  }

  /** A second entry of the same name (or one that only differs in case, on a disk that does not tell) is refused. */
  async #create(path: string, name: string): ReturnType<typeof open> {
    try {
      return await open(path, 'wx', 0o644);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EEXIST') throw refused(name, 'comes twice');
      throw error;
    }
  }

  /** Links become copies of what they lead to, which has to be a file of this very archive. */
  async finish(): Promise<void> {
    if (this.#files.size === 0) throw new ArchiveError('holds no files');
    for (const { name, target } of this.#links) {
      if (!this.#files.has(target)) throw refused(name, `is a link to ${target}, which is no file of the archive`);
      const path = join(this.folder, name);
      await mkdir(dirname(path), { recursive: true });
      await copyFile(join(this.folder, target), path);
    }
  }
}

/** @returns the name with `/`, without `.` parts @throws ArchiveError when it could lead anywhere but down */
function safeName(name: string): string {
  if (/^\/|^[A-Za-z]:/.test(name)) throw refused(name, 'is an absolute path');
  if (/[\\\p{Cc}]/u.test(name)) throw refused(name, 'has a name with a backslash or a control character');
  if (name.split('/').includes('..')) throw refused(name, 'leads out of the folder');
  return posix.join(name);
}

function linkTarget(entry: ReadEntry): string {
  const target = entry.linkpath ?? '';
  if (posix.isAbsolute(target)) throw refused(entry.path, `is a link to ${target}, out of the folder`);
  return target;
}

function refused(name: string, why: string): ArchiveError {
  return new ArchiveError(`is not to be trusted: ${JSON.stringify(name)} ${why}`);
}
