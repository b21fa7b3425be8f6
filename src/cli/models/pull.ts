/** A published model from the catalogue or an address into a folder: all of it, or nothing but a beginning to go on from. */
import { mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { nearest } from '../../config/problems.js';
import { messageOf, systemCodeOf, UserError } from '../../core/errors.js';
import { readModelInfo } from '../../onnx/reader.js';
import { sha256Of } from '../../step/sha256.js';
import { readCatalogue } from './catalogue.js';
import { describeUrl, diskError, stopped } from './download-error.js';
import { download } from './download.js';
import { folderFor, type Surroundings } from './folders.js';
import { PartFile } from './part-file.js';
import { assertFormat, formatOf, unpack, type ModelFormat, type UnpackLimits } from './unpack.js';
import { ArchiveError } from './untar.js';

/** What to get and where to put it. */
export interface Order {
  readonly name: string;
  readonly url: URL;
  readonly format: ModelFormat;
  /** Becomes the model folder. */
  readonly folder: string;
  /** Hexadecimal; undefined: nobody knows it. */
  readonly sha256: string | undefined;
}

export interface OrderOptions {
  readonly to?: string | undefined;
  readonly sha256?: string | undefined;
}

/**
 * @param what name in the catalogue, or an http(s) address of a `.tar.bz2`, `.tar.gz` or `.onnx` file
 * @throws UserError `ARGUMENT`
 */
export async function placeOrder(what: string, options: OrderOptions, around: Surroundings): Promise<Order> {
  const found = /^[a-z]+:\/\//i.test(what) ? byAddress(what) : await byName(what);
  const sha256 = options.sha256 ?? found.sha256;
  if (sha256 !== undefined && !/^[0-9a-f]{64}$/i.test(sha256)) {
    throw new UserError('ARGUMENT', '--sha256 takes 64 hexadecimal digits', { hint: '`sha256sum FILE` prints them' });
  }
  const { name, url, format } = found;
  const folder = resolve(around.cwd, options.to ?? folderFor(name, around));
  return { name, url, format, folder, sha256: sha256?.toLowerCase() };
}

type Found = Omit<Order, 'folder'>;

async function byName(name: string): Promise<Found> {
  const catalogue = await readCatalogue();
  const entry = catalogue.find((candidate) => candidate.name === name);
  if (entry === undefined) {
    const meant = nearest(
      name,
      catalogue.map((candidate) => candidate.name),
    );
    throw new UserError('ARGUMENT', `${name} is not in the catalogue`, {
      hint: `${meant === undefined ? '' : `did you mean ${meant}? `}\`kioku models list\` shows it; an address (https://…) does as well`,
    });
  }
  return { ...byAddress(entry.url), name, sha256: entry.sha256 };
}

function byAddress(text: string): Found {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.password !== '') {
    throw new UserError('ARGUMENT', 'that is no address to download from', {
      hint: 'give one that begins with https:// or http://, without a user or a password in it',
    });
  }
  const known = formatOf(basename(url.pathname));
  const name = known?.stem.replaceAll(/[^\w.-]/g, '-').replace(/^\.+/, '') ?? '';
  if (known === undefined || name === '') {
    throw new UserError('ARGUMENT', `${describeUrl(url)} does not end like a model`, {
      hint: 'kioku takes .tar.bz2, .tar.gz and .onnx files',
    });
  }
  return { name, url, format: known.format, sha256: undefined };
}

export interface PullOptions {
  readonly signal: AbortSignal;
  readonly stallMs: number;
  readonly limits: UnpackLimits;
  /** @param total bytes; undefined when nobody knows */
  readonly onProgress: (phase: 'downloading' | 'unpacking', bytes: number, total: number | undefined) => void;
}

