/** A downloaded file → a model folder: decompressed and unpacked as it is read, within limits. */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { bunzip2 } from './bunzip2.js';
import { ArchiveError, untar } from './untar.js';

/** What a URL or a file name ends with, and what the bytes then begin with. */
const FORMATS = [
  { endings: ['.tar.bz2', '.tbz2'], format: 'tar.bz2', magic: [0x42, 0x5a, 0x68] },
  { endings: ['.tar.gz', '.tgz'], format: 'tar.gz', magic: [0x1f, 0x8b] },
  // ONNX has no magic number.
  { endings: ['.onnx'], format: 'onnx', magic: [] },
] as const;

export type ModelFormat = (typeof FORMATS)[number]['format'];

/** @param name of a file or the path of a URL @returns the format and the name without its ending */
export function formatOf(name: string): { readonly format: ModelFormat; readonly stem: string } | undefined {
  for (const { endings, format } of FORMATS) {
    const ending = endings.find((candidate) => name.toLowerCase().endsWith(candidate));
    if (ending !== undefined) return { format, stem: name.slice(0, -ending.length) };
  }
  return undefined;
}

/** @throws ArchiveError when the file does not begin like its format, as a web page that says "not found" */
export async function assertFormat(path: string, format: ModelFormat): Promise<void> {
  const head = await firstBytes(path);
  const magic = FORMATS.find((candidate) => candidate.format === format)?.magic ?? [];
  if (magic.every((byte, k) => head[k] === byte)) return;
  const text = head.toString('latin1').replaceAll(/[^ -~]/g, '?');
  throw new ArchiveError(`is no ${format} file: it begins with ${JSON.stringify(text)}`);
}

async function firstBytes(path: string): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const head = Buffer.alloc(16);
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    return head.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** How large an archive may become. */
export interface UnpackLimits {
  /** Decompressed. */
  readonly bytes: number;
  readonly entries: number;
  /** Decompressed over compressed; counted from `RATIO_FROM_BYTES` on, because small files pack well. */
  readonly ratio: number;
}

/** The largest streaming model published unpacks to about 1 GB, 1.1 to 3 times its archive. */
export const UNPACK_LIMITS: UnpackLimits = { bytes: 8 * 2 ** 30, entries: 10_000, ratio: 100 };
const RATIO_FROM_BYTES = 16 * 2 ** 20;

export interface UnpackOptions {
  readonly limits: UnpackLimits;
  readonly signal: AbortSignal;
  /** @param bytes of the archive read so far */
  readonly onProgress: (bytes: number) => void;
}

/**
 * @param archive a `.tar.gz` or `.tar.bz2` file
 * @param folder exists and is empty
 * @throws ArchiveError when it is damaged, unsafe or too large; the system's error when a file cannot be written
 */
export async function unpack(
  archive: string,
  format: Exclude<ModelFormat, 'onnx'>,
  folder: string,
  options: UnpackOptions,
): Promise<void> {
  const read = { bytes: 0 };
  const packed = counted(archive, read, options);
  const bytes = format === 'tar.gz' ? gunzip(packed) : bunzip2(packed);
  try {
    await untar(within(options.limits, bytes, read), folder, options.limits.entries);
  } catch (error) {
    if (error instanceof Error && isDamage(error)) throw new ArchiveError(`is damaged: ${error.message}`);
    throw error;
  }
}

async function* counted(
  path: string,
  read: { bytes: number },
  { signal, onProgress }: UnpackOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of createReadStream(path, { signal, highWaterMark: 1 << 18 })) {
    read.bytes += (chunk as Buffer).length;
    onProgress(read.bytes);
    yield chunk as Buffer;
  }
}

async function* gunzip(packed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const unzip = createGunzip();
  pipeline(Readable.from(packed), unzip, () => {});
  for await (const chunk of unzip) yield chunk as Buffer;
}

async function* within(
  { bytes: most, ratio }: UnpackLimits,
  unpacked: AsyncIterable<Uint8Array>,
  read: { readonly bytes: number },
): AsyncGenerator<Uint8Array, void, undefined> {
  let bytes = 0;
  for await (const chunk of unpacked) {
    bytes += chunk.length;
    if (bytes > most) throw new ArchiveError(`holds more than ${most} bytes`);
    if (bytes > RATIO_FROM_BYTES && bytes > ratio * read.bytes) {
      throw new ArchiveError(`unfolds to more than ${ratio} times its size: that is no model`);
    }
    yield chunk;
  }
}

/** What zlib and bzip2 say about their bytes, as opposed to what the disk says. */
function isDamage(error: Error): boolean {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return error.name === 'Bzip2Error' || code.startsWith('Z_');
}
