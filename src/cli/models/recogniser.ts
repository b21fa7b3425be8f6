/** Which recogniser a command means: a folder, a name, or the only one that was pulled. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { UserError } from '../../core/errors.js';
import { findModel, modelFolders, surroundings, type Surroundings } from './folders.js';

/** Every recogniser of the published layouts has this file beside its nets. */
const TOKENS = 'tokens.txt';

/**
 * @param wanted folder or name; absent: there has to be exactly one
 * @returns absolute path of its folder
 * @throws UserError `MODEL_MISSING`, or `ARGUMENT` when there are several
 */
export async function findRecogniser(
  wanted: string | undefined,
  around: Surroundings = surroundings(),
): Promise<string> {
  if (wanted !== undefined) {
    const folder = existsSync(wanted) ? wanted : findModel(wanted, around);
    if (folder !== undefined) return resolve(folder);
    throw new UserError('MODEL_MISSING', `there is no folder ${wanted}, and no model of that name was pulled`, {
      hint: 'see `kioku models list`, and fetch one with `kioku models pull NAME`',
    });
  }
  const found = (await Promise.all(modelFolders(around).map(recognisersIn))).flat();
  if (found.length === 1) return resolve(found[0]);
  if (found.length > 1) {
    throw new UserError('ARGUMENT', `there are several recognisers: ${found.join(', ')}`, {
      hint: 'say which with --model',
    });
  }
  throw new UserError('MODEL_MISSING', 'there is no recogniser on this machine yet', {
    hint: 'see `kioku models list`, and fetch one with `kioku models pull NAME`; or give its folder with --model',
  });
}

/** Whether a folder looks like one; `kioku models verify` knows whether it is. */
export function isRecogniser(folder: string): boolean {
  return existsSync(join(folder, TOKENS));
}

async function recognisersIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((): string[] => []);
  return names.map((name) => join(folder, name)).filter(isRecogniser);
}
