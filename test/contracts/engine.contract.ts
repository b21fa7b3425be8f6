/** What every engine must keep; each engine's own test calls this. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine, Net } from '../../src/core/contracts.js';
import { BugError } from '../../src/core/errors.js';
import { uniform } from '../../src/core/random.js';
import { readCard, stepModelOf } from '../../src/step/card-file.js';
import { isLearningNet, type LearningNet } from '../../src/core/learning-net.js';
import type { NetSpec } from '../../src/train/net-spec.js';
import { StepByHand } from '../support/step-by-hand.js';
import {
  GRU,
  kiokuModel,
  maskedModel,
  PARAMETER_SEED,
  publishedModel,
  writeModel,
  type TestModel,
} from '../support/step-model.js';

const LSTM: NetSpec = { ...GRU, cell: 'lstm', hidden: 9, layers: 2, channels: 1, inputs: 1, objective: 'mse' };

const MODELS: Readonly<Record<string, (seed?: number) => TestModel>> = {
  'gru, one step a run': (seed) => kiokuModel(GRU, 'plain', seed),
  'two-layer lstm, several steps a run': (seed) => kiokuModel(LSTM, 'fused', seed),
  'gru, several steps a run': (seed) => kiokuModel(GRU, 'fused', seed),
  'lstm with row mask': (seed) => maskedModel(LSTM, seed),
  'published layout, batch axis in the middle, no mask': publishedModel,
};

const RUNS = { numRuns: 30 };

function only(record: Readonly<Record<string, Float32Array>>): Float32Array {
  const [values] = Object.values(record);
  return values;
}

/** A net of which every slot is open. */
async function openFolder(engine: Engine, folder: string, capacity: number): Promise<Net> {
  const net = await engine.open(stepModelOf(folder, await readCard(folder)), capacity);
  for (let slot = 0; slot < capacity; slot++) net.open(slot, `stream-${slot}`);
  return net;
}

/** @throws when the weights of the net cannot be changed */
function learning(net: Net): LearningNet {
  if (!isLearningNet(net)) throw new Error(`${net.provider} cannot learn`);
  return net;
}

/** n · steps rows of a net, and what they leave behind. */
interface Chunk {
  readonly slots: readonly number[];
  readonly steps: number;
}

/** As a `Net` wants it: row t·n + i is step t of `slots[i]`. @returns the rows of the output */
function stepChunk(net: Net, { slots, steps }: Chunk, time: number): string[] {
  const n = slots.length;
  for (let t = 0; t < steps; t++) slots.forEach((slot, i) => feed(net, t * n + i, slot, time + t));
  net.step(Int32Array.from(slots), n, steps);
  return Array.from({ length: n * steps }, (_, row) => outputBits(net, row));
}

/** Row `row` of the net's input becomes the measurement number `time` of stream `stream`. */
function feed(net: Net, row: number, stream: number, time: number): void {
  const x = only(net.input);
  const width = x.length / net.rows;
  for (let i = 0; i < width; i++) x[row * width + i] = 4 * uniform(stream, time, i) - 2;
}

/** As text: it tells -0 from 0 and one NaN from another, and is compared ten times as fast as an array. */
function bitsOf(values: Uint8Array | Float32Array): string {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('hex');
}

function outputRow(net: Net, row: number): Float32Array {
  const y = only(net.output);
  const width = y.length / net.rows;
  return y.subarray(row * width, (row + 1) * width);
}

function outputBits(net: Net, row: number): string {
  return bitsOf(outputRow(net, row));
}

function states(net: Net): string[] {
  return Array.from({ length: net.capacity }, (_, slot) => bitsOf(net.save(slot)));
}

function resetAll(net: Net): void {
  for (let slot = 0; slot < net.capacity; slot++) net.reset(slot);
}

/** One stream alone, through the net's slot `slot`. */
function stepAlone(net: Net, slot: number, stream: number, time: number): string {
  feed(net, 0, stream, time);
  net.step(Int32Array.of(slot), 1);
  return outputBits(net, 0);
}

/** Some slots of `capacity`, in any order. */
function someSlots(capacity: number): fc.Arbitrary<number[]> {
  return fc.shuffledSubarray(Array.from({ length: capacity }, (_, slot) => slot));
}

function distance(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
}

function float32Of(bytes: Uint8Array): Float32Array {
  return new Float32Array(Uint8Array.from(bytes).buffer);
}

/**
 * @param makeEngine called once
 * @param tolerance of the values themselves against those of onnxruntime-node; what an engine's own ways of computing give
 *   is compared bit for bit
 */
