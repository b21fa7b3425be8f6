/** A temporary file for rows that memory has no room for. */
import { randomUUID } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { BugError, messageOf, systemCodeOf, UserError } from '../core/errors.js';

/** How much may be held in memory, and where the rest goes. */
export interface SpillOptions {
  readonly memoryBytes: number;
  /** Made when it is needed. */
  readonly folder: string;
}

/**
 * The file loses its name as soon as it is open: whatever ends the process, a kill or a crash included, the system frees
 * its space, and nothing is left to tidy up. All threads of the process can read it through its descriptor.
 */
export class SpillFile {
  /** File descriptor, for `readSpilled`. */
  readonly descriptor: number;
  #end = 0;
  #open = true;

  /** @throws UserError `DISK` */
  constructor(private readonly folder: string) {
    const path = join(folder, `.kioku-spill-${randomUUID()}`);
    try {
      mkdirSync(folder, { recursive: true });
      this.descriptor = openSync(path, 'wx+', 0o600);
      unlinkSync(path);
    } catch (error) {
      throw diskError(`a temporary file in ${folder} cannot be made`, error);
    }
  }

  /** Bytes from the start to the end of what was written. */
  get size(): number {
    return this.#end;
  }

  /** Writes all of `bytes` behind the rest. @returns where they begin. @throws UserError `DISK` */
  append(bytes: Uint8Array): number {
    const at = this.#end;
    this.write(bytes, at);
    return at;
  }

  /** Writes all of `bytes` from byte `at` on. @throws UserError `DISK`: no space left, for one */
  write(bytes: Uint8Array, at: number): void {
    try {
      for (let done = 0; done < bytes.length;) {
        done += writeSync(this.descriptor, bytes, done, bytes.length - done, at + done);
      }
    } catch (error) {
      throw diskError(`the temporary file in ${this.folder} cannot be written`, error);
    }
    this.#end = Math.max(this.#end, at + bytes.length);
  }

  /** What was written is gone. May be called more than once. */
  close(): void {
    if (this.#open) closeSync(this.descriptor);
    this.#open = false;
  }
}

/** Fills `into` with what was written from byte `at` on. @throws UserError `DISK` */
export function readSpilled(descriptor: number, into: ArrayBufferView, at: number): void {
  const bytes = new Uint8Array(into.buffer, into.byteOffset, into.byteLength);
  for (let done = 0; done < bytes.length;) {
    const read = readOrFail(descriptor, bytes, done, at + done);
    if (read === 0) throw new BugError(`a temporary file ends before byte ${at + bytes.length}`);
    done += read;
  }
}

function readOrFail(descriptor: number, bytes: Uint8Array, done: number, at: number): number {
  try {
    return readSync(descriptor, bytes, done, bytes.length - done, at);
  } catch (error) {
    throw diskError('the temporary file cannot be read', error);
  }
}

function diskError(what: string, error: unknown): unknown {
  if (systemCodeOf(error) === undefined) return error;
  return new UserError('DISK', `${what}: ${messageOf(error)}`, {
    hint: 'make room there, give a model folder on another disk, or let train.memoryMb hold all of the data',
    cause: error,
  });
}
