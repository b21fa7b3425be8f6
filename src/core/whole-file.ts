/** Files that are replaced as a whole or not at all. */
import { randomUUID } from 'node:crypto';
import { realpath, rename, rm, writeFile } from 'node:fs/promises';

/**
 * Writes beside the file, onto the disk, and then puts it in its place. (The package write-file-atomic writes once and takes
 * for written what a full disk cut off.)
 * @param path of a file in a folder that exists; where it is a link, what that leads to is replaced
 * @throws what the file system refuses; the file is then as it was
 */
export async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const part = `${target}.${randomUUID()}.part`;
  try {
    await writeFile(part, content, { flush: true });
    await rename(part, target);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}
