/** Events appended to a file, one JSON object a line. */
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import type { Sink } from '../core/contracts.js';
import { UserError, messageOf, systemCodeOf } from '../core/errors.js';
import type { KiokuEvent } from '../core/events.js';
import type { SinkKind, StageContext } from '../core/kind.js';
import { eventJson } from './event-json.js';

const NEWLINE = 0x0a;

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
  /** Bytes of whole lines in the file: what a failed write has left behind them is cut off. */
  #length = 0;
  /** Writes wait for the one before: two appends at a time could interleave. */
  #last: Promise<void> = Promise.resolve();

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
    // Whoever wrote has been told how it went.
    await this.#last.catch(() => {});
    await this.#close();
  }

  async #close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  /** @throws UserError `DISK`; then none of these events is in the file */
  write(events: readonly KiokuEvent[]): Promise<void> {
    const next = this.#last.catch(() => {}).then(() => this.#append(events));
    this.#last = next;
    return next;
  }

  async #append(events: readonly KiokuEvent[]): Promise<void> {
    const { scores, partials } = this.options;
    let text = '';
    for (const event of events) {
      if ((event.type === 'score' && !scores) || (event.type === 'partial' && !partials)) continue;
      text += `${eventJson(event)}\n`;
    }
    if (text === '') return;
    const file = this.#file;
    if (file === undefined) throw this.#disk(new Error('the sink is not started'));
    try {
      await file.appendFile(text);
      await file.datasync();
      this.#length += Buffer.byteLength(text);
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
