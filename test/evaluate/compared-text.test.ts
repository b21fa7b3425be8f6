import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assert, property, string } from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { comparedWords, ComparedTokens } from '../../src/evaluate/compared-text.js';
import { openRecogniserFiles } from '../../src/step/recogniser/open.js';
import { writeLstmTransducer } from '../support/speech-models/models.js';

async function tokens(): Promise<ComparedTokens> {
  const folder = mkdtempSync(join(tmpdir(), 'kioku-tokens-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return new ComparedTokens(await openRecogniserFiles(await writeLstmTransducer(folder)));
}

describe('words as they are compared', () => {
  it.each([
    ['Nine, one; TWO!', ['nine', 'one', 'two']],
    ['twenty-one', ['twenty', 'one']],
    ["don't DON’T 'tis rock 'n' roll", ["don't", "don't", 'tis', 'rock', 'n', 'roll']],
    ['20 is not twenty', ['20', 'is', 'not', 'twenty']],
    // One letter, or an e and an accent.
    ['caf\u00e9 cafe\u0301', ['caf\u00e9', 'caf\u00e9']],
    ['Straße ÉTÉ', ['straße', 'été']],
    ['今日は。', ['今', '日', 'は']],
    ["a'今", ['a', '今']],
    ['مرحبا، كيف', ['مرحبا', 'كيف']],
    [' \t…  ', []],
    ['', []],
  ])('%s', (text, words) => {
    expect(comparedWords(text)).toEqual(words);
  });

  it('are the same when they are compared again', () => {
    assert(
      property(string({ unit: 'grapheme', maxLength: 40 }), (text) => {
        const words = comparedWords(text);
        expect(words.every((word) => word !== '' && !/\s/.test(word))).toBe(true);
        expect(comparedWords(words.join(' '))).toEqual(words);
      }),
    );
  });
});

describe('tokens as they are compared', () => {
  it('are those of the model, and letters where it has none', async () => {
    const compared = await tokens();
    // Every third syllable begins words: ba, da, fa, ga, … → ▁ba, da, fa, ▁ga, …
    expect(compared.of(['bada', 'bafa'])).toEqual(['▁ba', 'da', '▁ba', 'fa']);
    expect(compared.of(['bada', 'qué'])).toEqual(['▁ba', 'da', 'q', 'u', 'é']);
    expect(compared.unspellable(['bada', 'qué', 'bafa', 'qué'])).toEqual(['qué', 'qué']);
  });
});
