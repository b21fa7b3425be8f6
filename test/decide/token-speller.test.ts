import { describe, expect, it } from 'vitest';
import { symbolOfBytes } from '../../src/decide/byte-bpe.js';
import { TokenSpeller } from '../../src/decide/token-speller.js';
import { tableOf } from './recogniser.js';

/** The tokens that spell a phrase; the table begins with the special ones. */
function spelt(symbols: readonly string[], phrase: string): string | undefined {
  const table = tableOf(['<blk>', '<sos/eos>', '<unk>', ...symbols, '#0']);
  const ids = new TokenSpeller(table, [0, 2]).spell(phrase);
  return ids?.map((id) => table.symbol(id)).join(' ');
}

/** As byte-level BPE writes it. */
function piece(text: string): string {
  return symbolOfBytes(Buffer.from(text));
}

const PIECES = ['▁', 'S', '▁T', 'E', '▁HE', 'LLO', 'L', 'O', '▁HELL', '▁WORLD', '▁THE', "'S"];

describe('TokenSpeller', () => {
  it('spells every word from its mark on, with as few tokens as there can be', () => {
    expect(spelt(PIECES, 'HELLO WORLD')).toBe('▁HE LLO ▁WORLD');
    expect(spelt(PIECES, '  THE   WORLDS ')).toBe('▁THE ▁WORLD S');
    expect(spelt(PIECES, "WORLD'S")).toBe("▁WORLD 'S");
    expect(spelt(PIECES, 'OLE')).toBe('▁ O L E');
  });

  it('takes the tokens that stand first in the table where as many would do', () => {
    expect(spelt(['▁A', 'B', '▁AB', 'C', 'BC'], 'ABC')).toBe('▁A BC');
    expect(spelt(['▁AB', 'C', '▁A', 'BC'], 'ABC')).toBe('▁AB C');
  });

  it('tries capitals and small letters, all the same, where a phrase cannot be spelt as it is written', () => {
    expect(spelt(PIECES, 'Hello world')).toBe('▁HE LLO ▁WORLD');
    expect(spelt(['▁he', 'llo'], 'HELLO')).toBe('▁he llo');
    expect(spelt(['▁H', 'e', '▁HE'], 'He')).toBe('▁H e');
  });

  it('refuses what the tokens cannot spell, and never uses special ones', () => {
    expect(spelt(PIECES, 'HEXE')).toBeUndefined();
    expect(spelt(PIECES, '<unk>')).toBeUndefined();
    expect(spelt(['▁A'], '#0')).toBeUndefined();
    expect(spelt(PIECES, '')).toBeUndefined();
    expect(spelt(PIECES, '▁')).toBe('▁');
  });

  it('takes a phrase with marks for tokens', () => {
    expect(spelt(PIECES, '▁HELL O')).toBe('▁HELL O');
    expect(spelt(PIECES, '▁HELL X')).toBeUndefined();
  });

  it('spells letters that no token has by their bytes, if the table has those', () => {
    const bytes = ['<0xC3>', '<0xA9>'];
    expect(spelt(['▁', '▁CAF', ...bytes], 'CAFé')).toBe('▁CAF <0xC3> <0xA9>');
    expect(spelt(['▁', '▁CAF', '<0xC3>'], 'CAFé')).toBeUndefined();
    // One letter, however it is composed.
    expect(spelt(['▁CAF', 'é'], 'CAFe\u0301')).toBe('▁CAF é');
  });

  it('spells scripts without spaces letter by letter, without marks', () => {
    expect(spelt(['你', '好', '▁HE', 'LLO'], '你好 hello')).toBe('你 好 ▁HE LLO');
    expect(spelt(['你', '好', '▁HE', 'LLO'], '你好hello好')).toBe('你 好 ▁HE LLO 好');
    expect(spelt(['你', '好'], '你 好')).toBe('你 好');
  });

  it('puts spaces between words where a space is a token, and nothing where there is none', () => {
    expect(spelt(['a', 'b', ' '], 'ab a')).toBe('a b   a');
    expect(spelt(['zero', 'one', 'two'], 'one two')).toBe('one two');
  });

  it('spells in the alphabet of byte-level BPE', () => {
    const [first, second] = [Buffer.from('好').subarray(0, 2), Buffer.from('好').subarray(2)].map(symbolOfBytes);
    const rare = symbolOfBytes(Uint8Array.of(250));
    const symbols = [`▁${piece('HE')}`, piece('LLO'), `▁${first}`, second, rare];
    expect(spelt(symbols, 'HELLO')).toBe(`▁${piece('HE')} ${piece('LLO')}`);
    expect(spelt(symbols, 'HELLO好好')).toBe(`▁${piece('HE')} ${piece('LLO')} ▁${first} ${second} ▁${first} ${second}`);
  });
});
