/** Results do not depend on batch-mates at the widths of real models, where other kernels run than at those of tests. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Net } from '../../../src/core/contracts.js';
import { uniform } from '../../../src/core/random.js';
import { stepModelOf } from '../../../src/step/card-file.js';
import { nativeEngine, openNativeLibrary } from '../../../src/step/native/engine.js';
import { GRU, kiokuModel, writeModel } from '../../support/step-model.js';

const STEPS = 6;
const CROWD = 300;
/** The stream that is looked at, and others; not in one block. */
const STREAM = 40;
const FEW = [STREAM, 90, 270];

const engine = nativeEngine(openNativeLibrary(), [{ name: 'cpu', options: {} }]);

/** Takes the streams through some steps of their own input, `stream` in the slot of that number. */
function stepAll(net: Net, streams: readonly number[], slotOf: (stream: number) => number): void {
  const [x] = Object.values(net.input);
  const width = x.length / net.rows;
  const slots = Int32Array.from(streams, slotOf);
  for (const slot of slots) net.open(slot, `stream-${slot}`);
  for (let time = 0; time < STEPS; time++) {
    streams.forEach((stream, row) => {
      for (let i = 0; i < width; i++) x[row * width + i] = 6 * uniform(stream, time, i) - 3;
    });
    net.step(slots, slots.length);
  }
}

describe.each(['lstm', 'gru', 'rnn-tanh'] as const)('a %s', (cell) => {
  const forms = cell === 'rnn-tanh' ? (['plain'] as const) : (['plain', 'fused'] as const);

  it.each([32, 64, 100, 128, 256])(
    'of %i cells has the same memory alone, among few, and in a crowd',
    async (hidden) => {
      for (const form of forms) {
        const folder = await mkdtemp(join(tmpdir(), 'kioku-batches-'));
        onTestFinished(() => rm(folder, { recursive: true }));
        const made = kiokuModel({ ...GRU, cell, hidden, layers: 2 }, form);
        const model = stepModelOf(await writeModel(folder, made), made.card);
        const nets = await Promise.all([1, CROWD, CROWD].map((capacity) => engine.open(model, capacity)));
        const [alone, few, crowd] = nets;
        stepAll(alone, [STREAM], () => 0);
        stepAll(few, FEW, (stream) => stream);
        stepAll(crowd, [...Array(CROWD).keys()], (stream) => stream);
        const expected = Buffer.from(alone.save(0));
        expect(Buffer.from(few.save(STREAM)).equals(expected)).toBe(true);
        expect(Buffer.from(crowd.save(STREAM)).equals(expected)).toBe(true);
        for (const net of nets) net.close();
      }
    },
  );
});
