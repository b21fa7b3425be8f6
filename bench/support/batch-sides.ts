/** Sides of the benchmark `step` that step many streams together. */
import type { Engine, Frame } from '../../src/core/contracts.js';
import { LocalLane } from '../../src/lane-host.js';
import { TensorGraph } from '../../src/onnx/tensor-graph.js';
import { stepModelOf } from '../../src/step/card-file.js';
import type { TestModel } from '../../test/support/step-model.js';
import { bareLane } from './bare-lane.js';
import { inputs, SPEC, type Side } from './step-sides.js';

export const STREAMS = 256;
/** Steps of all streams in a row: as many readings of each lie ready as a decoder would hand over. */
export const BLOCK = 8;
/** Side of the matrix whose product gives the machine's rate. */
export const GEMM_SIDE = 1024;
const STEP_US = 1_000_000;

/** What each stream has measured, as a decoder hands it over. */
function measured(): readonly Float64Array[] {
  const x = inputs(STREAMS);
  return Array.from({ length: STREAMS }, (_, i) =>
    Float64Array.from(x.subarray(i * SPEC.inputs, (i + 1) * SPEC.inputs)),
  );
}

/** The net with every stream in its place, and what whoever steps it has to do: its inputs are written, its outputs taken. */
export async function fedSide(engine: Engine, folder: string, model: TestModel): Promise<Side> {
  const net = await engine.open(stepModelOf(folder, model.card), STREAMS);
  const slots = Int32Array.from({ length: STREAMS }, (_, slot) => slot);
  for (const slot of slots) net.open(slot, String(slot));
  const rows = measured();
  const [x, y] = [net.input['x_t'], net.output['y_t']];
  const outputs = new Float32Array(STREAMS * SPEC.channels);
  return {
    name: 'fed',
    step: () => {
      for (let row = 0, at = 0; row < STREAMS; row++) {
        const values = rows[row];
        for (let i = 0; i < SPEC.inputs; i++, at++) x[at] = values[i];
      }
      net.step(slots, STREAMS);
      for (let i = 0; i < outputs.length; i++) outputs[i] = y[i];
    },
    output: () => outputs.subarray(0, SPEC.channels),
    close: () => net.close(),
  };
}

/** One time step of every stream by name through a lane, as the pipeline hands readings over: they were just made. */
export async function laneSide(engine: Engine, folder: string, { card }: TestModel): Promise<Side> {
  const net = await engine.open(stepModelOf(folder, card), STREAMS);
  const { lane, outputs } = bareLane(net);
  const host = new LocalLane(lane);
  const signal = {
    kind: 'channels',
    names: Array.from({ length: SPEC.inputs }, (_, i) => `x${i}`),
    stepUs: 0,
  } as const;
  let waiting: Frame[][] = [];
  let made = 0;
  let rows = 0;
  host.out.subscribe(({ steps }) => {
    rows += steps;
  });
  const data = measured();
  const streams = data.map((_, i) => `plant/device-${i}`);
  return {
    name: 'lane',
    begin: () => {
      if (rows !== made * STREAMS) throw new Error(`${rows} rows were stepped where ${made * STREAMS} were sent`);
      const batches = Array.from({ length: BLOCK }, () => {
        const us = ++made * STEP_US;
        return streams.map((stream, i) => {
          return { stream, source: 0, seq: made * STREAMS + i, us, arrivedUs: us, signal, data: data[i] };
        });
      });
      waiting = batches.toReversed();
      return Promise.resolve();
    },
    step: () => {
      const frames = waiting.pop();
      if (frames === undefined) throw new Error('more steps than readings');
      host.push(frames);
    },
    output: () => outputs.subarray(0, SPEC.channels),
    close: () => host.close(),
  };
}

/** x [256, 1024] · W [1024, 1024], as one node of a model without states. */
export async function gemmSide(engine: Engine): Promise<Side> {
  const g = new TensorGraph();
  const x = g.input(['B', GEMM_SIDE], 'x');
  const W = Float32Array.from({ length: GEMM_SIDE ** 2 }, (_, i) => Math.sin(i));
  g.output(g.gemm(x, g.constant(W, [GEMM_SIDE, GEMM_SIDE])), 'y');
  const port = (name: string) => ({ name, elementType: 'float32', shape: ['B', GEMM_SIDE] }) as const;
  const model = {
    path: 'a product of matrices',
    bytes: g.encode(),
    proven: true,
    sha256: '',
    inputs: [port('x')],
    outputs: [port('y')],
    states: [],
    constants: [],
  } as const;
  const net = await engine.open(model, STREAMS);
  net.input['x'].fill(0.5);
  const slots = Int32Array.from({ length: STREAMS }, (_, slot) => slot);
  return {
    name: 'gemm',
    step: () => net.step(slots, STREAMS),
    output: () => net.output['y'].subarray(0, 1),
    close: () => net.close(),
  };
}
