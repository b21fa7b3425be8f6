import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLog } from '../../src/cli/log.js';
import type { Engine, Net } from '../../src/core/contracts.js';
import { DEFAULT_RUNTIME, type RuntimeOptions } from '../../src/core/runtime.js';
import type { StepModel } from '../../src/core/step-model.js';
import { compareEngines } from '../../src/step/agreement.js';
import { readCard, stepModelOf } from '../../src/step/card-file.js';
import { nodeEngine } from '../../src/step/node-engine.js';
import { openEngine, requireAgreement } from '../../src/step/open-engine.js';
import { PROBE_EXERCISE, probeModel } from '../../src/step/probe.js';
import { sileroModel } from '../../src/step/silero.js';
import { needsProgram } from '../support/needs.js';
import { RecordingLog } from '../support/stages.js';
import { GRU, kiokuModel, writeModel } from '../support/step-model.js';

/** A build of ONNX Runtime that is not the one inside onnxruntime-node. */
const OTHER_LIBRARY = fileURLToPath(
  new URL('../../node_modules/sherpa-onnx-linux-x64/libonnxruntime.so', import.meta.url),
);

let folder = '';
let known: StepModel;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kioku-engine-'));
  const model = await writeModel(join(folder, 'model'), kiokuModel(GRU));
  known = stepModelOf(model, await readCard(model));
});
afterAll(() => rm(folder, { recursive: true }));

let caches = 0;
let cache = '';
beforeEach(() => {
  cache = join(folder, `cache-${caches++}`);
  vi.stubEnv('XDG_CACHE_HOME', cache);
  return () => vi.unstubAllEnvs();
});

function runtime(parts: Partial<RuntimeOptions> = {}): RuntimeOptions {
  return { ...DEFAULT_RUNTIME, ...parts };
}

async function skippedByNode(...names: readonly string[]): Promise<Net['skipped']> {
  const providers = names.map((name) => ({ name, options: {} }));
  const net = await (await openEngine(runtime({ engine: 'node', providers }), new RecordingLog())).open(known, 1);
  net.close();
  return net.skipped;
}

const CUDA_THEN_CPU = ['cuda', 'cpu'].map((name) => ({ name, options: {} }));

describe('the engine', () => {
  it('is the native one where it works, and agrees to the bit with the library inside onnxruntime-node', async () => {
    const log = new RecordingLog();
    const engine = await openEngine(runtime(), log);
    expect(engine).toMatchObject({ name: 'native', version: nodeEngine.version });
    expect(log.lines).toEqual([expect.stringMatching(/^debug the native engine agrees.*"difference":0,/)]);
    const net = await engine.open(known, 1);
    expect(net.provider).toBe('native/cpu');
    net.close();
    // Nothing was unknown.
    expect(existsSync(cache)).toBe(false);
  });

  it('is onnxruntime-node where that is asked for', async () => {
    const log = new RecordingLog();
    expect(await openEngine(runtime({ engine: 'node' }), log)).toMatchObject({ name: 'node' });
    expect(log.lines).toEqual([]);
  });

  it('is onnxruntime-node, and the log says why, where the native one does not load', async () => {
    const log = new RecordingLog();
    const library = join(folder, 'none.so');
    expect((await openEngine(runtime({ library }), log)).name).toBe('node');
    expect(log.lines).toContainEqual(
      expect.stringMatching(/^warn the native engine does not work.*PLATFORM.*none\.so/),
    );
    await expect(openEngine(runtime({ library, engine: 'native' }), log)).rejects.toMatchObject({ code: 'PLATFORM' });
    const providers = [{ name: 'cuda', options: {} }];
    await expect(openEngine(runtime({ providers }), log)).rejects.toMatchObject({ code: 'PLATFORM' });
  });

  it('is onnxruntime-node where the native one would crash, and this process lives on', async (ctx) => {
    needsProgram(ctx, 'gcc');
    const [source, library] = [join(folder, 'crash.c'), join(folder, 'crash.so')];
    await writeFile(source, 'void *OrtGetApiBase(void) { __builtin_trap(); }');
    execFileSync('gcc', ['-shared', '-fPIC', '-o', library, source]);
    const log = new RecordingLog();
    expect((await openEngine(runtime({ library }), log)).name).toBe('node');
    expect(log.lines).toContainEqual(
      expect.stringMatching(/^warn the native engine does not work.*PLATFORM.*crash\.so does not work with cpu.*SIG/),
    );
  });

  it('says which hardware it had to do without', async () => {
    const engine = await openEngine(runtime({ providers: CUDA_THEN_CPU }), new RecordingLog());
    const net = await engine.open(known, 1);
    expect(net).toMatchObject({ provider: 'native/cpu', skipped: [{ name: 'cuda' }] });
    net.close();
  });

  it('says so, too, where onnxruntime-node serves', async () => {
    expect(await skippedByNode('tensorrt', 'cuda', 'cpu')).toMatchObject([{ name: 'tensorrt' }, { name: 'cuda' }]);
    expect(await skippedByNode('cpu', 'cuda')).toEqual([]);
  });

  it('takes another build of ONNX Runtime, which is tried in another process once', async (ctx) => {
    if (!existsSync(OTHER_LIBRARY)) ctx.skip('needs sherpa-onnx-linux-x64, which npm installs on Linux x64');
    const log = new RecordingLog();
    const chosen = runtime({ engine: 'native', library: OTHER_LIBRARY });
    const first = await openEngine(chosen, log);
    expect(first.version).not.toBe(nodeEngine.version);
    await openEngine(chosen, log);
    expect(log.lines.filter((line) => line.includes('first tried in another process'))).toHaveLength(1);
  });
});

