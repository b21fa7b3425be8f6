/** Hands damaged inputs to processes of their own, and finds the cases that crash or hang one. */
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deferred, type Deferred } from '../../src/core/deferred.js';
import { startProcess } from '../../src/core/thread.js';
import type { Errand, Failure, Report } from './target.js';

/** One a core of the smallest machine that runs the tests. */
const PROCESSES = 2;
/** Cases that one message asks for. */
const ERRAND_CASES = 100;
/** No input may keep a process for so long: the slowest takes less than a second on an idle core. */
const HANG_MS = 30_000;
const LOOK_MS = 1000;

/** What became of the cases of one target. */
export interface Tally {
  readonly outcomes: Record<string, number>;
  /** Cases that were neither accepted nor refused as they should be. */
  readonly failures: Failure[];
  /** Cases that ended or hung their process. */
  readonly crashes: Failure[];
}

type Work = Omit<Errand, 'progress'>;

/** A process that takes one errand at a time. */
class Hand {
  readonly #folder = mkdtempSync(join(tmpdir(), 'kioku-crew-'));
  readonly #progress = join(this.#folder, 'case');
  readonly #child: ChildProcess;
  readonly #exited = deferred();
  #lastWords = '';
  #answer: Deferred<Report | string> | undefined;

  constructor() {
    this.#child = startProcess(import.meta.url, 'crew-child', {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { ...process.env, XDG_CACHE_HOME: this.#folder },
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#lastWords = (this.#lastWords + text).slice(-2000);
    });
    this.#child.on('message', (report: Report) => this.#answer?.resolve(report));
    this.#child.on('exit', () => this.#exited.resolve());
    // After all that it wrote; not emitted when it was this side that closed the channel.
    this.#child.on('close', (code, signal) => {
      this.#answer?.resolve(`${signal ?? `exit code ${code}`} ${this.#lastWords}`);
    });
  }

  /** @returns the report, or the case at which the process ended and how */
  async do(work: Work): Promise<Report | Failure> {
    writeFileSync(this.#progress, '');
    const answer = (this.#answer = deferred<Report | string>());
    let at = '';
    let since = Date.now();
    const look = setInterval(() => {
      const now = readFileSync(this.#progress, 'utf8');
      if (now !== at) [at, since] = [now, Date.now()];
      else if (Date.now() - since > HANG_MS) this.#child.kill('SIGKILL');
    }, LOOK_MS);
    this.#child.send({ ...work, progress: this.#progress }, () => {
      // A process that cannot be reached has ended, which is answered as well.
    });
    try {
      const report = await answer.promise;
      if (typeof report !== 'string') return report;
      const noted = readFileSync(this.#progress, 'utf8');
      if (noted === '') throw new Error(`the process ended before its first case of ${work.target}: ${report}`);
      return { target: work.target, number: Number(noted), reason: report };
    } finally {
      clearInterval(look);
    }
  }

  async close(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    await this.#exited.promise;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** @param cases target → how many */
export async function handIn(seed: number, cases: Readonly<Record<string, number>>): Promise<Record<string, Tally>> {
  const tallies: Record<string, Tally> = {};
  const open: Work[] = [];
  for (const [target, count] of Object.entries(cases)) {
    tallies[target] = { outcomes: {}, failures: [], crashes: [] };
    for (let from = 0; from < count; from += ERRAND_CASES) {
      open.push({ target, seed, from, to: Math.min(count, from + ERRAND_CASES) });
    }
  }
  const serve = async (): Promise<void> => {
    let hand = new Hand();
    for (let work = open.shift(); work !== undefined; work = open.shift()) {
      const tally = tallies[work.target];
      const result = await hand.do(work);
      if ('outcomes' in result) {
        tally.failures.push(...result.failures);
        for (const [outcome, n] of Object.entries(result.outcomes)) {
          tally.outcomes[outcome] = (tally.outcomes[outcome] ?? 0) + n;
        }
        continue;
      }
      tally.crashes.push(result);
      await hand.close();
      hand = new Hand();
      // What the process had done of the errand is done again, because it could not report it.
      const { number } = result;
      open.unshift({ ...work, to: number }, { ...work, from: number + 1 });
    }
    await hand.close();
  };
  await Promise.all(Array.from({ length: PROCESSES }, serve));
  return tallies;
}
