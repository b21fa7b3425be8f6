/** Events appended to a file, one JSON object a line. */
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import type { Sink } from '../core/contracts.js';
import { type Deferred, deferred } from '../core/deferred.js';
import { UserError, messageOf, systemCodeOf } from '../core/errors.js';
import type { KiokuEvent } from '../core/events.js';
import type { SinkKind, StageContext } from '../core/kind.js';
import { JsonLines } from './json-lines.js';
import { passes } from './outbox.js';

const NEWLINE = 0x0a;
/** What may wait for a slow disk; a source that can wait is held up long before. */
const MAX_WAITING_BYTES = 268_435_456;

const schema = z
  .strictObject({
    kind: z.literal('jsonl').meta({ title: 'Kind', description: 'Events to a file, one JSON object a line.' }),
    path: z.string().min(1).meta({
      title: 'File',
      description: 'File to append to, relative to the configuration; it and its folder are made when absent.',
    }),
    scores: z.boolean().default(true).meta({
      title: 'Scores',
      description: 'Whether scores are written as well, where the decider sends them.',
    }),
    partials: z.boolean().default(true).meta({
      title: 'Partial transcripts',
      description: 'Whether what was understood so far is written while somebody speaks, not only what is final.',
    }),
  })
  .meta({ title: 'JSON lines', description: 'Events to a file.' });

type Options = z.output<typeof schema>;

class JsonlSink implements Sink {
  readonly #path: string;
  #file: FileHandle | undefined;
  readonly #lines = new JsonLines();
  /** Bytes of whole lines in the file: what a failed write has left behind them is cut off. */
  #length = 0;
  /** Among the lines is one that must survive a power failure. */
  #lasting = false;
  /** Settled with the next write; the one under way comes first: two at a time could interleave. */
  #next: Deferred | undefined;
  #writing: Promise<void> | undefined;

  constructor(
    readonly options: Options,
    context: StageContext,
  ) {
    this.#path = resolve(context.baseDir, options.path);
  }

  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    try {
      await mkdir(dirname(this.#path), { recursive: true });
      this.#file = await open(this.#path, 'a+');
      this.#length = await this.#mend(this.#file);
    } catch (cause) {
      await this.#close();
      throw this.#disk(cause);
    }
    if (signal.aborted) {
      await this.#close();
      signal.throwIfAborted();
    }
  }

  /** A last line without its end was torn by a crash: it is ended, so that the next event gets its own. */
  async #mend(file: FileHandle): Promise<number> {
    const { size } = await file.stat();
    if (size === 0) return 0;
    const last = Buffer.alloc(1);
    await file.read(last, 0, 1, size - 1);
    if (last[0] === NEWLINE) return size;
    await file.appendFile('\n');
    return size + 1;
  }

  async stop(): Promise<void> {
    await this.#writing;
    // A device or a pipe has nothing to bring to a disk.
    await this.#file?.datasync().catch(() => {});
    await this.#close();
  }

  async #close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  /**
   * What comes while the disk is busy goes with one write, and waits as bytes: as events or text it would live long
   * enough to be copied by the garbage collector, again and again. What lasts (incidents, final transcripts, speech) is
   * on the disk when this resolves; scores and partials alone are with the operating system: a write to a memory card
   * for every time step would wear it out.
   * @throws UserError `DISK`; then none of these events is in the file
   */
  write(events: readonly KiokuEvent[]): Promise<void> {
    const { scores, partials } = this.options;
    if (this.#lines.bytes > MAX_WAITING_BYTES) {
      return Promise.reject(this.#disk(new Error('it is slower than the events come')));
    }
    for (const event of events) {
      if ((event.type === 'score' && !scores) || (event.type === 'partial' && !partials)) continue;
      this.#lines.add(event);
      this.#lasting ||= !passes(event.type);
    }
    if (this.#lines.bytes === 0) return Promise.resolve();
    this.#next ??= deferred();
    const { promise } = this.#next;
    this.#writing ??= this.#writeAll();
    return promise;
  }

  async #writeAll(): Promise<void> {
    for (let next = this.#next; next !== undefined; next = this.#next) {
      this.#next = undefined;
      await this.#append(this.#lines.take()).then(next.resolve, next.reject);
    }
    this.#writing = undefined;
  }

  async #append(lines: Uint8Array): Promise<void> {
    const file = this.#file;
    const lasting = this.#lasting;
    this.#lasting = false;
    if (file === undefined) throw this.#disk(new Error('the sink is not started'));
    try {
      await file.appendFile(lines);
      if (lasting) await file.datasync();
      this.#length += lines.length;
    } catch (cause) {
      await this.#undo(file);
      throw this.#disk(cause);
    }
  }

  async #undo(file: FileHandle): Promise<void> {
    try {
      await file.truncate(this.#length);
    } catch {
      // A device or a pipe has no length to go back to; a torn line is mended at the next start.
    }
  }

  #disk(cause: unknown): UserError {
    const full = systemCodeOf(cause) === 'ENOSPC';
    return new UserError('DISK', `cannot write events to ${this.#path}: ${messageOf(cause)}`, {
      hint: full ? 'the disk is full: free some space' : 'check the path and its permissions',
      cause,
    });
  }
}

export const jsonlKind: SinkKind<typeof schema> = {
  schema,
  create: (options, context) => new JsonlSink(options, context),
};
