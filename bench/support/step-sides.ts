/** The same LSTM step by kioku and by others. Every side keeps its state itself and says what it costs in processor time. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import koffi from 'koffi';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Engine } from '../../src/core/contracts.js';
import { uniform } from '../../src/core/random.js';
import { stepModelOf } from '../../src/step/card-file.js';
import type { NetSpec } from '../../src/train/net-spec.js';
import type { TestModel } from '../../test/support/step-model.js';

/** The shape for which the bars were set: 32 inputs, 64 cells, 8 outputs. */
export const SPEC: NetSpec = {
  cell: 'lstm',
  inputs: 32,
  hidden: 64,
  layers: 1,
  channels: 8,
  objective: 'mse',
  dropout: 0,
  skip: false,
};

export interface Side {
  readonly name: string;
  /** Before a block of steps, not measured. */
  begin?(): Promise<unknown>;
  /** One step of every stream. */
  step(): void | Promise<void>;
  /** The first stream's output of the last step. */
  output(): ArrayLike<number>;
  close(): void | Promise<void>;
}

/** The same inputs in every step: what is measured does not depend on them. */
export function inputs(streams: number): Float32Array {
  return Float32Array.from({ length: streams * SPEC.inputs }, (_, i) => 2 * uniform(3, 0, i % SPEC.inputs) - 1);
}

/** @param name of the row @param streams all are stepped together */
export async function kiokuSide(
  name: string,
  engine: Engine,
  folder: string,
  { card }: TestModel,
  streams: number,
): Promise<Side> {
  const net = await engine.open(stepModelOf(folder, card), streams);
  const slots = Int32Array.from({ length: streams }, (_, slot) => slot);
  for (const slot of slots) net.open(slot, String(slot));
  net.input['x_t'].set(inputs(streams));
  return {
    name,
    step: () => net.step(slots, streams),
    output: () => net.output['y_t'].subarray(0, SPEC.channels),
    close: () => net.close(),
  };
}

function zeros(): Tensor {
  return new Tensor('float32', new Float32Array(SPEC.hidden), [1, SPEC.hidden]);
}

/** As the documentation of onnxruntime-node shows it; one thread, because several would only cost more. */
export async function ortNodeSide(onnx: Uint8Array): Promise<Side> {
  const session = await InferenceSession.create(onnx, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  const x = inputs(1);
  let [h0, c0] = [zeros(), zeros()];
  let y: Tensor | undefined;
  return {
    name: 'ort-node',
    step: async () => {
      const results = await session.run({ x_t: new Tensor('float32', x, [1, SPEC.inputs]), h0, c0 });
      [h0, c0, y] = [results['h0_next'], results['c0_next'], results['y_t']];
    },
    output: () => (y?.data ?? []) as Float32Array,
    close: () => session.release(),
  };
}

/** Entries of the table `OrtApi` that a bare loop needs (onnxruntime_c_api.h), each with its C type. */
const CALLS = {
  createEnv: [3, 'uintptr_t CreateEnv(int level, const char *id, _Out_ uintptr_t *out)'],
  createSession: [8, 'uintptr_t Create(uintptr_t env, void *model, size_t n, uintptr_t options, _Out_ uintptr_t *out)'],
  createOptions: [10, 'uintptr_t CreateOptions(_Out_ uintptr_t *out)'],
  setThreads: [24, 'uintptr_t SetThreads(uintptr_t options, int n)'],
  createTensor: [
    49,
    'uintptr_t Tensor(uintptr_t memory, void *data, size_t n, int64_t *dims, size_t rank, int type, _Out_ uintptr_t *out)',
  ],
  createMemory: [69, 'uintptr_t Memory(int allocator, int type, _Out_ uintptr_t *out)'],
  run: [133, 'uintptr_t Run(uintptr_t session, uintptr_t options, uintptr_t binding)'],
  createBinding: [134, 'uintptr_t Binding(uintptr_t session, _Out_ uintptr_t *out)'],
  bindInput: [136, 'uintptr_t BindInput(uintptr_t binding, const char *name, uintptr_t value)'],
  bindOutput: [137, 'uintptr_t BindOutput(uintptr_t binding, const char *name, uintptr_t value)'],
} as const;

const API_VERSION = 12;
const FLOAT = 1;

type Handle = number | bigint;
type NativeCall = (...args: readonly unknown[]) => Handle;

function check(status: Handle): void {
  if (Number(status) !== 0) throw new Error('a call of the C API failed');
}

/** The least that a JavaScript program can do: two bindings by hand, from state a to b and back, and one call a step. */
export function boundSide(onnx: Uint8Array): Side {
  const ort = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
  const file = join(ort, 'bin', 'napi-v6', process.platform, process.arch, 'libonnxruntime.so.1');
  const library = koffi.load(file);
  const base = library.func('void *OrtGetApiBase()')() as unknown;
  const getApi = koffi.decode(koffi.decode(base, 0, 'void *'), koffi.proto('void *GetApi(uint32_t version)')) as (
    version: number,
  ) => unknown;
  const table = getApi(API_VERSION);
  const calls = Object.fromEntries(
    Object.entries(CALLS).map(([name, [slot, type]]) => [
      name,
      koffi.decode(koffi.decode(table, slot * 8, 'void *'), koffi.proto(type)) as NativeCall,
    ]),
  ) as Readonly<Record<keyof typeof CALLS, NativeCall>>;
  const create = (name: keyof typeof CALLS, ...args: readonly unknown[]): Handle => {
    const out: [Handle] = [0];
    check(calls[name](...args, out));
    return out[0];
  };
  const options = create('createOptions');
  check(calls.setThreads(options, 1));
  const session = create('createSession', create('createEnv', 4, 'bound'), onnx, onnx.length, options);
  const memory = create('createMemory', 1, 0);
  const buffers: Float32Array[] = [];
  const tensor = (width: number): { readonly values: Float32Array; readonly handle: Handle } => {
    // A small typed array would lie in the heap of JavaScript, which moves things.
    const values = new Float32Array(new ArrayBuffer(4 * width));
    buffers.push(values);
    const dims = BigInt64Array.of(1n, BigInt(width));
    return { values, handle: create('createTensor', memory, values, values.byteLength, dims, 2, FLOAT) };
  };
  const [x, y] = [tensor(SPEC.inputs), tensor(SPEC.channels)];
  const [a, b] = [0, 1].map(() => ['h0', 'c0'].map((name) => ({ name, handle: tensor(SPEC.hidden).handle })));
  const binding = (before: typeof a, after: typeof a): Handle => {
    const handle = create('createBinding', session);
    check(calls.bindInput(handle, 'x_t', x.handle));
    check(calls.bindOutput(handle, 'y_t', y.handle));
    for (const state of before) check(calls.bindInput(handle, state.name, state.handle));
    for (const state of after) check(calls.bindOutput(handle, `${state.name}_next`, state.handle));
    return handle;
  };
  x.values.set(inputs(1));
  const run = calls.run;
  let [now, next] = [binding(a, b), binding(b, a)];
  return {
    name: 'bound-run',
    step: () => {
      if (run(session, 0, now) !== 0) throw new Error('a run failed');
      [now, next] = [next, now];
    },
    output: () => y.values,
    // The library stays loaded while the process lives: another side uses it too.
    close: () => void [library, buffers],
  };
}
