import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { writeWhole } from '../../src/core/whole-file.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kioku-whole-file-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it('replaces a file, through a link as well, and leaves nothing beside it', async () => {
  const path = join(folder, 'a');
  await writeWhole(path, 'before');
  symlinkSync('a', join(folder, 'link'));
  await writeWhole(join(folder, 'link'), Uint8Array.of(1, 2, 3));
  expect([...readFileSync(path)]).toEqual([1, 2, 3]);
  expect(readdirSync(folder).toSorted()).toEqual(['a', 'link']);
});

it('in a folder that is not there it writes nothing', async () => {
  await expect(writeWhole(join(folder, 'none/a'), 'x')).rejects.toMatchObject({ code: 'ENOENT' });
  expect(readdirSync(folder)).toEqual([]);
});

it.skipIf(process.platform === 'win32')('what has room for only a part of it keeps the file as it was', () => {
  const path = join(folder, 'a');
  writeFileSync(path, 'before');
  const program = `
    const { writeWhole } = await import(${JSON.stringify(new URL('../../src/core/whole-file.ts', import.meta.url).href)});
    await writeWhole(${JSON.stringify(path)}, 'x'.repeat(100_000)).catch(({ code }) => console.log(code));`;
  const script = join(folder, 'program.mts');
  writeFileSync(script, program);
  // At most 32 KiB a file: like a disk that is full, it takes the beginning of what is written.
  const limited = ['-c', 'ulimit -f 32; exec "$0" "$@"', process.execPath, '--import', 'tsx', script];
  const { stdout, stderr } = spawnSync('bash', limited, { encoding: 'utf8' });
  expect({ stdout, stderr }).toEqual({ stdout: 'EFBIG\n', stderr: '' });
  expect(readFileSync(path, 'utf8')).toBe('before');
  expect(readdirSync(folder).toSorted()).toEqual(['a', 'program.mts']);
});
