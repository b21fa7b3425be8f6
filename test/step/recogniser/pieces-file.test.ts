import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { TokenSpeller } from '../../../src/decide/token-speller.js';
import { readPieces } from '../../../src/step/recogniser/pieces-file.js';
import { tableOf } from '../../decide/recogniser.js';

interface Cut {
  /** Base64 of the file. */
  readonly model: string;
  readonly symbols: readonly string[];
  readonly vocab: string;
  readonly words: Readonly<Record<string, readonly string[]>>;
}

/** What SentencePiece itself says; see make-pieces.py. */
const CUTS = JSON.parse(readFileSync(new URL('../../fixtures/pieces.json', import.meta.url), 'utf8')) as Readonly<
  Record<'unigram' | 'bpe', Cut>
>;

async function folderWith(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kioku-pieces-'));
  onTestFinished(async () => rm(folder, { recursive: true }));
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return folder;
}

describe('readPieces', () => {
  it.each(['unigram', 'bpe'] as const)('makes hotwords cut as SentencePiece cuts them: %s', async (kind) => {
    const { model, symbols, vocab, words } = CUTS[kind];
    const asModel = await readPieces(await folderWith({ 'bpe.model': Buffer.from(model, 'base64') }));
    const asVocab = await readPieces(await folderWith({ 'bpe.vocab': vocab }));
    expect(asModel?.merges).toBe(kind === 'bpe');
    expect(asVocab?.merges).toBe(kind === 'bpe');
    const table = tableOf(symbols);
    for (const pieces of [asModel, asVocab]) {
      const speller = new TokenSpeller(table, [0, 3], pieces);
      const cut = Object.keys(words).map((word) => speller.spell(word)?.map((id) => table.symbol(id)));
      expect(cut).toEqual(Object.values(words));
      expect(speller.spell('HELLO WORLD')).toEqual(['HELLO', 'WORLD'].flatMap((word) => speller.spell(word)));
      expect(speller.spell('5')).toBeUndefined();
    }
    // Without the file some words are cut otherwise.
    const alone = new TokenSpeller(table, [0, 3]);
    const same = Object.entries(words).filter(([word, cut]) => {
      return (
        alone
          .spell(word)
          ?.map((id) => table.symbol(id))
          .join(' ') === cut.join(' ')
      );
    });
    expect(same.length).toBeGreaterThan(0.7 * Object.keys(words).length);
    expect(same.length).toBeLessThan(Object.keys(words).length);
  });

  it('prefers the model to the vocabulary, and does without both', async () => {
    const files = { 'bpe.model': Buffer.from(CUTS.bpe.model, 'base64'), 'bpe.vocab': CUTS.unigram.vocab };
    expect((await readPieces(await folderWith(files)))?.merges).toBe(true);
    expect(await readPieces(await folderWith({}))).toBeUndefined();
  });

  it.each([
    ['is damaged', 'bpe.model', 'version https://git-lfs.github.com/spec/v1\n'],
    ['is damaged', 'bpe.model', Buffer.from(CUTS.bpe.model, 'base64').subarray(0, -7)],
    ['has no pieces', 'bpe.model', ''],
    ['is damaged', 'bpe.vocab', 'HELLO\n'],
    ['has no pieces', 'bpe.vocab', '\n'],
  ])('says of a file that it %s', async (message, name, content) => {
    const reading = readPieces(await folderWith({ [name]: content }));
    await expect(reading).rejects.toThrow(message);
    await expect(reading).rejects.toMatchObject({ code: 'MODEL_INVALID', hint: expect.stringContaining('tokens.txt') });
  });
});
