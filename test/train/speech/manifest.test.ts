import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { type Manifest, readManifest } from '../../../src/train/speech/manifest.js';

/** @returns what a manifest with this in it names, and its folder */
async function read(text: string | Uint8Array): Promise<Manifest & { readonly folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'kioku-manifest-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'all.tsv'), text);
  return { ...(await readManifest(join(folder, 'all.tsv'))), folder };
}

it('has recordings relative to itself, what is said, and who says it', async () => {
  const { utterances, badLines, folder } = await read('a.wav\tone two\nsub/b.wav\tthree\tanna\n/c.wav\t\n');
  expect(utterances).toEqual([
    { name: 'a.wav', file: join(folder, 'a.wav'), transcript: 'one two', speaker: undefined },
    { name: 'sub/b.wav', file: join(folder, 'sub/b.wav'), transcript: 'three', speaker: 'anna' },
    { name: '/c.wav', file: '/c.wav', transcript: '', speaker: undefined },
  ]);
  expect(badLines).toEqual([]);
});

it('is read as editors of all systems write it', async () => {
  const { utterances, badLines } = await read('\uFEFFa b.wav\t  Zürich  \t \r\n\r\n  \r\nb.wav\tمرحبا\tليلى');
  expect(utterances.map(({ name, transcript, speaker }) => [name, transcript, speaker])).toEqual([
    ['a b.wav', 'Zürich', undefined],
    ['b.wav', 'مرحبا', 'ليلى'],
  ]);
  expect(badLines).toEqual([]);
});

it('may have a header, and then other columns', async () => {
  const { utterances } = await read('file\tlicence\tspeaker\ttranscript\na.wav\tCC0\tanna\tone\nb.wav\tCC0\t\ttwo\n');
  expect(utterances.map(({ name, transcript, speaker }) => [name, transcript, speaker])).toEqual([
    ['a.wav', 'one', 'anna'],
    ['b.wav', 'two', undefined],
  ]);
  await expect(read('file\ttext\na.wav\tone\n')).rejects.toMatchObject({
    code: 'DATA_INVALID',
    message: expect.stringMatching(/has no column transcript, but file, text$/),
  });
});

it('names the lines that are none, and goes on', async () => {
  const { utterances, badLines } = await read('a.wav one\n\tone\n\nb.wav\ttwo\nc.wav\tthree\tanna\tCC0\n');
  expect(utterances.map(({ name }) => name)).toEqual(['b.wav']);
  expect(badLines).toEqual([
    { line: 1, reason: 'has no tab, and nothing of what is said' },
    { line: 2, reason: 'names no file' },
    { line: 5, reason: 'has 4 columns, not 3 or fewer' },
  ]);
});

it('that names nothing, or is none, is an error', async () => {
  for (const text of ['', '\n\n', 'file\ttranscript\n']) {
    await expect(read(text)).rejects.toMatchObject({
      code: 'DATA_INVALID',
      message: expect.stringMatching(/no recording$/),
    });
  }
  await expect(read('a.wav one\n')).rejects.toMatchObject({ message: expect.stringContaining('line 1 has no tab') });
  await expect(readManifest('/nowhere/all.tsv')).rejects.toMatchObject({
    code: 'DATA_MISSING',
    message: 'there is no file /nowhere/all.tsv',
  });
  await expect(readManifest(tmpdir())).rejects.toMatchObject({ code: 'DATA_MISSING' });
});
