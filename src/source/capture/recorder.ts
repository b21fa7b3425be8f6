/** Keeps a capture command running: finds one that delivers, and starts it again whenever it ends. */
import { setTimeout as pause } from 'node:timers/promises';
import { BehaviorSubject } from 'rxjs';
import { nextPauseMs, STABLE_MS } from '../../core/backoff.js';
import type { SourceStatus } from '../../core/contracts.js';
import type { Log } from '../../core/log.js';
import { type CaptureEnd, CaptureProcess } from './capture-process.js';
import { type CaptureCommand, captureCommands, type CaptureFormat, type CaptureProgram } from './commands.js';
import { captureFailure } from './failure.js';

/** What arecord and ffmpeg say when the sound card had to throw samples away, and arecord when the machine slept. */
const OVERRUN = /overrun!!!|xrun|suspended/i;

export interface RecorderOptions extends CaptureFormat {
  readonly command: 'auto' | CaptureProgram;
  readonly restartMinMs: number;
  readonly restartMaxMs: number;
}

export interface RecorderListener {
  /** Samples; one may be torn between two calls. */
  readonly onBytes: (bytes: Buffer) => void;
  /** What comes next does not follow what came last. */
  readonly onInterruption: (why: 'restart' | 'overrun') => void;
}

export class Recorder {
  /** `up`: it delivers. */
  readonly status = new BehaviorSubject<SourceStatus>('down');
  readonly #options: RecorderOptions;
  readonly #listener: RecorderListener;
  readonly #log: Log;
  readonly #abort = new AbortController();
  #capture: CaptureProcess | undefined;
  #running: Promise<void> = Promise.resolve();
  #stopped: Promise<void> | undefined;

  constructor(options: RecorderOptions, listener: RecorderListener, log: Log) {
    this.#options = options;
    this.#listener = listener;
    this.#log = log;
  }

  /**
   * Resolves at the first samples. From then on a program that ends is started again for ever, with growing pauses.
   * @throws UserError `CAPTURE` when no program delivers: none installed, no device, device busy, another rate; the
   * reason of the signal when aborted
   */
  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const onAbort = (): void => {
      this.#abort.abort(signal.reason);
      void this.#capture?.stop();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const capture = await this.#firstThatDelivers();
      this.status.next('up');
      this.#running = this.#keepRecording(capture);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Ends the program, with what it has recorded handed on. */
  async stop(): Promise<void> {
    this.#stopped ??= this.#shutDown();
    await this.#stopped;
  }

  async #shutDown(): Promise<void> {
    this.#abort.abort();
    await this.#capture?.stop();
    await this.#running;
    this.#go('down');
  }

  async #firstThatDelivers(): Promise<CaptureProcess> {
    const failures: CaptureEnd[] = [];
    for (const command of captureCommands(this.#options.command, this.#options)) {
      this.#abort.signal.throwIfAborted();
      const capture = this.#record(command);
      const end = await capture.begun;
      this.#abort.signal.throwIfAborted();
      if (end === undefined) {
        const { device = 'default', sampleRateHz, channels } = this.#options;
        this.#log.info({ program: command.program, device, sampleRateHz, channels }, 'the microphone is recorded');
        return capture;
      }
      this.#log.debug({ program: command.program, reason: end.reason }, 'this program does not record here');
      failures.push(end);
    }
    throw captureFailure(failures);
  }

  async #keepRecording(first: CaptureProcess): Promise<void> {
    const { signal } = this.#abort;
    const { restartMinMs, restartMaxMs } = this.#options;
    let capture = first;
    let pauseMs = restartMinMs;
    let complaint = '';
    while (!signal.aborted) {
      const sinceMs = performance.now();
      const begun = (await capture.begun) === undefined;
      if (begun) this.#go('up');
      const { command, reason } = await capture.ended;
      if (signal.aborted) return;
      if (begun) this.#listener.onInterruption('restart');
      this.#go('down');
      if (begun && performance.now() - sinceMs > STABLE_MS) pauseMs = restartMinMs;
      // An unplugged microphone says the same at every attempt.
      const level = begun || reason !== complaint ? 'warn' : 'debug';
      complaint = reason;
      const fields = { program: command.program, reason, pauseMs: Math.round(pauseMs) };
      this.#log[level](fields, 'the recording ended; it is started again');
      await pause(pauseMs, undefined, { signal }).catch(() => undefined);
      pauseMs = nextPauseMs(pauseMs, restartMaxMs);
      if (!signal.aborted) capture = this.#record(command);
    }
  }

  #record(command: CaptureCommand): CaptureProcess {
    const { program, args } = command;
    this.#capture = CaptureProcess.start(command, {
      onBytes: this.#listener.onBytes,
      onLine: (line) => this.#hear(program, line),
    });
    this.#log.debug({ program, args, pid: this.#capture.pid }, 'recording');
    return this.#capture;
  }

  #hear(program: CaptureProgram, line: string): void {
    this.#log.debug({ program, line }, 'the recording program says');
    if (OVERRUN.test(line)) this.#listener.onInterruption('overrun');
  }

  #go(status: SourceStatus): void {
    if (this.status.value !== status) this.status.next(status);
  }
}
