// Run by telemetry.test.ts in a process of its own: opens a model in the way that argv[2] names, prints one JSON object,
// and stays until its standard input ends.
// dist/ is tested, because that is what runs at a user's.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, SHARE_ENV, Worker, workerData } from 'node:worker_threads';

const DIST = new URL('../../dist/step/', import.meta.url);

async function nodeEngine() {
  return (await import(new URL('node-engine.js', DIST).href)).nodeEngine;
}

async function nativeEngine() {
  const native = await import(new URL('native/engine.js', DIST).href);
  return native.nativeEngine(native.openNativeLibrary(), [{ name: 'cpu', options: {} }]);
}

async function step(folder, openEngine = nodeEngine) {
  const engine = await openEngine();
  const { readCard, stepModelOf } = await import(new URL('card-file.js', DIST).href);
  const net = await engine.open(stepModelOf(folder, await readCard(folder)), 2);
  net.open(1, 'a');
  net.input['x_t'].fill(1);
  net.step(Int32Array.of(1), 1);
  const stepped = net.save(1).some((byte, i) => i > 0 && byte !== 0);
  net.close();
  return { stepped };
}

/** What a program does that uses onnxruntime-node without kioku. */
async function openBare(folder) {
  const { InferenceSession } = createRequire(import.meta.url)('onnxruntime-node');
  const session = await InferenceSession.create(`${folder}/model.onnx`);
  await session.release();
  return { bare: true };
}

/** What becomes of a model that is new here: a process of its own opens it. */
async function inTrial(engine, folder) {
  const { tryModel } = await import(new URL('trial.js', DIST).href);
  const { readCard, stepModelOf } = await import(new URL('card-file.js', DIST).href);
  const { DEFAULT_RUNTIME } = await load('core/runtime.js');
  const model = stepModelOf(folder, await readCard(folder));
  await tryModel({ engine, runtime: DEFAULT_RUNTIME, model }, 0);
  return { stepped: true };
}

function load(file) {
  return import(new URL(`../${file}`, DIST).href);
}

/** A lane on threads of its own, as `kioku run` starts them. */
async function onThreads(model) {
  const { defineConfig } = await load('config/load.js');
  const { contextOf } = await load('stage-context.js');
  const { openLaneHost } = await load('open-lane-host.js');
  const source = { kind: 'replay', files: 'none.csv' };
  const config = await defineConfig({ source, model, sinks: [], runtime: { threads: 2 } });
  const lane = await openLaneHost(config, undefined, contextOf(config));
  const stepped = new Promise((resolve) => {
    lane.out.subscribe(({ steps }) => resolve(steps > 0));
  });
  const signal = { kind: 'channels', names: ['c0', 'c1'], stepUs: 0 };
  const data = Float64Array.of(1, 2);
  lane.push(
    [1, 2, 3].map((second) => {
      const us = second * 1e6;
      return { stream: 'a', source: 0, seq: second, us, arrivedUs: us, signal, data };
    }),
  );
  process.stdin.once('end', () => void lane.close());
  return { stepped: await stepped };
}

function inWorker(action, folder, options = {}) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(fileURLToPath(import.meta.url), { ...options, workerData: { action, folder } });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

const WAYS = {
  main: (folder) => step(folder),
  worker: async (folder) => {
    const { disableTelemetry } = await import(new URL('telemetry.js', DIST).href);
    disableTelemetry();
    return inWorker('step', folder);
  },
  'worker that shares the environment': (folder) => inWorker('step', folder, { env: SHARE_ENV }),
  'worker whose main thread knows nothing': (folder) => inWorker('step', folder),
  'native: main': (folder) => step(folder, nativeEngine),
  'native: worker': async (folder) => {
    const { disableTelemetry } = await import(new URL('telemetry.js', DIST).href);
    disableTelemetry();
    return inWorker('step natively', folder);
  },
  'native: worker that shares the environment': (folder) => inWorker('step natively', folder, { env: SHARE_ENV }),
  'native: worker whose main thread knows nothing': (folder) => inWorker('step natively', folder),
  'node: trial': (folder) => inTrial('node', folder),
  'native: trial': (folder) => inTrial('native', folder),
  'lane on threads': onThreads,
  'bare main': openBare,
  'bare worker that sets its own copy of the variable': (folder) => inWorker('set and open bare', folder),
};

const ACTIONS = {
  step: (folder) => step(folder),
  'step natively': (folder) => step(folder, nativeEngine),
  'set and open bare': (folder) => {
    process.env.ORT_DISABLE_TELEMETRY = '1';
    return openBare(folder);
  },
};

async function outcome(run) {
  try {
    return await run();
  } catch (error) {
    return { code: error.code, hint: error.hint, message: error.message };
  }
}

if (isMainThread) {
  const [, , way, folder] = process.argv;
  process.stdout.write(JSON.stringify(await outcome(() => WAYS[way](folder))));
  process.stdin.resume();
} else {
  parentPort.postMessage(await outcome(() => ACTIONS[workerData.action](workerData.folder)), []);
}
