import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findDataFiles } from '../../src/backtest/data-files.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kioku-data-files-'));
  for (const name of [
    'pumps/a.csv',
    'pumps/b.tsv',
    'pumps/old/a.csv',
    'fans/a.CSV',
    'pumps/README.md',
    'empty/x.txt',
  ]) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), 'time,x\n');
  }
});
afterAll(() => rm(folder, { recursive: true }));

const namesOf = async (...paths: string[]): Promise<string[]> =>
  (await findDataFiles(paths.map((path) => join(folder, path)))).map(({ name }) => name);

it('finds the tables of a folder, sorted, named below it', async () => {
  expect(await namesOf('.')).toEqual(['fans/a.CSV', 'pumps/a.csv', 'pumps/b.tsv', 'pumps/old/a.csv']);
});

it('names files below the folder that all of them are in', async () => {
  expect(await namesOf('pumps/a.csv')).toEqual(['a.csv']);
  expect(await namesOf('pumps/old/a.csv', 'pumps/a.csv')).toEqual(['a.csv', 'old/a.csv']);
  expect(await namesOf('pumps', 'fans/a.CSV')).toEqual(['fans/a.CSV', 'pumps/a.csv', 'pumps/b.tsv', 'pumps/old/a.csv']);
});

it('takes a file that is named twice once', async () => {
  expect(await namesOf('pumps', 'pumps/a.csv')).toHaveLength(3);
});

it.each([
  ['nowhere.csv', { code: 'DATA_MISSING', message: expect.stringContaining('nowhere.csv') as string }],
  ['empty', { code: 'DATA_MISSING', message: expect.stringContaining('there is no CSV file in') as string }],
  ['pumps/README.md', { code: 'ARGUMENT', message: expect.stringContaining('README.md is no CSV file') as string }],
])('refuses %s in clear words', async (path, error) => {
  await expect(namesOf(path)).rejects.toMatchObject(error);
});
