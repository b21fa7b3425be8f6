/** Work in a thread or a process of its own: starting one from source or from `dist`, and errors on their way back. */
import { type ChildProcess, fork, type ForkOptions } from 'node:child_process';
import { Worker, type WorkerOptions } from 'node:worker_threads';
import { UserError, type ErrorCode } from './errors.js';

/**
 * @param entry `import.meta.url` of the file that starts it
 * @param name of the entry beside that file, without its ending
 */
export function startThread(entry: string, name: string, options: WorkerOptions): Worker {
  const { url, execArgv } = entryBeside(entry, name);
  return new Worker(url, { ...options, execArgv });
}

/** The same as a process, for what may crash; what is sent is cloned as for a thread. */
export function startProcess(entry: string, name: string, options: ForkOptions): ChildProcess {
  const { url, execArgv } = entryBeside(entry, name);
  return fork(url, { ...options, serialization: 'advanced', execArgv });
}

function entryBeside(entry: string, name: string): { readonly url: URL; readonly execArgv: string[] } {
  const fromSource = entry.endsWith('.ts');
  const url = new URL(`./${name}${fromSource ? '.ts' : '.js'}`, entry);
  return { url, execArgv: fromSource ? ['--import', typescriptLoader()] : [] };
}

/**
 * Node 20 cannot run TypeScript by itself; the published package holds JavaScript and never comes here. `--import tsx` is
 * not enough: it does nothing outside the main thread.
 */
function typescriptLoader(): string {
  const api = import.meta.resolve('tsx/esm/api');
  return `data:text/javascript,import{register}from${encodeURIComponent(JSON.stringify(api))};register()`;
}

/** A `UserError` as data: a class does not survive the way to another thread. */
export interface PostedError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | undefined;
}

/** @throws whatever is not a `UserError`: a defect, which may crash the thread */
export function postedError(error: unknown): PostedError {
  if (!(error instanceof UserError)) throw error;
  return { code: error.code, message: error.message, hint: error.hint };
}

export function receivedError({ code, message, hint }: PostedError): UserError {
  return new UserError(code, message, hint === undefined ? {} : { hint });
}
