/** A child process that answers: what the benchmark of the message path has to do with its source and its contenders. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export class Conversation {
  readonly #child: ChildProcess;
  readonly #unread: unknown[] = [];
  #wake: (() => void) | undefined;
  #ended: string | undefined;

  /** @param program a file of this folder, without `.ts` */
  constructor(
    private readonly program: string,
    args: readonly string[] = [],
  ) {
    this.#child = fork(fileURLToPath(new URL(`${program}.ts`, import.meta.url)), args, {
      execArgv: ['--import', 'tsx'],
      stdio: ['ignore', 2, 2, 'ipc'],
    });
    this.#child.on('message', (message) => {
      this.#unread.push(message);
      this.#wake?.();
    });
    this.#child.on('exit', (code, signal) => {
      this.#ended = `${program} has ended: ${signal ?? code}`;
      this.#wake?.();
    });
  }

  tell(message: object): void {
    this.#child.send(message);
  }

  /** The next that it says. @throws Error when it has ended */
  async hear<T>(): Promise<T> {
    while (this.#unread.length === 0) {
      if (this.#ended !== undefined) throw new Error(this.#ended);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#unread.shift() as T;
  }

  /** Rejects when the process ends by itself. */
  async gone(): Promise<never> {
    const [code, signal] = (await once(this.#child, 'exit')) as [number | null, string | null];
    throw new Error(`${this.program} has ended: ${signal ?? code}`);
  }

  ask<T>(question: object): Promise<T> {
    this.tell(question);
    return this.hear();
  }

  async end(): Promise<void> {
    if (this.#ended !== undefined) return;
    const ended = once(this.#child, 'exit');
    this.#child.disconnect();
    await ended;
  }
}
