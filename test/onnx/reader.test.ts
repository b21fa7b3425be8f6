import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UserError } from '../../src/core/errors.js';
import { ProtobufWriter } from '../../src/onnx/protobuf.js';
import { readModelInfo } from '../../src/onnx/reader.js';
import { TensorGraph } from '../../src/onnx/tensor-graph.js';

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kioku-onnx-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

function smallModel(): Uint8Array {
  const g = new TensorGraph();
  const x = g.input(['T', 'B', 3], 'x');
  const w = g.constant(Float32Array.from({ length: 600 }, Math.sin), [200, 3]);
  g.output(g.gemm(g.rows(x), w, { transB: true }), 'y');
  return g.encode({ model_type: 'kioku', comment: 'größer' });
}

async function readBytes(bytes: Uint8Array): Promise<ReturnType<typeof readModelInfo>> {
  const path = join(folder, 'model.onnx');
  await writeFile(path, bytes);
  return readModelInfo(path);
}

describe('readModelInfo', () => {
  it('tells what the writer wrote', async () => {
    const info = await readBytes(smallModel());
    expect(info).toMatchObject({ irVersion: 8, opset: 17, producer: 'kioku' });
    expect(info.inputs).toEqual([{ name: 'x', elementType: 'float32', shape: ['T', 'B', 3] }]);
    expect(info.outputs).toEqual([{ name: 'y', elementType: 'float32', shape: ['T*B', 200] }]);
    expect(info.initialisers.map(({ elementType, dims, location }) => [elementType, dims, location])).toContainEqual([
      'float32',
      [200, 3],
      'inline',
    ]);
    expect([...info.metadata]).toEqual([
      ['model_type', 'kioku'],
      ['comment', 'größer'],
    ]);
  });

  it('reads back any signature and metadata', async () => {
    const text = fc.string({ unit: 'grapheme' });
    const size = fc.oneof(fc.nat({ max: 2 ** 40 }), fc.constantFrom('T', 'B', 'größe'));
    await fc.assert(
      fc.asyncProperty(fc.dictionary(text, text), fc.array(size, { maxLength: 6 }), async (metadata, shape) => {
        const g = new TensorGraph();
        g.output(g.input(shape, 'x'), 'y');
        const info = await readBytes(g.encode(metadata));
        expect(Object.fromEntries(info.metadata)).toEqual({ ...metadata });
        expect(info.inputs).toEqual([{ name: 'x', elementType: 'float32', shape }]);
        expect(info.outputs).toEqual([{ name: 'y', elementType: 'float32', shape }]);
      }),
    );
  });

  it('does not count an initialiser as an input, and knows external data and sizes without a name', async () => {
    const writer = new ProtobufWriter();
    writer.int(1, 3);
    writer.message(7, (graph) => {
      graph.message(5, (tensor) => {
        tensor.bytes(1, Uint8Array.of(2, 0x80, 0x01)); // dims, packed: [2, 128]
        tensor.int(2, 10);
        tensor.string(8, 'w');
        for (const [key, value] of [
          ['offset', '64'],
          ['location', 'weights.bin'],
        ]) {
          tensor.message(13, (entry) => {
            entry.string(1, key);
            entry.string(2, value);
          });
        }
        tensor.int(14, 1);
      });
      for (const name of ['x', 'w']) {
        graph.message(11, (value) => {
          value.string(1, name);
          value.message(2, (type) =>
            type.message(1, (tensor) => {
              tensor.int(1, 7);
              tensor.message(2, (shape) => shape.message(1, () => {}));
            }),
          );
        });
      }
      graph.message(12, (value) => value.string(1, 'sequence'));
    });
    const info = await readBytes(writer.finish());
    expect(info.inputs).toEqual([{ name: 'x', elementType: 'int64', shape: ['?'] }]);
    expect(info.outputs).toEqual([{ name: 'sequence', elementType: 'undefined', shape: [] }]);
    expect(info.initialisers).toEqual([
      { name: 'w', elementType: 'float16', dims: [2, 128], location: 'external', externalFile: 'weights.bin' },
    ]);
    expect(info).toMatchObject({ irVersion: 3, opset: 0, producer: '' });
  });

  it('reads a file with 200 MB of weights in little memory', async () => {
    const path = join(folder, 'large.onnx');
    await writeSparseModel(path, 200 * 1024 * 1024);
    const before = process.memoryUsage();
    const info = await readModelInfo(path);
    const after = process.memoryUsage();
    expect(info.initialisers).toEqual([{ name: 'w', elementType: 'float32', dims: [1024, 51200], location: 'inline' }]);
    expect(info.metadata.get('behind')).toBe('the weights');
    expect(after.rss - before.rss).toBeLessThan(32 * 1024 * 1024);
  });

  it.each([
    ['nothing', new Uint8Array(0), /empty/],
    ['text', new TextEncoder().encode('{"format": "kioku-model"}'), /wire type|protobuf|cut short/],
    ['zeros', new Uint8Array(100), /no protobuf field/],
    ['a graph cut short', smallModel().subarray(0, 400), /cut short/],
    ['no graph', smallModel().subarray(0, 9), /no graph/],
  ])('says what is wrong with %s', async (_, bytes, reason) => {
    await expect(readBytes(bytes)).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringMatching(reason),
    });
  });

  it('says so when there is no file', async () => {
    await expect(readModelInfo(join(folder, 'absent.onnx'))).rejects.toMatchObject({ code: 'MODEL_MISSING' });
    await expect(readModelInfo(folder)).rejects.toMatchObject({ code: 'MODEL_MISSING' });
  });

  it('answers any damage with a value or a UserError', async () => {
    const model = smallModel();
    const damage = fc.record({
      length: fc.oneof(fc.constant(model.length), fc.nat(model.length)),
      flips: fc.array(fc.tuple(fc.nat(model.length - 1), fc.integer({ min: 1, max: 255 })), { maxLength: 4 }),
    });
    const outcomes = new Set<string>();
    await fc.assert(
      fc.asyncProperty(damage, async ({ length, flips }) => {
        const bytes = model.slice();
        for (const [position, mask] of flips) bytes[position] ^= mask;
        const outcome = await readBytes(bytes.subarray(0, length)).then(
          () => 'value',
          (error: unknown) => (error instanceof UserError ? error.code : `crash: ${String(error)}`),
        );
        outcomes.add(outcome);
        expect(['value', 'MODEL_INVALID']).toContain(outcome);
      }),
      { numRuns: 400 },
    );
    expect([...outcomes].toSorted()).toEqual(['MODEL_INVALID', 'value']);
  });
});

