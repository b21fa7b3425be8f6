/** SHA-256 of files of any size: state belongs to one model only. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

/**
 * The digest of the files one after the other, hexadecimal; of a single path: what `sha256sum` prints. Streams them:
 * published models have hundreds of megabytes.
 * @throws the system's error when one cannot be read
 */
export async function sha256Of(...paths: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const path of paths) {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  }
  return hash.digest('hex');
}
