import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assertFormat, formatOf, unpack, UNPACK_LIMITS, type UnpackLimits } from '../../../src/cli/models/unpack.js';
import { bzip2, gzip, tarOf, type TarEntry } from '../../support/archives.js';
import { needsProgram } from '../../support/needs.js';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kioku-unpack-'));
  await mkdir(join(folder, 'out'));
});
afterEach(async () => rm(folder, { recursive: true }));

async function unpackBytes(
  archive: Buffer,
  format: 'tar.gz' | 'tar.bz2' = 'tar.gz',
  limits: Partial<UnpackLimits> = {},
): Promise<void> {
  const path = join(folder, 'archive');
  await writeFile(path, archive);
  await unpack(path, format, join(folder, 'out'), {
    limits: { ...UNPACK_LIMITS, ...limits },
    signal: new AbortController().signal,
    onProgress: () => {},
  });
}

/** For the next archive of the same test. */
async function emptied(): Promise<void> {
  await rm(join(folder, 'out'), { recursive: true });
  await mkdir(join(folder, 'out'));
}

const unpackEntries = async (entries: readonly TarEntry[]): Promise<void> => unpackBytes(gzip(tarOf(entries)));

/** Every file below the folder of the test, except the archive itself. */
async function written(): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory() && entry.name !== 'archive');
  expect(files.every((entry) => entry.isFile())).toBe(true);
  return files.map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1)).toSorted();
}

/** Long and not to be compressed: it passes through in many pieces. */
const WEIGHTS = Buffer.from(Uint32Array.from({ length: 200_000 }, (_, i) => Math.imul(i, 2_654_435_761)).buffer);

const MODEL: readonly TarEntry[] = [
  { path: 'model/', type: 'Directory' },
  { path: './model/tokens.txt', content: '<blk> 0\n', mode: 0o777 },
  { path: 'model/empty', content: '' },
  { path: 'model/._encoder.onnx', content: 'made by a Mac' },
  { path: 'model/deep/er/encoder.onnx', content: WEIGHTS },
];

