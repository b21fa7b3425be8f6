/** A page onto the disk. */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf, UserError } from '../core/errors.js';
import { writeWhole } from '../core/whole-file.js';

/** @throws UserError `DISK` */
export async function writePage(path: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeWhole(path, text);
  } catch (cause) {
    throw new UserError('DISK', `cannot write ${path}: ${messageOf(cause)}`, { cause });
  }
}
