import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Spelling } from '../../src/decide/words.js';
import { tableOf } from './recogniser.js';

/** The words that tokens spell; the table is made of them. */
function wordsOf(symbols: readonly string[], rest: readonly string[] = []): string[] {
  const spelling = new Spelling(tableOf([...symbols, ...rest]));
  return spelling.words(symbols.map((_, id) => id)).map(({ text }) => text);
}

function textOf(symbols: readonly string[]): string {
  return new Spelling(tableOf(symbols)).text(symbols.map((_, id) => id));
}

describe('Spelling', () => {
  it('begins a word at every mark', () => {
    expect(wordsOf(['▁HE', 'LL', 'O', '▁WOR', 'LD'])).toEqual(['HELLO', 'WORLD']);
    expect(textOf(['▁HE', 'LL', 'O', '▁WOR', 'LD'])).toBe('HELLO WORLD');
  });

  it('begins the first word without one', () => {
    expect(wordsOf(['LL', 'O', '▁A'])).toEqual(['LLO', 'A']);
  });

  it('reads a token that is only a mark, or a space, as the beginning of a word', () => {
    expect(wordsOf(['▁', 'A', ' ', 'B', '▁'])).toEqual(['A', 'B']);
    expect(textOf(['▁', 'A', ' ', 'B', '▁'])).toBe('A B');
  });

  it('leaves punctuation with the word before it', () => {
    expect(wordsOf(['▁IT', "'", 'S', ',', '▁YES', '.'])).toEqual(["IT'S,", 'YES.']);
    expect(wordsOf(['好', '。', '是'])).toEqual(['好。', '是']);
  });

  it('takes every token of a script without spaces for a word, beside words with spaces', () => {
    expect(wordsOf(['昨', '天', '▁MON', 'DAY', '是', 'TO', 'DAY'])).toEqual(['昨', '天', 'MONDAY', '是', 'TODAY']);
    expect(textOf(['昨', '天', '▁MON', 'DAY', '是'])).toBe('昨天 MONDAY是');
  });

  it('takes every token for a word where no token has a mark', () => {
    expect(wordsOf(['ka', 'ki'])).toEqual(['ka', 'ki']);
    expect(wordsOf(['ka', 'ki'], ['▁'])).toEqual(['kaki']);
  });

  it('assembles bytes into characters, which belong to the word that they continue', () => {
    const euro = ['▁TEN', '<0xE2>', '<0x82>', '<0xAC>', '▁NOW'];
    expect(textOf(euro)).toBe('TEN€ NOW');
    expect(wordsOf(euro)).toEqual(['TEN€', 'NOW']);
    expect(new Spelling(tableOf(euro)).token(1)).toBe('<0xE2>');
  });

  it('leaves out a character whose last bytes are still to come, and marks bytes that are none', () => {
    expect(textOf(['▁TEN', '<0xE2>', '<0x82>'])).toBe('TEN');
    expect(textOf(['▁TEN', '<0x82>', '▁NOW'])).toBe('TEN\uFFFD NOW');
  });

  it('spells the words that the text has, in scripts with spaces', () => {
    const symbols = ['▁A', 'B', '▁', '▁CD', 'E', ',', "'", '<0xC3>', '<0xA4>'];
    const spelling = new Spelling(tableOf(symbols));
    fc.assert(
      fc.property(fc.array(fc.nat(symbols.length - 1)), (ids) => {
        const words = spelling.words(ids);
        expect(words.map(({ text }) => text).join(' ')).toBe(spelling.text(ids));
        words.forEach(({ from, to }, i) => {
          expect(from).toBeGreaterThanOrEqual(i === 0 ? 0 : words[i - 1].to);
          expect(to).toBeGreaterThan(from);
        });
      }),
    );
  });
});

/** [first byte, its code point] of each piece of icefall's alphabet. */
const ALPHABET = [
  [0, 256],
  [32, 32],
  [127, 288],
  [145, 308],
  [156, 321],
  [164, 330],
  [217, 384],
];

function characterOf(byte: number): string {
  const [first, codePoint] = ALPHABET.findLast(([start]) => byte >= start) ?? [0, 0];
  return String.fromCodePoint(codePoint + byte - first);
}

/** A text as byte-level BPE writes it: each byte one character. */
function written(text: string): string {
  return Array.from(Buffer.from(text), characterOf).join('');
}

describe('Spelling of byte-level BPE', () => {
  const NI = written('你');
  const HAO = written('好');

  it('knows the alphabet of icefall', () => {
    // 对我 in the tokens of a published Chinese model.
    expect(written('对我')).toBe('ƌŕşƍĩĴ');
  });

  it('reads tokens that are letters, parts of letters and words', () => {
    const symbols = ['<blk>', `▁${NI}`, `▁${HAO.slice(0, 1)}`, HAO.slice(1), '▁HEL', 'LO', '▁', written('é')];
    const spelling = new Spelling(tableOf(symbols));
    expect(spelling.text([1, 2, 3, 4, 5, 1])).toBe('你好HELLO 你');
    expect(spelling.words([1, 2, 3, 4, 5, 7]).map(({ text }) => text)).toEqual(['你', '好', 'HELLOé']);
    expect([1, 2, 3, 4].map((id) => spelling.token(id))).toEqual([' 你', ' <0xE5>', '<0xA5><0xBD>', ' HEL']);
    expect(spelling.text([1, 2])).toBe('你');
  });

  it('leaves other tables alone, even where they have letters of the alphabet', () => {
    const vietnamese = ['▁ƯỚC', '▁MƠ'];
    expect(textOf(vietnamese)).toBe('ƯỚC MƠ');
    const french = ['▁CŒUR', '▁ÉTÉ'];
    expect(textOf(french)).toBe('CŒUR ÉTÉ');
    expect(textOf(['▁HELLO'])).toBe('HELLO');
  });

  it('spells any text again', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'Z', '-', 'é', 'ß', 'क', 'ा', '한', '😀', '你', 'ก', '\u0308') }),
        (text) => {
          const symbols = ['<blk>', NI, ...Array.from(written(text))];
          const ids = symbols.map((_, id) => id).slice(2);
          expect(new Spelling(tableOf(symbols)).text(ids)).toBe(text.trim());
        },
      ),
    );
  });
});