/** The packaged Silero VAD with one (empty) entry of metadata more: nobody has seen that before. */
async function unknownModel(name: string): Promise<StepModel> {
  const { model } = await sileroModel();
  const path = join(folder, name);
  await writeFile(path, Buffer.concat([await readFile(model.path), Buffer.from([(14 << 3) | 2, 0])]));
  return (await sileroModel(path)).model;
}

describe('an unknown model', () => {
  it('is tried in another process once, over restarts', async () => {
    const log = new RecordingLog();
    const model = await unknownModel('silero.onnx');
    expect(model.proven).toBe(false);
    for (let start = 0; start < 2; start++) {
      const net = await (await openEngine(runtime({ engine: 'node' }), log)).open(model, 1);
      net.close();
    }
    expect(log.lines).toEqual([expect.stringMatching(/^debug a model that is new here.*silero\.onnx/)]);
    expect(readdirSync(join(cache, 'kioku', 'proven'))).toHaveLength(1);
  });

  it('is tried each time where nothing can be remembered, which is no mistake', async () => {
    const file = join(folder, 'no-folder');
    await writeFile(file, '');
    vi.stubEnv('XDG_CACHE_HOME', file);
    const log = new RecordingLog();
    const engine = await openEngine(runtime({ engine: 'node' }), log);
    (await engine.open(await unknownModel('again.onnx'), 1)).close();
    expect(log.lines.at(-1)).toMatch(/^debug cannot remember/);
  });

  it.runIf(process.platform === 'linux')(
    'is tried each time where the system says that a folder is not there and lets nobody make it',
    async () => {
      vi.stubEnv('XDG_CACHE_HOME', '/proc');
      const log = new RecordingLog();
      const engine = await openEngine(runtime({ engine: 'node' }), log);
      (await engine.open(await unknownModel('proc.onnx'), 1)).close();
      expect(log.lines.at(-1)).toMatch(/^debug cannot remember.*ENOENT/);
    },
  );

  it('is announced by a logger whose methods must not be called without it', async () => {
    const lines: string[] = [];
    const log = createLog('debug', { write: (line) => void lines.push(line) });
    const engine = await openEngine(runtime({ engine: 'node' }), log);
    (await engine.open(await unknownModel('announced.onnx'), 1)).close();
    expect(lines).toEqual([expect.stringContaining('a model that is new here')]);
  });

  it('is refused when it is damaged', async () => {
    const path = join(folder, 'damaged.onnx');
    await writeFile(path, (await readFile(known.path)).subarray(0, 900));
    const engine = await openEngine(runtime(), new RecordingLog());
    await expect(engine.open({ ...known, path, proven: false }, 1)).rejects.toMatchObject({ code: 'MODEL_INVALID' });
  });
});

/** onnxruntime-node as another engine, whose results are off by `error`. */
function wrongBy(error: number, provider: string): Engine {
  return {
    name: 'wrong',
    async open(model, capacity) {
      const net = await nodeEngine.open(model, capacity);
      const step = net.step.bind(net);
      return Object.create(net, {
        provider: { value: provider },
        open: { value: net.open.bind(net) },
        close: { value: net.close.bind(net) },
        step: {
          value: (slots: Int32Array, n: number) => {
            step(slots, n);
            net.output['y'][1] += error;
          },
        },
      }) as typeof net;
    },
  };
}

function agree(engine: Engine): Promise<unknown> {
  return requireAgreement(probeModel(), engine, nodeEngine, PROBE_EXERCISE);
}

describe('agreement', () => {
  it('is what the probe shows of two engines: its results move, and differences in them are seen', async () => {
    const same = await compareEngines(probeModel(), nodeEngine, nodeEngine, PROBE_EXERCISE);
    expect(same).toMatchObject({ difference: 0, provider: 'node/cpu' });
    const { difference } = await compareEngines(probeModel(), wrongBy(1e-3, 'wrong/cpu'), nodeEngine, PROBE_EXERCISE);
    expect(difference).toBeCloseTo(1e-3, 6);
  });

  it('is asked of processors to 1e-5, of other hardware to 1e-2', async () => {
    await expect(agree(wrongBy(2e-6, 'wrong/cpu'))).resolves.toBeDefined();
    await expect(agree(wrongBy(1e-4, 'wrong/cpu'))).rejects.toMatchObject({
      code: 'ENGINE',
      message: expect.stringMatching(/wrong\/cpu and node differ by 1\.0e-4, 0\.00001 is allowed/) as string,
    });
    await expect(agree(wrongBy(1e-3, 'wrong/cuda'))).resolves.toBeDefined();
    await expect(agree(wrongBy(0.1, 'wrong/cuda'))).rejects.toMatchObject({ code: 'ENGINE' });
    await expect(agree(wrongBy(NaN, 'wrong/cuda'))).rejects.toMatchObject({ code: 'ENGINE' });
  });
});
