/**
 * ONNX Runtime phones home unless told not to. Each case is a process of its own with an empty home and no `CI`, because
 * the library looks for that variable and keeps still in a build.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { GRU, kiokuModel, writeModel } from '../support/step-model.js';
import { needsProgram, PATH_WITH_SBIN } from '../support/needs.js';

const CHILD = fileURLToPath(new URL('telemetry-child.mjs', import.meta.url));

/** System calls that make or change a file, or reach for the network. */
const CALLS =
  'open,openat,creat,mkdir,mkdirat,rename,renameat,renameat2,link,linkat,symlink,symlinkat,truncate,' +
  'socket,connect,bind,sendto,sendmsg,sendmmsg';

/** What a lookup by name reads or asks. */
const LOOKUP = /"\/etc\/(resolv\.conf|hosts|nsswitch\.conf)"|htons\(53\)/;

let root: string;
let model: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'kioku-telemetry-'));
  model = await writeModel(join(root, 'model'), kiokuModel(GRU));
});
afterAll(() => rm(root, { recursive: true }));

interface Observed {
  readonly result: unknown;
  /** Files that appeared in the home, temporary and working folders. */
  readonly files: readonly string[];
  /** Lines of strace about written files and the network. */
  readonly calls: readonly string[];
}

let boxes = 0;

/** A process that has opened the model in the given way and stays until `end`. */
class Child {
  readonly #box = join(root, `box-${boxes++}`);
  readonly #trace = `${this.#box}.strace`;
  readonly #process: ChildProcess;
  #stdout = '';
  #stderr = '';

  constructor(way: string, traced: boolean) {
    for (const folder of ['home', 'tmp', 'work']) mkdirSync(join(this.#box, folder), { recursive: true });
    const node = [process.execPath, CHILD, way, model];
    const [program, ...args] = traced
      ? ['strace', '-f', '-qq', '-o', this.#trace, '-e', `trace=${CALLS}`, ...node]
      : node;
    this.#process = spawn(program, args, {
      cwd: join(this.#box, 'work'),
      env: { PATH: PATH_WITH_SBIN, HOME: join(this.#box, 'home'), TMPDIR: join(this.#box, 'tmp') },
    });
    this.#process.stdout?.on('data', (chunk: Buffer) => (this.#stdout += chunk.toString()));
    this.#process.stderr?.on('data', (chunk: Buffer) => (this.#stderr += chunk.toString()));
  }

  /** The session is open: the child has printed its result. */
  async opened(): Promise<void> {
    await vi.waitUntil(() => this.#stdout !== '', { timeout: 10_000, interval: 20 });
  }

  calls(): string[] {
    return existsSync(this.#trace) ? readFileSync(this.#trace, 'utf8').split('\n').filter(isWriteOrNetwork) : [];
  }

  async end(): Promise<Observed> {
    this.#process.stdin?.end();
    await once(this.#process, 'close');
    if (this.#process.exitCode !== 0) throw new Error(`the child failed: ${this.#stderr}`);
    const files = readdirSync(this.#box, { recursive: true, encoding: 'utf8' }).filter((path) => path.includes('/'));
    return { result: JSON.parse(this.#stdout), files, calls: this.calls() };
  }
}

function isWriteOrNetwork(line: string): boolean {
  if (LOOKUP.test(line)) return true;
  if (line.includes('ENOENT') || line.includes('"/dev/') || !line.includes('(')) return false;
  return !/\bopen(at)?\(/.test(line) || /O_WRONLY|O_RDWR|O_CREAT/.test(line);
}

describe('telemetry', () => {
  const ways = ['main', 'worker', 'worker that shares the environment'];
  const quiet = [...ways, ...ways.map((way) => `native: ${way}`), 'node: trial', 'native: trial', 'lane on threads'];

  it.each(quiet)('writes nothing: %s', async (way) => {
    const { result, files } = await new Child(way, false).end();
    expect(result).toEqual({ stepped: true });
    expect(files).toEqual([]);
  });

  it.each(['', 'native: '])('refuses a worker that cannot switch it off, and says what to do: %s', async (engine) => {
    const { result, files } = await new Child(`${engine}worker whose main thread knows nothing`, false).end();
    expect(result).toMatchObject({ code: 'TELEMETRY', hint: expect.stringContaining('disableTelemetry()') as unknown });
    expect(files).toEqual([]);
  });

  const loud = ['bare main', 'bare worker that sets its own copy of the variable'];

  it.each(loud)('would write into the home folder: %s', async (way) => {
    const { result, files } = await new Child(way, false).end();
    expect(result).toEqual({ bare: true });
    expect(files).toContainEqual(expect.stringMatching(/^home\/.*onnxruntime\.db$/));
  });

  // The library looks its host up about ten seconds after the start. The others start before it, so that they are
  // watched for at least as long.
  it('makes no file anywhere and looks up no host, where ONNX Runtime left alone does both', async (ctx) => {
    needsProgram(ctx, 'strace');
    const children = quiet.map((way) => new Child(way, true));
    for (const child of children) await child.opened();
    const alone = new Child('bare main', true);
    await vi.waitUntil(() => alone.calls().some((line) => LOOKUP.test(line)), { timeout: 25_000, interval: 100 });
    const { calls } = await alone.end();
    expect(calls).toContainEqual(expect.stringContaining('onnxruntime.db'));
    for (const child of children) {
      const observed = await child.end();
      expect(observed.result).toEqual({ stepped: true });
      expect(observed.calls).toEqual([]);
    }
  });
});