export interface Pulled {
  readonly folder: string;
  /** Of the file that was downloaded. */
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * Beside the folder, `FOLDER.part` (and `FOLDER.part.json`) hold what came until the whole is there; they stay when the
 * download is interrupted, and only then.
 * @throws UserError `ARGUMENT` when the folder is there already, `DOWNLOAD`, `DISK`, `MODEL_INVALID` (an .onnx file that is none)
 */
export async function pull(order: Order, options: PullOptions): Promise<Pulled> {
  await assertFree(order.folder);
  await mkdir(dirname(order.folder), { recursive: true }).catch((error: unknown) => {
    throw diskError(order.folder, error);
  });
  const part = await PartFile.open(`${order.folder}.part`, describeUrl(order.url));
  try {
    await download(order.url, part, {
      signal: options.signal,
      stallMs: options.stallMs,
      onProgress: (bytes, total) => options.onProgress('downloading', bytes, total),
    });
    await part.close();
  } catch (error) {
    // A beginning is kept only where it can be gone on from.
    await (part.validator === undefined ? part.remove() : part.close());
    throw error;
  }
  try {
    const sha256 = await check(order, part.path);
    await install(order, part, options);
    return { folder: order.folder, bytes: part.bytes, sha256 };
  } catch (error) {
    if (options.signal.aborted) throw stopped('run the same command again to go on', error);
    const ours = error instanceof ArchiveError || error instanceof UserError;
    if (!ours && systemCodeOf(error) !== undefined) throw diskError(order.folder, error);
    // The wrong bytes are not worth going on from.
    await part.remove();
    if (!(error instanceof ArchiveError)) throw error;
    throw new UserError('DOWNLOAD', `${describeUrl(order.url)} ${error.message}`, {
      hint: 'pull it again; when that does not help, the file on the server is at fault',
      cause: error,
    });
  }
}

async function assertFree(folder: string): Promise<void> {
  const entries = await readdir(folder).catch((error: unknown) => {
    if (systemCodeOf(error) === 'ENOENT') return [];
    throw new UserError('ARGUMENT', `${folder} cannot become a model folder: ${messageOf(error)}`, {
      hint: 'give another one with --to',
      cause: error,
    });
  });
  if (entries.length === 0) return;
  throw new UserError('ARGUMENT', `${folder} is already there`, {
    hint: `\`kioku models verify ${folder}\` says what it is; remove it to pull it again, or give another folder with --to`,
  });
}

/** @returns the digest of what was downloaded */
async function check({ url, format, sha256: expected }: Order, path: string): Promise<string> {
  const sha256 = await sha256Of(path);
  if (expected !== undefined && sha256 !== expected) {
    throw new UserError(
      'DOWNLOAD',
      `${describeUrl(url)} is not what was expected: its SHA-256 is ${sha256}, not ${expected}`,
      {
        hint: 'pull it again; when that does not help, the file was changed on its way or on the server, and must not be used',
      },
    );
  }
  await assertFormat(path, format);
  if (format === 'onnx') await readModelInfo(path);
  return sha256;
}

/** Into a folder beside, which then takes the name: whoever looks sees all of a model or none. */
async function install(order: Order, part: PartFile, options: PullOptions): Promise<void> {
  const staging = `${order.folder}.unpacking`;
  // From a pull that was killed.
  await rm(staging, { recursive: true, force: true });
  await mkdir(staging);
  try {
    if (order.format === 'onnx') await rename(part.path, join(staging, basename(order.url.pathname)));
    else {
      await unpack(part.path, order.format, staging, {
        limits: options.limits,
        signal: options.signal,
        onProgress: (bytes) => options.onProgress('unpacking', bytes, part.bytes),
      });
    }
    const root = await rootOf(staging);
    await rmdir(order.folder).catch(() => undefined);
    await rename(root, order.folder);
    await part.remove();
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** Most archives hold one folder with everything in it. */
async function rootOf(folder: string): Promise<string> {
  const entries = await readdir(folder, { withFileTypes: true });
  const [first, second] = entries;
  return second === undefined && first.isDirectory() ? join(folder, first.name) : folder;
}
