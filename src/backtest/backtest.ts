/** All files of a backtest, side by side on the cores of this machine. */
import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { BugError, messageOf, type UserError } from '../core/errors.js';
import { receivedError, startThread } from '../core/thread.js';
import { disableTelemetry } from '../step/telemetry.js';
import type { FileResult } from './backtest-file.js';
import type { BacktestFile } from './data-files.js';
import type { BacktestSetting } from './file-config.js';
import { figuresOf, type FileFigures } from './file-figures.js';
import type { KnownFile, RefusedFile } from './known-faults.js';
import type { FromThread, ThreadInput, ToThread } from './thread.js';

/** A file that was judged. */
export interface JudgedFile extends KnownFile {
  /** What the net of the first setting says, row by row. */
  readonly result: FileResult;
  /** Of each setting its net, then its baselines (`detectorsOf`). */
  readonly figures: readonly FileFigures[];
}

export type FileOutcome = JudgedFile | (RefusedFile & Pick<KnownFile, 'rows'>);

export interface BacktestOptions {
  /** At least one. */
  readonly settings: readonly BacktestSetting[];
  /** Ends it as soon as it can; the promise rejects. */
  readonly signal: AbortSignal;
  /** Called for each file, in the order in which they are finished. */
  readonly onOutcome?: (outcome: FileOutcome) => void;
}

/**
 * @returns one outcome a file, in the order of `files`
 * @throws UserError `PLATFORM`, `ENGINE` when no engine can be opened; BugError when a thread crashes; AbortError
 */
export async function backtest(files: readonly KnownFile[], options: BacktestOptions): Promise<FileOutcome[]> {
  disableTelemetry();
  const outcomes = new Map<KnownFile, FileOutcome>();
  // The longest first, or one core may be left with one of them while the others have nothing to do.
  const waiting = files.toSorted((a, b) => b.rows - a.rows);
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  const work = async (): Promise<void> => {
    const thread = new BacktestThread({ settings: options.settings });
    const stop = (): void => thread.stop();
    signal.addEventListener('abort', stop, { once: true });
    try {
      await thread.ready();
      for (let file = waiting.shift(); file !== undefined && !signal.aborted; file = waiting.shift()) {
        const outcome = outcomeOf(file, await thread.judge(file.file));
        outcomes.set(file, outcome);
        options.onOutcome?.(outcome);
      }
    } catch (error) {
      // The others need not go on. Of several failures the first is told.
      failed.abort(error);
    } finally {
      signal.removeEventListener('abort', stop);
      await thread.close();
    }
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), files.length) }, work));
  signal.throwIfAborted();
  return files.flatMap((file) => outcomes.get(file) ?? []);
}

/** Rows are kept of the first result only. */
function outcomeOf({ file, rows, known }: KnownFile, answer: Answer): FileOutcome {
  if ('error' in answer) return { file, rows, error: answer.error };
  const [result] = answer.results;
  return { file, rows, known, result, figures: answer.results.map((one) => figuresOf(one, known)) };
}

type Answer = { readonly results: readonly FileResult[] } | { readonly error: UserError };

/** One thread, from this side: one file at a time. */
class BacktestThread {
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  #closing = false;
  #answer: { readonly resolve: (answer: Answer | undefined) => void; readonly reject: (error: Error) => void };
  readonly #ready: Promise<unknown>;

  constructor(workerData: ThreadInput) {
    this.#worker = startThread(import.meta.url, 'thread', { workerData });
    this.#answer = { resolve: () => {}, reject: () => {} };
    this.#ready = this.#next();
    this.#worker.on('message', (message: FromThread) => this.#take(message));
    this.#worker.on('error', (cause) => {
      this.#answer.reject(new BugError(`a thread of the backtest crashed: ${messageOf(cause)}`, { cause }));
    });
    this.#exited = new Promise((resolve) => {
      this.#worker.on('exit', (code) => {
        this.#answer.reject(new BugError(`a thread of the backtest ended by itself (exit code ${code})`));
        resolve();
      });
    });
  }

  /** @throws UserError when it has no engine */
  async ready(): Promise<void> {
    await this.#ready;
  }

  async judge(file: BacktestFile): Promise<Answer> {
    const answered = this.#next();
    this.#post({ type: 'file', file });
    const answer = await answered;
    if (answer === undefined) throw new BugError('a thread of the backtest said that it was ready twice');
    return answer;
  }

  /** Ends the thread after what it is at; a file that it is at is given up. */
  stop(): void {
    if (this.#closing) return;
    this.#post({ type: 'close' });
    this.#closing = true;
  }

  async close(): Promise<void> {
    this.stop();
    await this.#exited;
  }

  #next(): Promise<Answer | undefined> {
    return new Promise((resolve, reject) => {
      this.#answer = { resolve, reject };
    });
  }

  #post(message: ToThread): void {
    if (!this.#closing) this.#worker.postMessage(message);
  }

  #take(message: FromThread): void {
    switch (message.type) {
      case 'ready':
        return this.#answer.resolve(undefined);
      case 'done':
        return this.#answer.resolve({ results: message.results });
      case 'refused':
        return this.#answer.resolve({ error: receivedError(message.error) });
      case 'failed':
        return this.#answer.reject(receivedError(message.error));
    }
  }
}