export function engineContract(name: string, makeEngine: () => Engine, tolerance = 0): void {
  describe(`engine contract: ${name}`, () => {
    const engine = makeEngine();
    let folder: string;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'kioku-engine-'));
    });
    afterAll(() => rm(folder, { recursive: true }));

    describe.each(Object.entries(MODELS))('%s', (title, makeModel) => {
      let model: string;
      let nets: Net[];

      async function open(capacity: number): Promise<Net> {
        const net = await openFolder(engine, model, capacity);
        nets.push(net);
        return net;
      }

      beforeAll(async () => {
        model = await writeModel(join(folder, title.replaceAll(' ', '-')), makeModel());
        nets = [];
      });
      afterAll(() => {
        for (const net of nets) net.close();
      });

      it('computes what the model computes when ONNX Runtime is fed by hand', async () => {
        const net = await open(6);
        const byHand = new StepByHand(makeModel());
        const slots = Int32Array.of(4, 2, 5);
        const x = only(net.input);
        const width = x.length / net.rows;
        for (let time = 0; time < 5; time++) {
          for (let row = 0; row < 3; row++) feed(net, row, row, time);
          const expected = byHand.step(x.slice(width, 2 * width));
          net.step(slots, 3);
          expect(distance(outputRow(net, 1), expected)).toBeLessThanOrEqual(tolerance);
        }
        expect(distance(float32Of(net.save(2).subarray(1)), float32Of(byHand.state()))).toBeLessThanOrEqual(tolerance);
        byHand.close();
      });

      it('gives any subset of streams, in any order, what each gets alone, and leaves the others untouched', async () => {
        const capacity = 24;
        const [batched, alone] = [await open(capacity), await open(capacity)];
        const batches = fc.array(someSlots(capacity), { maxLength: 6 });
        fc.assert(
          fc.property(batches, (steps) => {
            resetAll(batched);
            resetAll(alone);
            steps.forEach((slots, time) => {
              slots.forEach((slot, row) => feed(batched, row, slot, time));
              batched.step(Int32Array.from(slots), slots.length);
              const together = slots.map((_, row) => outputBits(batched, row));
              const single = slots.map((slot) => stepAlone(alone, slot, slot, time));
              expect(together).toEqual(single);
              expect(states(batched)).toEqual(states(alone));
            });
          }),
          RUNS,
        );
      });

      it('does not depend on how many slots the net has', async () => {
        // The same streams nearly fill one net and are few in the other: an engine may run them in different ways.
        const [full, roomy] = [await open(20), await open(300)];
        fc.assert(
          fc.property(fc.array(someSlots(20), { minLength: 1, maxLength: 5 }), (steps) => {
            resetAll(full);
            for (let slot = 0; slot < 20; slot++) roomy.reset(slot);
            steps.forEach((slots, time) => {
              for (const net of [full, roomy]) {
                slots.forEach((slot, row) => feed(net, row, slot, time));
                net.step(Int32Array.from(slots), slots.length);
              }
              slots.forEach((_, row) => expect(outputBits(full, row)).toEqual(outputBits(roomy, row)));
            });
            expect(states(full)).toEqual(states(roomy).slice(0, 20));
          }),
          RUNS,
        );
      });

      it('takes several steps in one run with the bits of single ones, where the model has a time axis', async () => {
        const capacity = 20;
        const [chunked, single] = [await open(capacity), await open(capacity)];
        const { maxSteps } = chunked;
        expect(maxSteps > 1).toBe(makeModel().card.inputs.x.timeAxis === true);
        expect(() => chunked.step(Int32Array.of(0), 1, 2 * maxSteps)).toThrow(BugError);
        const chunk = fc.record({
          slots: someSlots(capacity),
          steps: fc.integer({ min: 0, max: Math.log2(maxSteps) }).map((bits) => 2 ** bits),
        });
        fc.assert(
          fc.property(fc.array(chunk, { maxLength: 4 }), (chunks) => {
            resetAll(chunked);
            resetAll(single);
            chunks.forEach((one, i) => {
              const rows = stepChunk(chunked, one, 100 * i);
              const { slots, steps } = one;
              const singles = Array.from({ length: steps }, (_, t) =>
                stepChunk(single, { slots, steps: 1 }, 100 * i + t),
              );
              expect(rows).toEqual(singles.flat());
              expect(states(chunked)).toEqual(states(single));
            });
          }),
          RUNS,
        );
      });

      it('steps more streams at once than any batch holds', async () => {
        const capacity = 700;
        const [net, alone] = [await open(capacity), await open(1)];
        for (const n of [700, 333, 257, 256]) {
          resetAll(net);
          const slots = Int32Array.from({ length: n }, (_, row) => (row * 3 + 1) % capacity);
          slots.forEach((slot, row) => feed(net, row, slot, n));
          net.step(slots, n);
          for (const row of [0, 1, 63, 255, 256, n - 1]) {
            if (row >= n) continue;
            alone.reset(0);
            expect(outputBits(net, row)).toEqual(stepAlone(alone, 0, slots[row], n));
            expect(net.save(slots[row])).toEqual(alone.save(0));
          }
        }
      });

      it('takes streams that lie close together and others that are scattered in one step', async () => {
        const capacity = 700;
        const [net, alone] = [await open(capacity), await open(1)];
        const crowd = Array.from({ length: 256 }, (_, slot) => slot);
        const slots = [...crowd, 300, 699, 511, 512];
        const bystanders = [257, 600];
        resetAll(net);
        for (const slot of bystanders) stepAlone(net, slot, slot, 9);
        const before = bystanders.map((slot) => net.save(slot));
        for (let time = 0; time < 2; time++) {
          slots.forEach((slot, row) => feed(net, row, slot, time));
          net.step(Int32Array.from(slots), slots.length);
        }
        for (const row of [0, 100, 255, 256, 257, 258, 259]) {
          alone.reset(0);
          stepAlone(alone, 0, slots[row], 0);
          expect(outputBits(net, row)).toEqual(stepAlone(alone, 0, slots[row], 1));
          expect(net.save(slots[row])).toEqual(alone.save(0));
        }
        expect(bystanders.map((slot) => net.save(slot))).toEqual(before);
      });

      it('gives the memory of streams that have left back, and starts those that come from zero', async () => {
        const [net, fresh] = [await open(300), await open(1)];
        for (let slot = 0; slot < 300; slot++) stepAlone(net, slot, slot, 0);
        for (let slot = 0; slot < 300; slot++) if (slot !== 299) net.leave(slot);
        net.leave(0);
        for (const slots of [[0], [256], [299, 0]]) {
          expect(() => net.step(Int32Array.from(slots), slots.length)).toThrow(BugError);
        }
        for (const refused of [() => net.save(0), () => net.reset(0)]) expect(refused).toThrow(BugError);
        net.open(7, 'another');
        expect(stepAlone(net, 7, 1, 0)).toEqual(stepAlone(fresh, 0, 1, 0));
        const kept = await open(300);
        stepAlone(kept, 299, 299, 0);
        expect(stepAlone(net, 299, 299, 1)).toEqual(stepAlone(kept, 299, 299, 1));
      });

      it('goes on alike after save and load at any step, in another net and slot', async () => {
        const [first, second, third] = [await open(3), await open(3), await open(40)];
        fc.assert(
          fc.property(fc.nat(12), fc.nat(39), fc.nat(1000), (cut, slot, stream) => {
            first.reset(1);
            second.reset(1);
            for (let time = 0; time < cut; time++) {
              expect(stepAlone(first, 1, stream, time)).toEqual(stepAlone(second, 1, stream, time));
            }
            third.load(slot, first.save(1));
            for (let time = cut; time < cut + 4; time++) {
              expect(stepAlone(third, slot, stream, time)).toEqual(stepAlone(second, 1, stream, time));
            }
            expect(third.save(slot)).toEqual(second.save(1));
          }),
          RUNS,
        );
      });

      it('keeps a NaN to the stream that sent it', async () => {
        const [net, alone] = [await open(5), await open(5)];
        for (const n of [5, 2]) {
          resetAll(net);
          resetAll(alone);
          for (let row = 0; row < n; row++) feed(net, row, row, 0);
          only(net.input).fill(Number.NaN, 0, only(net.input).length / net.rows);
          net.step(Int32Array.from([0, 1, 2, 3, 4]), n);
          const rows = Array.from({ length: n }, (_, row) => outputBits(net, row));
          for (let row = 1; row < n; row++) expect(rows[row]).toEqual(stepAlone(alone, row, row, 0));
          expect(states(net).slice(1)).toEqual(states(alone).slice(1));
          // Idle with a NaN in its past: its state is nobody else's business either.
          for (let row = 1; row < 5; row++) feed(net, row - 1, row, 1);
          net.step(Int32Array.from([1, 2, 3, 4]), 4);
          for (let row = 1; row < 5; row++) stepAlone(alone, row, row, 1);
          expect(states(net).slice(1)).toEqual(states(alone).slice(1));
        }
      });

      it('starts a stream from zero, whoever had the slot before', async () => {
        const net = await open(2);
        const fresh = stepAlone(net, 0, 1, 0);
        stepAlone(net, 0, 2, 1);
        expect(stepAlone(net, 0, 1, 0)).not.toEqual(fresh);
        net.open(0, 'another');
        expect(stepAlone(net, 0, 1, 0)).toEqual(fresh);
        net.reset(0);
        expect(stepAlone(net, 0, 1, 0)).toEqual(fresh);
      });

      it('refuses a saved state that is not of this model', async () => {
        const net = await open(1);
        const saved = net.save(0);
        const older = saved.slice();
        older[0]++;
        for (const bytes of [saved.slice(1), saved.slice(0, -1), new Uint8Array(0), older]) {
          expect(() => net.load(0, bytes)).toThrow(expect.objectContaining({ code: 'SNAPSHOT_INVALID' }));
        }
        net.load(0, saved);
      });

      it('refuses slots that are named twice or do not exist, and does nothing for none', async () => {
        const net = await open(3);
        const before = states(net);
        net.step(new Int32Array(0), 0);
        for (const slots of [[1, 1], [3], [-1], [0, 1, 2, 0]]) {
          expect(() => net.step(Int32Array.from(slots), slots.length)).toThrow(BugError);
        }
        expect(states(net)).toEqual(before);
        net.step(Int32Array.from([0, 0, 0]), 1);
      });

      it('takes other weights amid the stream without losing a state, and equal ones without a trace', async () => {
        const [net, untouched] = [learning(await open(70)), await open(70)];
        const { onnx } = makeModel();
        const all = Array.from({ length: 70 }, (_, slot) => slot);
        // With the runs of several steps that were prepared before the swap, where the model has them.
        const most = Math.min(net.maxSteps, 4);
        const chunk = fc.record({
          slots: someSlots(70),
          steps: fc.constantFrom(1, most),
          swap: fc.boolean(),
        });
        fc.assert(
          fc.property(fc.array(chunk, { maxLength: 6 }), (chunks) => {
            resetAll(net);
            resetAll(untouched);
            // All at once is another way through the net than few of many.
            const whole = { slots: all, steps: 1 };
            [{ ...whole, swap: false }, ...chunks, { ...whole, swap: true }].forEach(({ swap, ...one }, i) => {
              if (swap) net.replaceModel(onnx);
              expect(stepChunk(net, one, 10 * i)).toEqual(stepChunk(untouched, one, 10 * i));
              expect(states(net)).toEqual(states(untouched));
            });
          }),
          { numRuns: 10 },
        );
        const before = states(net);
        expect(() => net.replaceModel(onnx.subarray(0, onnx.length / 2))).toThrow(
          expect.objectContaining({ code: 'MODEL_INVALID' }),
        );
        expect(stepAlone(net, 3, 3, 9)).toEqual(stepAlone(untouched, 3, 3, 9));
        const copied = new Float32Array(net.stateValues + 2).fill(7);
        net.copyState(5, copied, 1);
        expect([copied[0], copied[net.stateValues + 1]]).toEqual([7, 7]);
        expect(bitsOf(copied.slice(1, -1))).toEqual(before[5].slice(2));
      });

      it('forecasts with the new weights from the state that the former ones have left', async () => {
        const net = learning(await open(3));
        for (const slot of [0, 1]) stepAlone(net, slot, slot, 0);
        const other = makeModel(PARAMETER_SEED + 1);
        net.replaceModel(other.onnx);
        const byHand = new StepByHand(other);
        byHand.goOnFrom(net.save(1).subarray(1));
        const x = only(net.input);
        feed(net, 0, 1, 1);
        const expected = byHand.step(x.slice(0, x.length / net.rows));
        net.step(Int32Array.of(1), 1);
        expect(distance(outputRow(net, 0), expected)).toBeLessThanOrEqual(tolerance);
        byHand.close();
      });

      it('may be closed twice, and then refuses to step', async () => {
        const net = await open(2);
        net.step(Int32Array.of(0), 1);
        net.step(Int32Array.of(0, 1), 2);
        net.close();
        net.close();
        for (const slots of [[0], [0, 1], [1]]) {
          expect(() => net.step(Int32Array.from(slots), slots.length)).toThrow(BugError);
        }
        net.leave(0);
        net.leave(1);
      });

      it('says what runs', async () => {
        const net = await open(4);
        expect(net.provider).toMatch(new RegExp(`^${engine.name}/\\w+`));
        expect(net.capacity).toBe(4);
        expect(net.model.sha256).toBe(makeModel().card.modelSha256);
      });
    });

    it('refuses a missing file, a cut model and a capacity below one', async () => {
      const model = kiokuModel(GRU);
      const cut = stepModelOf(await writeModel(join(folder, 'cut'), model), model.card);
      await writeFile(cut.path, model.onnx.subarray(0, model.onnx.length / 2));
      const missing = { ...cut, path: join(folder, 'nowhere.onnx') };
      await expect(engine.open(missing, 1)).rejects.toMatchObject({ code: 'MODEL_MISSING' });
      await expect(engine.open(cut, 1)).rejects.toMatchObject({ code: 'MODEL_INVALID' });
      await expect(engine.open(cut, 0)).rejects.toBeInstanceOf(BugError);
    });
  });
}
