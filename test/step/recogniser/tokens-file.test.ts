import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/core/errors.js';
import { parseTokens } from '../../../src/step/recogniser/tokens-file.js';

function mistake(text: string): UserError {
  try {
    parseTokens(text, 'tokens.txt');
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error('no mistake was found');
}

describe('parseTokens', () => {
  it('reads symbols by id, whatever their order and line ends', () => {
    const tokens = parseTokens('<blk> 0\r\n▁HEL\t2\r\n<unk>   1\n\n', 'tokens.txt');
    expect(tokens.size).toBe(3);
    expect([0, 1, 2].map((id) => tokens.symbol(id))).toEqual(['<blk>', '<unk>', '▁HEL']);
    expect(tokens.id('▁HEL')).toBe(2);
    expect(tokens.id('HEL')).toBeUndefined();
  });

  it('takes an id alone for the space, and digits for symbols when an id follows', () => {
    const tokens = parseTokens('<blk> 0\n1\n7 2\n<0xE3> 3\n', 'tokens.txt');
    expect([1, 2, 3].map((id) => tokens.symbol(id))).toEqual([' ', '7', '<0xE3>']);
    expect(tokens.id(' ')).toBe(1);
  });

  it('knows white space of other scripts for a symbol, and no byte order mark', () => {
    const tokens = parseTokens('\uFEFF<blk> 0\n\u3000 1\n\u00A0a 2\n', 'tokens.txt');
    expect([0, 1, 2].map((id) => tokens.symbol(id))).toEqual(['<blk>', '\u3000', '\u00A0a']);
  });

  it('finds the first of two tokens with one symbol', () => {
    expect(parseTokens('<blk> 0\na 1\na 2\n', 'tokens.txt').id('a')).toBe(1);
  });

  it('reads back any table of symbols without white space', () => {
    const symbol = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !/[ \t\r\n\uFEFF]/.test(text));
    fc.assert(
      fc.property(fc.uniqueArray(symbol, { minLength: 1 }), (symbols) => {
        const tokens = parseTokens(symbols.map((text, id) => `${text} ${id}`).join('\n'), 'tokens.txt');
        expect(symbols.map((_, id) => tokens.symbol(id))).toEqual(symbols);
        expect(symbols.map((text) => tokens.id(text))).toEqual(symbols.map((_, id) => id));
      }),
    );
  });

  it.each([
    ['an id that comes twice', '<blk> 0\na 1\nb 1\n', /line 3 has the id 1 of line 2 again/],
    ['an id that is left out', '<blk> 0\na 1\nb 3\n', /the id 2 is left out/],
    ['a line without an id', '<blk> 0\nword\n', /line 2 is not/],
    ['a negative id', '<blk> 0\na -1\n', /line 2 is not/],
    ['nothing', '\n', /empty/],
    ['no text', 'PK\u0003\u0004\u0000', /line 1 is not/],
  ])('names %s', (_, text, reason) => {
    expect(mistake(text)).toMatchObject({ code: 'MODEL_INVALID', message: expect.stringMatching(reason) });
  });

  it('says how many more mistakes there are', () => {
    expect(mistake(Array.from({ length: 12 }, () => 'word').join('\n')).message).toMatch(/and \d+ more/);
  });
});
