import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kioku, summaryOf } from '../support/cli.js';
import { GRU, kiokuModel, writeModel } from '../support/step-model.js';

const ROWS = 60;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kioku-verify-'));
  await writeModel(join(folder, 'model'), kiokuModel(GRU));
  const rows = Array.from({ length: ROWS }, (_, i) => `${1_769_860_800 + i},${Math.sin(i)},${Math.cos(i)}`);
  await writeFile(join(folder, 'data.csv'), `time,c0,c1\n${rows.join('\n')}\n`);
});
afterAll(() => rm(folder, { recursive: true }));

async function run(name: string, runtime: string): Promise<ReturnType<typeof kioku>> {
  const config = `source: { kind: replay, files: data.csv }\nmodel: model\nruntime: ${runtime}\n`;
  await writeFile(join(folder, `${name}.yaml`), config);
  return kioku(['run', `${name}.yaml`, '--verify', '--json'], { cwd: folder });
}

describe('kioku run --verify', () => {
  it('says that the engines agree, and runs on the native one', async () => {
    const result = await run('agree', '{ threads: 0 }');
    expect(result.code).toBe(0);
    expect(result.stderr).toMatch(/"provider":"native\/cpu".*"difference":\d.*the engines agree/);
    expect(result.stderr).toMatch(/"provider":"native\/cpu".*model opened/);
    expect(summaryOf(result).steps).toBe(ROWS);
  });

  it.each([0, 1])('runs on onnxruntime-node where there is nothing to agree with, on %d threads', async (threads) => {
    const result = await run(`none-${threads}`, `{ threads: ${threads}, library: none.so }`);
    expect(result.code).toBe(0);
    expect(result.stderr).toMatch(/"level":40.*none\.so.*the native engine does not work here/);
    expect(result.stderr).toMatch(/"level":40.*nothing to compare.*onnxruntime-node serves/);
    expect(result.stderr).toMatch(/"provider":"node\/cpu".*model opened/);
    // The library is not looked for again.
    expect(result.stderr.match(/the native engine does not work here/g)).toHaveLength(1);
    expect(summaryOf(result).steps).toBe(ROWS);
  });
});
