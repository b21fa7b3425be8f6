import { describe, expect, it } from 'vitest';
import { Spelling } from '../../../src/decide/words.js';
import { WordTokens } from '../../../src/train/speech/word-tokens.js';

const SAID = ['Turn the light ON', 'seven', 'off', 'turn it up'];

describe('tokens of keywords', () => {
  const tokens = WordTokens.ofKeywords(['turn on', 'Seven', 'ON'], SAID);

  it('are the blank, the words of all phrases, and one for everything else', () => {
    expect(tokens.toText()).toBe('<blk> 0\n▁on 1\n▁seven 2\n▁turn 3\n<unk> 4\n');
    expect(tokens.words).toEqual(['on', 'seven', 'turn', '<unk>']);
  });

  it('spell every transcript, each word that is none by the same token', () => {
    expect(tokens.spell('Turn the light on')).toEqual({ labels: [3, 4, 4, 1] });
    expect(tokens.spell('eight')).toEqual({ labels: [4] });
    expect(tokens.spell('')).toEqual({ labels: [] });
  });

  it('are made again from their words', () => {
    expect(new WordTokens(tokens.words).toText()).toBe(tokens.toText());
  });

  it('are never read as text, but part what stands before and behind them', () => {
    const spelling = new Spelling(tokens);
    expect(spelling.text([4, 3, 4, 4, 1, 4])).toBe('turn on');
    expect(spelling.text([4, 4])).toBe('');
    expect(spelling.words([4, 3, 4, 1])).toEqual([
      { from: 1, to: 2, text: 'turn' },
      { from: 3, to: 4, text: 'on' },
    ]);
  });

  it('need recordings of every keyword and of something else', () => {
    expect(() => WordTokens.ofKeywords(['seven', 'down', 'left'], SAID)).toThrow('nobody says down, left');
    expect(() => WordTokens.ofKeywords(['one', 'two'], ['one', 'two one'])).toThrow('nothing but keywords is said');
  });
});

it('without keywords, a word that no token is for cannot be spelt, unless a transcript says that it is any word', () => {
  expect(WordTokens.of(SAID).spell('turn left left')).toEqual({ unknown: ['left'] });
  expect(WordTokens.of([...SAID, '<unk> seven']).spell('left seven')).toEqual({ labels: [1, 6] });
});
