/** What the library is told, refuses and gives back: providers, errors, memory. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { BugError } from '../../../src/core/errors.js';
import type { ProviderOptions } from '../../../src/core/runtime.js';
import { TensorGraph } from '../../../src/onnx/tensor-graph.js';
import { nativeEngine, openNativeLibrary, type NativeLibrary } from '../../../src/step/native/engine.js';
import { NativeSession, openSession } from '../../../src/step/native/session.js';
import { probeModel } from '../../../src/step/probe.js';
import { TensorBuffer, type BoundTensor } from '../../../src/step/session.js';

const CPU = { name: 'cpu', options: {} };
const CUDA = { name: 'cuda', options: { device_id: '0' } };

let library: NativeLibrary;
let collectGarbage: () => void;

beforeAll(() => {
  library = openNativeLibrary();
  setFlagsFromString('--expose-gc');
  collectGarbage = runInNewContext('gc') as () => void;
});

/** y [B, 2] = 2 · x [B, 2] */
function doubling(): Uint8Array {
  const g = new TensorGraph();
  const x = g.input(['B', 2], 'x');
  g.output(g.mul(x, g.scalar(2)), 'y');
  return g.encode();
}

function tensor(name: string, shape: readonly number[], values: readonly number[]): BoundTensor {
  const buffer = new TensorBuffer('float32', values.length);
  values.forEach((value, i) => (buffer.values[i] = value));
  return { name, shape, buffer };
}

function open(providers: readonly ProviderOptions[] = [CPU], model = doubling()): NativeSession {
  const opened = openSession(library, model, providers);
  const session = new NativeSession(library, opened, () => library.api.release('ReleaseSession', opened.address));
  onTestFinished(() => session.close());
  return session;
}

/** Bytes that this process holds in memory, after what is garbage has gone. */
function residentBytes(): number {
  collectGarbage();
  return process.memoryUsage.rss();
}

/**
 * Bytes that the memory of this process grew by in the round in which it grew least. What is never given back makes every
 * round grow. What the allocators keep for the next time comes and goes with how the threads are scheduled: on a busy
 * machine one round grew by 19 MB, and the next by nothing.
 */
async function leastGrowth(round: () => void | Promise<void>): Promise<number> {
  let least = Infinity;
  for (let i = 0; i < 5; i++) {
    const before = residentBytes();
    await round();
    least = Math.min(least, residentBytes() - before);
  }
  return least;
}

/** Bytes of array buffers, in which the states of streams are. */
function heldBytes(): number {
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}

describe('the library of ONNX Runtime', () => {
  it('says which one it is', () => {
    expect(library.version).toMatch(/^1\.\d+\.\d+$/);
    expect(library.path).toContain('onnxruntime');
    expect(nativeEngine(library, [CPU]).version).toBe(library.version);
  });

  it.each([
    ['is not there', '/nowhere/libonnxruntime.so'],
    ['is no library', new URL('../../../package.json', import.meta.url).pathname],
    ['is another library', process.platform === 'linux' ? 'libm.so.6' : '/usr/lib/libSystem.dylib'],
  ])('is refused with its path when it %s', (_, path) => {
    const expected = { code: 'PLATFORM', message: expect.stringContaining(path) as unknown };
    expect(() => openNativeLibrary(path)).toThrow(expect.objectContaining(expected));
  });
});

describe('execution providers', () => {
  it('are tried in turn, and one that does not work is skipped with its reason', () => {
    const unknown = { name: 'abacus', options: {} };
    const session = open([CUDA, unknown, CPU]);
    expect(session.provider).toBe('native/cpu');
    expect(session.skipped).toMatchObject([
      { name: 'cuda', reason: expect.stringMatching(/CUDA|cuda|librar/) as unknown },
      { name: 'abacus', reason: expect.stringContaining("'abacus'") as unknown },
    ]);
  });

  it('are an error with every reason when none works', () => {
    const expected = { code: 'PLATFORM', message: expect.stringMatching(/cuda: .+qnn: .+/) as unknown };
    const qnn = { name: 'qnn', options: { backend_path: 'libQnnHtp.so' } };
    expect(() => open([CUDA, qnn])).toThrow(expect.objectContaining(expected));
  });

  it('are not to blame for a model that is damaged', () => {
    const model = doubling();
    for (const bytes of [new Uint8Array(0), Uint8Array.of(1, 2, 3), model.subarray(0, model.length >> 1)]) {
      const expected = expect.objectContaining({ code: 'MODEL_INVALID' });
      expect(() => open([CUDA, CPU], bytes)).toThrow(expected);
    }
  });
});

