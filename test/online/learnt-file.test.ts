import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Log, silentLog } from '../../src/core/log.js';
import { untaught } from '../../src/online/learner.js';
import { LearntFile } from '../../src/online/learnt-file.js';
import { lessonShape } from '../../src/online/lesson.js';
import type { OnlineContent } from '../../src/online/online-learning.js';
import { GRU } from '../support/step-model.js';

const SHAPE = lessonShape(GRU, { segments: 2, segmentSteps: 6 });
const CONTENT: OnlineContent = {
  rows: 3,
  lessons: 7,
  period: { finished: [{ stream: 'a', us: 5, numbers: Float32Array.of(1, NaN, -0) }], calmRows: 2 },
  replay: { numbers: Float32Array.of(1, 2, 3) },
  serving: Float32Array.of(4, 5),
  knowledge: { ...untaught(Float32Array.of(6, 7)), steps: 12 },
  due: true,
};

let folder: string;
let warnings: string[];
const log: Log = { ...silentLog, warn: (fields) => warnings.push(String(fields['reason'])) };
const fileOf = (model: string): LearntFile => new LearntFile(folder, model, log);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kioku-learnt-'));
});
beforeEach(() => {
  warnings = [];
});
afterAll(() => rm(folder, { recursive: true }));

describe('what was learnt while running', () => {
  it('is read back as it was written, and absent without a word at the first start', async () => {
    expect(await fileOf('abc').read(SHAPE)).toBeUndefined();
    expect(await fileOf('abc').steps()).toBe(0);
    await fileOf('abc').write(CONTENT, SHAPE);
    expect(await fileOf('abc').read(SHAPE)).toEqual(CONTENT);
    expect(await fileOf('abc').steps()).toBe(CONTENT.knowledge.steps);
    expect(warnings).toEqual([]);
  });

  it('is not used for another model, or damaged, and the log says so', async () => {
    await fileOf('abc').write(CONTENT, SHAPE);
    expect(await fileOf('abd').read(SHAPE)).toBeUndefined();
    const path = join(folder, 'online.learnt');
    const bytes = await readFile(path);
    for (const damaged of [bytes.subarray(0, -1), bytes.subarray(0, 20), Buffer.alloc(0), flipped(bytes, 60)]) {
      await writeFile(path, damaged);
      expect(await fileOf('abc').read(SHAPE)).toBeUndefined();
    }
    expect(warnings).toEqual(['it belongs to a former model', ...Array.from({ length: 4 }, () => DAMAGED)]);
  });

  it('keeps the weights where segments have another shape now', async () => {
    await fileOf('abc').write(CONTENT, SHAPE);
    const longer = lessonShape(GRU, { segments: 2, segmentSteps: 9 });
    expect(await fileOf('abc').read(longer)).toEqual({
      ...CONTENT,
      rows: 0,
      period: { finished: [], calmRows: 0 },
      replay: { numbers: new Float32Array(0) },
    });
  });

  it('that cannot be written is told and lost, no more', async () => {
    await new LearntFile(join(folder, 'nowhere'), 'abc', log).write(CONTENT, SHAPE);
    expect(warnings).toEqual([expect.stringContaining('ENOENT')]);
  });
});

const DAMAGED = 'it is damaged, or of another version of kioku';

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] ^= 1;
  return copy;
}