function part(write: (writer: ProtobufWriter) => void): Uint8Array {
  const writer = new ProtobufWriter();
  write(writer);
  return writer.finish();
}

/** A model whose only weight is a hole in the file. */
async function writeSparseModel(path: string, rawBytes: number): Promise<void> {
  /** Tag and length of a field whose payload follows elsewhere. */
  const fieldBefore = (field: number, length: number): Uint8Array =>
    // The writer only writes whole payloads; the same number as an integer field differs in its tag's wire type alone.
    part((writer) => writer.int(field, length)).map((byte, i) => (i === 0 ? byte + 2 : byte));
  const tensor = Buffer.concat([
    part((writer) => {
      writer.int(1, 1024);
      writer.int(1, rawBytes / 4096);
      writer.int(2, 1);
      writer.string(8, 'w');
    }),
    fieldBefore(9, rawBytes),
  ]);
  const behindTensor = part((writer) => writer.message(12, (value) => value.string(1, 'y')));
  const tensorField = Buffer.concat([fieldBefore(5, tensor.length + rawBytes), tensor]);
  const graphLength = tensorField.length + rawBytes + behindTensor.length;
  const head = Buffer.concat([part((writer) => writer.int(1, 8)), fieldBefore(7, graphLength), tensorField]);
  const tail = Buffer.concat([
    behindTensor,
    part((writer) =>
      writer.message(14, (entry) => {
        entry.string(1, 'behind');
        entry.string(2, 'the weights');
      }),
    ),
  ]);
  const handle = await open(path, 'w');
  await handle.write(head, 0, head.length, 0);
  await handle.write(tail, 0, tail.length, head.length + rawBytes);
  await handle.close();
}
