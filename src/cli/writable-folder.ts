/** Whether results will find a place: before hours of work, not after. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, UserError } from '../core/errors.js';

/**
 * Makes the folder, if need be, and proves that files can be made in it.
 * @throws UserError `DISK`
 */
export async function requireFolder(folder: string): Promise<void> {
  const probe = join(folder, `.kioku-${process.pid}`);
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(probe, '');
    await rm(probe);
  } catch (cause) {
    throw new UserError('DISK', `cannot write to ${folder}: ${messageOf(cause)}`, {
      hint: 'choose a folder that may be written to',
      cause,
    });
  }
}
