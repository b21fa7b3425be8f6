/** tar archives, good and bad ones, made byte by byte: no tar program would write the bad ones. */
import { spawnSync } from 'node:child_process';
import { gzipSync } from 'node:zlib';
import { Header, type HeaderData } from 'tar';

const BLOCK = 512;

export interface TarEntry extends HeaderData {
  readonly path: string;
  readonly content?: string | Buffer;
}

/** @returns a tar file, with its two empty blocks at the end */
export function tarOf(entries: readonly TarEntry[]): Buffer {
  const pieces: Buffer[] = [];
  for (const { content = '', ...rest } of entries) {
    const body = Buffer.from(content);
    const header = new Header({ type: 'File', mode: 0o644, mtime: new Date(0), size: body.length, ...rest });
    header.encode();
    pieces.push(header.block ?? Buffer.alloc(BLOCK), body, Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK));
  }
  return Buffer.concat([...pieces, Buffer.alloc(2 * BLOCK)]);
}

export const gzip = (bytes: Buffer): Buffer => gzipSync(bytes);

/** By the `bzip2` program: ask `needsProgram` first. @param level 1 … 9, hundreds of kilobytes a block */
export function bzip2(bytes: Buffer, level = 9): Buffer {
  const { status, stdout, stderr } = spawnSync('bzip2', [`-${level}`, '-c'], { input: bytes, maxBuffer: 2 ** 30 });
  if (status !== 0) throw new Error(`bzip2 failed: ${stderr.toString()}`);
  return stdout;
}
