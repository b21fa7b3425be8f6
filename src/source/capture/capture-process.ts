/** One run of a capture command: its samples, what it says meanwhile, and why it ended. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { deferred } from '../../core/deferred.js';
import { messageOf, systemCodeOf } from '../../core/errors.js';
import { type CaptureCommand, captureEnvironment } from './commands.js';

/** Silence has samples, too: without a byte for so long, the program or the device hangs. */
const HANGS_MS = 10_000;
/** From being asked to end until being killed. */
const GRACE_MS = 1000;
/** Lines kept to find out what went wrong. */
const KEPT_LINES = 8;
const LONGEST_LINE_CHARS = 300;

/** A line that says why it does not go on. */
const TELLING = /^arecord: |error|fail|cannot|unknown|no such/i;
/** How a failure came up through the files of ALSA's library. */
const INNER = /^ALSA lib /;
/** Which line of which file of the program said so. */
const WHERE = /^arecord: (\w+:\d+: )?|^\[\w+ @ 0x[0-9a-f]+\] /;

/** The samples that come would be taken for something else: arecord goes on with the rate that the device has. */
const WRONG_RATE = /rate is not accurate \(requested = (\d+)Hz, got = (\d+)Hz\)/;

export interface CaptureListener {
  readonly onBytes: (bytes: Buffer) => void;
  /** A line of stderr. */
  readonly onLine: (line: string) => void;
}

export interface CaptureEnd {
  readonly command: CaptureCommand;
  /** What the program said about it, or how it ended when it said nothing. */
  readonly reason: string;
  /** There is no such program. */
  readonly absent: boolean;
}

export class CaptureProcess {
  /** Resolves with undefined when it delivers, or with its end when it never did. */
  readonly begun: Promise<CaptureEnd | undefined>;
  /** Resolves when nothing of it is left. */
  readonly ended: Promise<CaptureEnd>;
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #lines: string[] = [];
  readonly #watchdog: NodeJS.Timeout;
  #grace: NodeJS.Timeout | undefined;
  #over = false;
  /** Why it was ended from here, not by itself. */
  #verdict: string | undefined;

  private constructor(command: CaptureCommand, { onBytes, onLine }: CaptureListener) {
    const child = spawn(command.program, command.args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: captureEnvironment(),
      // A process group of its own: Ctrl-C ends kioku, which then ends the program and takes what it still has to give.
      // When kioku is killed, the program dies of its closed stdout.
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
    this.#child = child;
    this.#watchdog = setTimeout(() => this.#endBecause(`it delivered nothing for ${HANGS_MS / 1000} s`), HANGS_MS);
    const begun = deferred<CaptureEnd | undefined>();
    const take = (bytes: Buffer): void => {
      this.#watchdog.refresh();
      if (this.#verdict === undefined) onBytes(bytes);
    };
    child.stdout.once('data', (first: Buffer) => {
      child.stdout.pause();
      // What it said before is read in the same turn of the event loop, but perhaps after this.
      setImmediate(() => {
        take(first);
        if (this.#verdict === undefined) begun.resolve(undefined);
        child.stdout.on('data', take).resume();
      });
    });
    createInterface({ input: child.stderr }).on('line', (line) => {
      this.#look(line.slice(0, LONGEST_LINE_CHARS));
      onLine(line.slice(0, LONGEST_LINE_CHARS));
    });
    this.begun = begun.promise;
    this.ended = this.#end(command);
    void this.ended.then(begun.resolve);
  }

  /** Whatever goes wrong, also that there is no such program, is told by `begun` and `ended`. */
  static start(command: CaptureCommand, listener: CaptureListener): CaptureProcess {
    return new CaptureProcess(command, listener);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Ends it, hands on what it has recorded, and leaves nothing behind. May be called more than once. */
  async stop(): Promise<void> {
    this.#terminate();
    await this.ended;
  }

  #look(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > KEPT_LINES) this.#lines.shift();
    const rate = WRONG_RATE.exec(line);
    if (rate !== null) this.#endBecause(`the device does not record at ${rate[1]} Hz but at ${rate[2]} Hz`);
  }

  #endBecause(verdict: string): void {
    this.#verdict ??= verdict;
    this.#terminate();
  }

  #terminate(): void {
    if (this.#over || this.#grace !== undefined) return;
    const { stdout, stderr } = this.#child;
    this.#child.kill('SIGTERM');
    this.#grace = setTimeout(() => {
      this.#child.kill('SIGKILL');
      // A program that it had started in turn may still hold them open.
      stdout.destroy();
      stderr.destroy();
    }, GRACE_MS);
  }

  async #end(command: CaptureCommand): Promise<CaptureEnd> {
    let failure: unknown;
    const closed = deferred<string>();
    this.#child.on('error', (error) => {
      failure ??= error;
    });
    this.#child.once('close', (code, signal) => {
      closed.resolve(signal === null ? `it ended with code ${code}` : `it was ended by ${signal}`);
    });
    const how = await closed.promise;
    this.#over = true;
    clearTimeout(this.#watchdog);
    clearTimeout(this.#grace);
    const reason = this.#verdict ?? (failure === undefined ? (this.#telling() ?? how) : messageOf(failure));
    return { command, reason, absent: systemCodeOf(failure) === 'ENOENT' };
  }

  #telling(): string | undefined {
    const line = this.#lines.find((line) => TELLING.test(line) && !INNER.test(line));
    return line?.replace(WHERE, '');
  }
}
