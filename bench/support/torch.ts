/** PyTorch in a process of its own, which runs a number of steps whenever it is told to. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** Debian's interpreter: the one that has python3-torch. */
export const PYTHON = '/usr/bin/python3';

export class Torch {
  private constructor(
    /** What the script has said of itself, word by word: first the version of PyTorch. */
    readonly about: readonly string[],
    private readonly child: ChildProcessByStdio<Writable, Readable, null>,
    private readonly lines: AsyncIterator<string>,
  ) {}

  /**
   * @param script in the folder of the benchmarks; prints a line, then one for each number of steps that it reads
   * @returns undefined where there is no PyTorch
   */
  static async start(script: string, args: readonly number[]): Promise<Torch | undefined> {
    if (!existsSync(PYTHON)) return undefined;
    // Both would hold OpenBLAS back: a kernel for an older processor, a smaller cache.
    const { OPENBLAS_CORETYPE: _core, OPENBLAS_L2_SIZE: _cache, ...inherited } = process.env;
    const child = spawn(PYTHON, [fileURLToPath(new URL(`../${script}`, import.meta.url)), ...args.map(String)], {
      env: { ...inherited, OPENBLAS_NUM_THREADS: '1', OMP_NUM_THREADS: '1' },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const first = await lines.next();
    return first.done === true ? undefined : new Torch(first.value.split(' '), child, lines);
  }

  /** @returns what the script says that a step took */
  async measure(steps: number): Promise<number> {
    this.child.stdin.write(`${steps}\n`);
    const answer = await this.lines.next();
    if (answer.done === true) throw new Error('the PyTorch process ended early');
    return Number(answer.value);
  }

  close(): void {
    this.child.stdin.end();
  }
}
