// Run by telemetry.test.ts in a process of its own: opens a model in the way that argv[2] names, prints one JSON object,
// and stays until its standard input ends.
// dist/ is tested, because that is what runs at a user's.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, SHARE_ENV, Worker, workerData } from 'node:worker_threads';

const DIST = new URL('../../dist/step/', import.meta.url);

async function step(folder) {
  const { nodeEngine } = await import(new URL('node-engine.js', DIST).href);
  const { readCard, stepModelOf } = await import(new URL('card-file.js', DIST).href);
  const net = await nodeEngine.open(stepModelOf(folder, await readCard(folder)), 2);
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

function inWorker(action, folder, options = {}) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(fileURLToPath(import.meta.url), { ...options, workerData: { action, folder } });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

const WAYS = {
  main: step,
  worker: async (folder) => {
    const { disableTelemetry } = await import(new URL('telemetry.js', DIST).href);
    disableTelemetry();
    return inWorker('step', folder);
  },
  'worker that shares the environment': (folder) => inWorker('step', folder, { env: SHARE_ENV }),
  'worker whose main thread knows nothing': (folder) => inWorker('step', folder),
  'bare main': openBare,
  'bare worker that sets its own copy of the variable': (folder) => inWorker('set and open bare', folder),
};

const ACTIONS = {
  step,
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
