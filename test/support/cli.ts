/** Runs the real `kioku` command as a child process. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { RunSummary } from '../../src/pipeline.js';
import { ROOT } from './build.js';

export interface CliResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface CliOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Whether `child.stdin` is there to be written to. */
  readonly stdin?: boolean;
  /** What node runs; absent: `kioku` as it was built. */
  readonly entry?: readonly string[];
}

/** A running command, for tests that talk to it while it works. */
export class CliProcess {
  readonly child: ChildProcess;
  stdout = '';
  stderr = '';
  #heard = (): void => {};

  constructor(args: readonly string[], options: CliOptions = {}) {
    this.child = spawn(process.execPath, [...(options.entry ?? [`${ROOT}dist/cli/main.js`]), ...args], {
      cwd: options.cwd ?? ROOT,
      env: { ...process.env, NO_COLOR: '1', ...options.env },
      stdio: [options.stdin === true ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
      this.#heard();
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
      this.#heard();
    });
  }

  /** Resolves when stdout and stderr together match; rejects when the command ends before. */
  async heard(pattern: RegExp): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if (pattern.test(this.stdout + this.stderr)) resolve();
      };
      this.#heard = look;
      this.child.once('close', () => {
        reject(new Error(`kioku ended before it said ${pattern}:\n${this.stdout}${this.stderr}`));
      });
      look();
    });
  }

  async ended(): Promise<CliResult> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'close');
    return { code: this.child.exitCode, signal: this.child.signalCode, stdout: this.stdout, stderr: this.stderr };
  }
}

/** Runs `kioku ARGS` to its end. */
export async function kioku(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return new CliProcess(args, options).ended();
}

/** The last line that `kioku run --json` printed. */
export function summaryOf({ stdout }: CliResult): RunSummary {
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as RunSummary;
}