describe('a bound run', () => {
  it('reads and writes the memory that it was bound to, as often as it is run', () => {
    const x = tensor('x', [2, 2], [1, 2, 3, 4]);
    const y = tensor('y', [2, 2], [0, 0, 0, 0]);
    const run = open().bind([x], [y]);
    run.run();
    expect([...y.buffer.values]).toEqual([2, 4, 6, 8]);
    x.buffer.values[3] = -1;
    run.run();
    expect([...y.buffer.values]).toEqual([2, 4, 6, -2]);
  });

  it('keeps its memory while nobody else does', () => {
    const session = open();
    const y = tensor('y', [1, 2], [0, 0]);
    const runs = Array.from({ length: 200 }, (_, i) => session.bind([tensor('x', [1, 2], [i, -i])], [y]));
    collectGarbage();
    // Whatever was freed is written over.
    const others = Array.from({ length: 2000 }, () => new Float32Array(new ArrayBuffer(8)).fill(7));
    runs.forEach((run, i) => {
      run.run();
      expect([...y.buffer.values]).toEqual([2 * i, -2 * i]);
    });
    expect(others).toHaveLength(2000);
  });

  it('refuses names and shapes that the model does not have', () => {
    const session = open();
    const x = tensor('x', [1, 2], [1, 2]);
    const y = tensor('y', [1, 2], [0, 0]);
    const engineError = expect.objectContaining({ code: 'ENGINE' });
    expect(() => session.bind([{ ...x, name: 'z' }], [y]).run()).toThrow(engineError);
    expect(() => session.bind([x], [{ ...y, name: 'z' }]).run()).toThrow(engineError);
    expect(() => session.bind([{ ...x, shape: [3, 1] }], [y])).toThrow(BugError);
    const wide = tensor('x', [1, 3], [1, 2, 3]);
    const run = session.bind([wide], [y]);
    expect(() => run.run()).toThrow(engineError);
    expect(() => session.bind([x], [y]).run()).not.toThrow();
  });

  it('may be released twice, also after its session, and then refuses to run', () => {
    const session = open();
    const bind = () => session.bind([tensor('x', [1, 2], [1, 2])], [tensor('y', [1, 2], [0, 0])]);
    const [first, second] = [bind(), bind()];
    first.release();
    first.release();
    second.run();
    session.close();
    session.close();
    second.release();
    for (const run of [first, second]) expect(() => run.run()).toThrow(BugError);
    expect(bind).toThrow(BugError);
  });
});

describe('memory', () => {
  it('is given back by nets that are opened, stepped and closed', async () => {
    const engine = nativeEngine(library, [CPU]);
    const model = probeModel();
    const use = async (): Promise<void> => {
      const net = await engine.open(model, 300);
      for (let slot = 0; slot < 300; slot++) net.open(slot, 'a');
      for (const slots of [Int32Array.of(0), Int32Array.from({ length: 300 }, (_, slot) => slot)]) {
        net.step(slots, slots.length);
      }
      net.close();
    };
    const round = async (): Promise<void> => {
      for (let i = 0; i < 50; i++) await use();
    };
    // One such session takes 0.3 MB and its blocks, buckets and bindings as much again.
    expect(await leastGrowth(round)).toBeLessThan(2.5e6);
  });

  it('is given back by streams that have left, however many came', async () => {
    const capacity = 20_000;
    const net = await nativeEngine(library, [CPU]).open(probeModel(), capacity);
    onTestFinished(() => net.close());
    const all = Int32Array.from({ length: capacity }, (_, slot) => slot);
    net.open(0, 'a');
    // Blocks that step as they lie have their states twice.
    const stateBytes = capacity * 2 * (net.save(0).length - 1);
    const few = heldBytes();
    for (let time = 0; time < 4; time++) {
      for (const slot of all) net.open(slot, 'a');
      for (let from = 0; from < capacity; from += 1000) net.step(all.subarray(from, from + 1000), 1000);
      expect(heldBytes() - few).toBeGreaterThan(stateBytes);
      for (const slot of all) if (slot > 0) net.leave(slot);
      // What was collected is freed on another thread.
      await vi.waitUntil(() => heldBytes() - few < stateBytes / 10, { timeout: 5000 });
    }
  });

  it('is given back by runs that are bound and released', async () => {
    const session = open();
    const [x, y] = [tensor('x', [1, 2], [1, 2]), tensor('y', [1, 2], [0, 0])];
    const round = (): void => {
      for (let i = 0; i < 20_000; i++) session.bind([x], [y]).release();
    };
    // A binding and its two values take more than 500 bytes.
    expect(await leastGrowth(round)).toBeLessThan(2.5e6);
  });

  it('is given back by errors', async () => {
    const session = open();
    const run = session.bind([tensor('x', [1, 3], [1, 2, 3])], [tensor('y', [1, 2], [0, 0])]);
    let failures = 0;
    const round = (): void => {
      for (let i = 0; i < 10_000; i++) {
        try {
          run.run();
        } catch {
          failures++;
        }
      }
    };
    // A status with its text takes more than 500 bytes.
    expect(await leastGrowth(round)).toBeLessThan(2.5e6);
    expect(failures).toBe(5 * 10_000);
  });

  // Wide rows are copied through a view of their memory, which a block takes once, not once a stream.
  it.each([
    ['one stream', 1, 1, 0],
    ['a few of a block', 64, 2, 0],
    ['a whole block', 64, 64, 400],
  ])('is not taken by steps: %s', async (_, capacity, n, viewBytes) => {
    const net = await nativeEngine(library, [CPU]).open(probeModel(), capacity);
    onTestFinished(() => net.close());
    for (let slot = 0; slot < capacity; slot++) net.open(slot, 'a');
    const slots = Int32Array.from({ length: n }, (_slot, i) => i);
    const steps = (times: number): void => {
      for (let i = 0; i < times; i++) net.step(slots, n);
    };
    steps(20_000);
    // What the heap grew in each of ten rounds; a collection in between makes it less, so the median is looked at.
    const grown = Array.from({ length: 10 }, () => {
      const before = process.memoryUsage().heapUsed;
      steps(2000);
      return process.memoryUsage().heapUsed - before;
    });
    const median = grown.toSorted((a, b) => a - b)[5];
    // Less than a number a step.
    expect(median).toBeLessThan(2000 * (viewBytes + 8));
  });
});
