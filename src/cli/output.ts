/** What a command may do to the outside: results to stdout, everything else to stderr, and the wish to stop. */
import { BugError, messageOf, UserError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import { CLEAR_LINE } from './status-line.js';

/** Exit codes: 0 done, 1 it failed, 2 it was called wrongly. */
export const EXIT = { ok: 0, failure: 1, usage: 2 } as const;

/** What `--log-level` takes, quietest first. */
export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const;

/** Handed to every command. */
export class Io {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  /** Set by `--log-level` before a command runs. */
  logLevel = 'info';
  /** Set by who leaves lines unfinished on the terminal: called before any other line, which would overwrite them. */
  finishLine: () => void = () => {};
  #stopping = new AbortController();

  constructor(streams: { readonly stdout: NodeJS.WriteStream; readonly stderr: NodeJS.WriteStream } = process) {
    this.stdout = streams.stdout;
    this.stderr = streams.stderr;
  }

  /** Aborted by Ctrl-C, SIGTERM, or a reader of stdout that went away: end cleanly. */
  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  /** The wish to stop has been met (a phase was cut short, another begins): the next one is a new wish, not impatience. */
  rearm(): void {
    if (this.signal.aborted) this.#stopping = new AbortController();
  }

  /** A line of the result, to stdout. */
  print(text: string): void {
    this.stdout.write(`${text}\n`);
  }

  /** The whole result as one JSON document, to stdout. */
  printJson(value: unknown): void {
    this.print(JSON.stringify(value, undefined, 2));
  }

  /** A line for the person at the terminal, to stderr, so that it never mixes with a result. */
  note(text: string): void {
    this.finishLine();
    this.stderr.write(`${this.stderr.isTTY ? CLEAR_LINE : ''}${text}\n`);
  }

  /** A logger at `--log-level` (or another level), to stderr. Loaded on demand, because pino takes longer to load than `--help` to print. */
  async openLog(level = this.logLevel): Promise<Log> {
    const { createLog } = await import('./log.js');
    if (!this.stderr.isTTY) return createLog(level);
    const { terminalLog } = await import('./terminal-log.js');
    return createLog(
      level,
      terminalLog(this.stderr, () => this.finishLine()),
    );
  }

  /**
   * Turns signals into `signal`; of the second one the process dies at once. A closed pipe (`kioku … | head`) is a wish to
   * stop, not an error.
   * @returns a function that takes the handlers off again
   */
  handleSignals(): () => void {
    const stop = (signal: NodeJS.Signals): void => {
      if (this.signal.aborted) die(signal);
      this.#stopping.abort();
    };
    const pipeClosed = (error: NodeJS.ErrnoException): void => {
      if (error.code !== 'EPIPE') throw error;
      this.#stopping.abort();
    };
    process.on('SIGINT', stop).on('SIGTERM', stop);
    this.stdout.on('error', pipeClosed);
    this.stderr.on('error', pipeClosed);
    return () => {
      process.off('SIGINT', stop).off('SIGTERM', stop);
    };
  }
}

/** Not by `process.exit`: it ends the threads first, and amid a run ONNX Runtime then crashes with a dump of the core. */
function die(signal: NodeJS.Signals): never {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
  // The first process of a container does not die of its own signals.
  process.exit(signal === 'SIGINT' ? 130 : 143);
}

/** What was thrown, for people: `what it was. What to do.` A defect of ours keeps its stack, to be reported. */
export function explain(thrown: unknown): string {
  if (thrown instanceof UserError) return sentences(thrown.message, thrown.hint);
  const stack = thrown instanceof Error ? (thrown.stack ?? thrown.message) : messageOf(thrown);
  const kind = thrown instanceof BugError ? 'a defect in kioku' : 'an unexpected error';
  return `${kind}; please report it with these lines:\n${stack}`;
}

/** Joins what and hint to full sentences; a list of several lines is none. */
function sentences(what: string, hint: string | undefined): string {
  const first = /[.!?]$|\n/.test(what) ? what : `${what}.`;
  if (hint === undefined) return first;
  // Names such as runtime.library or tokens.txt are written as they are.
  const second = /^\w+\.\w/.test(hint) ? hint : `${hint.charAt(0).toUpperCase()}${hint.slice(1)}`;
  return `${first} ${second}.`;
}
