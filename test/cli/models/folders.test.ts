import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { findModel, folderFor } from '../../../src/cli/models/folders.js';

it('puts models into models/ of the working directory, else into the data folder of the user, and finds them there', async () => {
  const cwd = await mkdtemp(join(tmpdir(), 'kioku-folders-'));
  onTestFinished(async () => rm(cwd, { recursive: true }));
  const data = join(cwd, 'data');
  const around = { cwd, env: { XDG_DATA_HOME: data }, platform: 'linux' } as const;
  expect(folderFor('m', around)).toBe(join(data, 'kioku/models/m'));
  expect(findModel('m', around)).toBeUndefined();
  await mkdir(join(data, 'kioku/models/m'), { recursive: true });
  expect(findModel('m', around)).toBe(join(data, 'kioku/models/m'));
  await mkdir(join(cwd, 'models/m'), { recursive: true });
  expect(folderFor('m', around)).toBe(join(cwd, 'models/m'));
  expect(findModel('m', around)).toBe(join(cwd, 'models/m'));
});

it('follows the habits of the system', () => {
  const cwd = '/nowhere';
  expect(folderFor('m', { cwd, env: {}, platform: 'linux' })).toBe(join(homedir(), '.local/share/kioku/models/m'));
  const windows = { cwd, env: { LOCALAPPDATA: '/local', XDG_DATA_HOME: '/x' }, platform: 'win32' } as const;
  expect(folderFor('m', windows)).toBe(join('/local', 'kioku/models/m'));
});