describe('unpack', () => {
  it.for(['tar.gz', 'tar.bz2'] as const)('makes files of a %s', async (format, ctx) => {
    if (format === 'tar.bz2') needsProgram(ctx, 'bzip2');
    const tar = tarOf(MODEL);
    await unpackBytes(format === 'tar.gz' ? gzip(tar) : bzip2(tar), format);
    expect(await written()).toEqual(['out/model/deep/er/encoder.onnx', 'out/model/empty', 'out/model/tokens.txt']);
    expect((await readFile(join(folder, 'out/model/deep/er/encoder.onnx'))).equals(WEIGHTS)).toBe(true);
  });

  it('puts a copy where a link leads to a file of the archive, whichever comes first', async () => {
    await unpackEntries([
      { path: 'a/soft', type: 'SymbolicLink', linkpath: '../b/file' },
      { path: 'b/file', content: 'here' },
      { path: 'a/hard', type: 'Link', linkpath: 'b/file' },
    ]);
    expect(await written()).toEqual(['out/a/hard', 'out/a/soft', 'out/b/file']);
    expect(await readFile(join(folder, 'out/a/soft'), 'utf8')).toBe('here');
  });

  it.each<[string, TarEntry, RegExp]>([
    ['a name with ..', { path: '../evil', content: 'x' }, /"\.\.\/evil" leads out of the folder/],
    ['a .. in the middle', { path: 'a/../../evil', content: 'x' }, /leads out of the folder/],
    ['an absolute path', { path: '/tmp/kioku-evil', content: 'x' }, /is an absolute path/],
    ['a drive', { path: 'C:/evil', content: 'x' }, /is an absolute path/],
    ['backslashes', { path: '..\\evil', content: 'x' }, /backslash/],
    ['a control character', { path: 'a\u001b[2J', content: 'x' }, /control character/],
    [
      'a link out',
      { path: 'l', type: 'SymbolicLink', linkpath: '../../etc/passwd' },
      /link to \.\.\/\.\.\/etc\/passwd/,
    ],
    ['an absolute link', { path: 'l', type: 'SymbolicLink', linkpath: '/etc/passwd' }, /out of the folder/],
    ['a hard link out', { path: 'l', type: 'Link', linkpath: '../archive' }, /no file of the archive/],
    ['a link to a folder', { path: 'l', type: 'SymbolicLink', linkpath: '.' }, /no file of the archive/],
    ['a device', { path: 'd', type: 'CharacterDevice', devmaj: 1, devmin: 3 }, /is a CharacterDevice/],
    ['a pipe', { path: 'p', type: 'FIFO' }, /is a FIFO/],
    ['a name that comes twice', { path: 'tokens.txt', content: 'other' }, /comes twice/],
  ])('refuses %s', async (_, entry, words) => {
    const outcome = unpackEntries([{ path: 'tokens.txt', content: 'good' }, entry, { path: 'late', content: 'x' }]);
    await expect(outcome).rejects.toThrow(words);
    await expect(outcome).rejects.toMatchObject({ name: 'ArchiveError' });
    expect((await written()).filter((path) => !['out/tokens.txt', 'out/late'].includes(path))).toEqual([]);
    expect(await readFile(join(folder, 'out/tokens.txt'), 'utf8')).toBe('good');
  });

  it('never writes through a link that came before', async () => {
    const outcome = unpackEntries([
      { path: 'way', type: 'SymbolicLink', linkpath: '..' },
      { path: 'way/evil', content: 'x' },
    ]);
    await expect(outcome).rejects.toThrow(/is a link to \.\./);
    expect(await written()).toEqual(['out/way/evil']);
  });

  it('stops at its limits', async () => {
    const zeros = gzip(tarOf([{ path: 'zeros', content: Buffer.alloc(20_000_000) }]));
    await expect(unpackBytes(zeros, 'tar.gz', { bytes: 1_000_000 })).rejects.toThrow('more than 1000000 bytes');
    await emptied();
    await expect(unpackBytes(zeros)).rejects.toThrow('unfolds to more than 100 times its size');
    const many = gzip(tarOf(Array.from({ length: 11 }, (_, i) => ({ path: `f${i}`, content: 'x' }))));
    await emptied();
    await expect(unpackBytes(many, 'tar.gz', { entries: 10 })).rejects.toThrow('more than 10 entries');
  });

  it('refuses a bomb of bzip2 after a moment', async (ctx) => {
    needsProgram(ctx, 'bzip2');
    const bomb = bzip2(tarOf([{ path: 'zeros', content: Buffer.alloc(60_000_000) }]));
    expect(bomb.length).toBeLessThan(1000);
    await expect(unpackBytes(bomb, 'tar.bz2')).rejects.toThrow('unfolds to more than 100 times its size');
  });

  it('refuses a name as long as a model', async () => {
    const path = 'n'.repeat(2_000_000);
    const pax = Buffer.from(`${String(path.length + 16)} path=${path}\n`);
    const outcome = unpackEntries([
      { path: 'PaxHeader', type: 'ExtendedHeader', content: pax },
      { path: 'n', content: 'x' },
    ]);
    await expect(outcome).rejects.toMatchObject({ name: 'ArchiveError' });
  });

  it('tells a cut or damaged archive from a whole one', async (ctx) => {
    needsProgram(ctx, 'bzip2');
    const tar = tarOf(MODEL);
    for (const [format, whole] of [['tar.gz', gzip(tar)] as const, ['tar.bz2', bzip2(tar)] as const]) {
      const middle = whole.length >> 1;
      await expect(unpackBytes(whole.subarray(0, middle), format)).rejects.toThrow(/^is damaged: /);
      await emptied();
      const flipped = Buffer.from(whole);
      flipped[middle] ^= 1;
      await expect(unpackBytes(flipped, format)).rejects.toThrow(/^is damaged: /);
      await emptied();
    }
    const short = gzip(tar.subarray(0, tar.length - 3 * 512 - 100));
    await expect(unpackBytes(short)).rejects.toThrow(/^is damaged: .*truncated/i);
    await emptied();
    await expect(unpackBytes(gzip(Buffer.from('no tar at all')))).rejects.toMatchObject({ name: 'ArchiveError' });
  });
});

describe('formats', () => {
  it.each([
    ['model.tar.bz2', { format: 'tar.bz2', stem: 'model' }],
    ['Model.TGZ', { format: 'tar.gz', stem: 'Model' }],
    ['a.b.tar.gz', { format: 'tar.gz', stem: 'a.b' }],
    ['silero_vad.onnx', { format: 'onnx', stem: 'silero_vad' }],
    ['model.zip', undefined],
    ['tokens.txt', undefined],
  ])('%s', (name, format) => {
    expect(formatOf(name)).toEqual(format);
  });

  it('tells a web page from an archive', async () => {
    const path = join(folder, 'page');
    await writeFile(path, '<!DOCTYPE html><html>not here</html>');
    await expect(assertFormat(path, 'tar.bz2')).rejects.toThrow(
      'is no tar.bz2 file: it begins with "<!DOCTYPE html><"',
    );
    await writeFile(path, '');
    await expect(assertFormat(path, 'tar.gz')).rejects.toThrow('is no tar.gz file');
    await writeFile(path, gzip(Buffer.alloc(1)));
    await expect(assertFormat(path, 'tar.gz')).resolves.toBeUndefined();
  });
});
