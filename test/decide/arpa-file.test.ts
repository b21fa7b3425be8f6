import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UserError } from '../../src/core/errors.js';
import { readArpa } from '../../src/decide/arpa-file.js';
import type { NgramModel } from '../../src/decide/ngram-model.js';

/** As lmplz writes it: tabs around the words. */
const KENLM = `\\data\\
ngram 1=5
ngram 2=3

\\1-grams:
-1.5\t<unk>\t0
0\t<s>\t-0.4
-0.9\t</s>\t0
-0.6\tone\t-0.2
-0.7\ttwö\t-0.1

\\2-grams:
-0.3\t<s> one
-0.5\tone twö
-0.25\ttwö </s>

\\end\\
`;

/** As ngram-count writes it: something before, back-off weights only where there are longer n-grams, spaces in the head. */
const SRILM = `
made by hand
\\data\\
ngram 1=       5
ngram 2=       3


\\1-grams:
-1.5\t<unk>
-99\t<s>\t-0.4
-0.9\t</s>
-0.6\tone\t-0.2
-0.7\ttwö\t-0.1

\\2-grams:
-0.3\t<s> one\t
-0.5\tone twö
-0.25\ttwö </s>

\\end\\`;

/** ln of what it says to `one twö </s>`, and to what it does not have. */
function saidBy(model: NgramModel): number[] {
  const first = model.stateAfter(model.word('<s>'));
  const [one, two] = ['one', 'twö'].map((text) => model.word(text) ?? -1);
  const second = model.after(first, one);
  const third = model.after(second, two);
  return [
    model.logProb(first, one),
    model.logProb(second, two),
    model.logProb(third, model.word('</s>') ?? -1),
    model.logProb(second, one),
    model.logProb(third, model.unknown),
  ];
}

describe('an ARPA file', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kioku-arpa-'));
  });
  afterAll(async () => rm(folder, { recursive: true }));

  async function read(content: string | Uint8Array): Promise<NgramModel> {
    const path = join(folder, 'language.arpa');
    await writeFile(path, content);
    return readArpa(path);
  }

  it.each([
    ['lmplz', KENLM],
    ['ngram-count', SRILM],
    ['Windows', KENLM.replaceAll('\n', '\r\n')],
    ['an editor that marks UTF-8', `\uFEFF${KENLM}`],
    ['a program that knows spaces only', KENLM.replaceAll('\t', '  ')],
  ])('is read as %s writes it', async (_, text) => {
    const model = await read(text);
    expect([model.order, model.words, model.size]).toEqual([2, 5, 8]);
    const expected = [-0.3, -0.5, -0.25, -0.2 - 0.6, -0.1 - 1.5].map((log10) => log10 * Math.LN10);
    saidBy(model).forEach((logProb, i) => expect(logProb).toBeCloseTo(expected[i], 6));
  });

  it('may be of single words, without <s>, </s> and <unk>: what it does not have is as good as never said', async () => {
    const model = await read('\\data\\\nngram 1=1\n\\1-grams:\n-0.5 a\n\\end\\\n');
    const state = model.stateAfter(model.word('<s>'));
    expect(model.logProb(state, model.word('a') ?? -1)).toBeCloseTo(-0.5 * Math.LN10, 6);
    expect(model.logProb(state, model.unknown)).toBeCloseTo(-100 * Math.LN10, 6);
  });

  it('is read the same wherever its blocks end', async () => {
    const count = 9000;
    const words = Array.from({ length: count }, (_, i) => `w${'ö'.repeat(i % 7)}${i}`);
    const unigrams = words.map((word, i) => `-${i / 1000}\t${word}\t-0.5\n`);
    const bigrams = words.slice(1).map((word, i) => `-${i / 2000}\t${words[i]} ${word}\n`);
    const head = `\\data\\\nngram 1=${count}\nngram 2=${count - 1}\n`;
    const model = await read(`${head}\\1-grams:\n${unigrams.join('')}\\2-grams:\n${bigrams.join('')}\\end\\\n`);
    const ids = words.map((word) => model.word(word) ?? -1);
    let worst = 0;
    for (let i = 1; i < count; i++) {
      const state = model.stateAfter(ids[i - 1]);
      const [there, back] = [ids[i], ids[i - 1]].map((id) => model.logProb(state, id) / Math.LN10);
      worst = Math.max(worst, Math.abs(there - (1 - i) / 2000), Math.abs(back - ((1 - i) / 1000 - 0.5)));
    }
    expect(worst).toBeLessThan(1e-5);
  });

  it.each([
    ['nothing', '', /line 1: the file ends before \\data\\/],
    ['another text', 'one\ntwo\n', /line 2: the file ends before \\data\\/],
    ['a binary', Uint8Array.of(0x1f, 0x8b, 0x08, 0xff), /line 1: is no UTF-8/],
    ['a line without an end', 'x'.repeat(200_000), /line 1: has more than 16384 bytes/],
    ['no counts', '\\data\\\n\\1-grams:\n', /line 2: the head announces no words/],
    ['counts that skip one', KENLM.replace('ngram 2=3', 'ngram 3=3'), /line 3: ngram 2= should come here/],
    [
      'six words',
      KENLM.replace('ngram 2=3', [2, 3, 4, 5, 6].map((n) => `ngram ${n}=1`).join('\n')),
      /line 7: n-grams of more than 5 words are not read/,
    ],
    [
      'a count that no file of its size has',
      KENLM.replace('ngram 2=3', 'ngram 2=999999999'),
      /line 5: .*more than the file/,
    ],
    ['too few', KENLM.replace('ngram 1=5', 'ngram 1=6'), /line 12: there are 5 1-grams, the head announces 6/],
    [
      'too many',
      KENLM.replace('ngram 2=3', 'ngram 2=2'),
      /line 15: there are more 2-grams than the head announces \(2\)/,
    ],
    ['a section that is missing', KENLM.replace('\\2-grams:', '\\3-grams:'), /line 12: should be \\2-grams:/],
    ['a cut', KENLM.slice(0, KENLM.indexOf('two </s>') - 5), /the file ends before \\end\\/],
    ['a cut before the last line', KENLM.replace('\\end\\\n', ''), /line 16: the file ends before \\end\\/],
    ['a word too many', KENLM.replace('one twö', 'one twö one one'), /line 14: should be a probability, 2 words/],
    ['a word too few', KENLM.replace('<s> one', 'one'), /line 13: should be a probability, 2 words/],
    ['no number', KENLM.replace('-0.5\t', '-0,5\t'), /line 14: '-0,5' is no logarithm/],
    ['a probability above 1', KENLM.replace('-0.5\t', '0.5\t'), /line 14: '0.5' is no logarithm/],
    ['no weight', KENLM.replace('one\t-0.2', 'one\tx'), /line 9: 'x' is no back-off weight/],
    ['a word twice', KENLM.replace('twö\t-0.1', 'one\t-0.1'), /line 10: 'one' is there twice/],
    ['an n-gram twice', KENLM.replace('one twö', '<s> one'), /line 14: '<s> one' is there twice/],
    ['an unknown word', KENLM.replace('one twö', 'one six'), /line 14: 'six' is not among the 1-grams/],
    [
      'an n-gram without its beginning',
      KENLM.replace('ngram 2=3', 'ngram 2=3\nngram 3=1').replace('\\end', '\\3-grams:\n-1 one one twö\n\n\\end'),
      /line 19: 'one one', its beginning, is not among the 2-grams/,
    ],
  ])('that is damaged is refused with the line: %s', async (_, content, reason) => {
    const failed: unknown = await read(content).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(UserError);
    expect(failed).toMatchObject({ code: 'MODEL_INVALID', message: expect.stringMatching(reason) });
  });

  it('of more n-grams than there should be memory for is refused before any is read', async () => {
    const path = join(folder, 'large.arpa');
    await writeFile(path, '\\data\\\nngram 1=10000001\n\\1-grams:\n');
    // A hole, which takes no space.
    await truncate(path, 50e6);
    expect(() => readArpa(path)).toThrow(expect.objectContaining({ code: 'DATA_TOO_LARGE' }));
  });

  it('that cannot be read is named', () => {
    for (const path of [join(folder, 'absent.arpa'), folder]) {
      expect(() => readArpa(path)).toThrow(expect.objectContaining({ code: 'MODEL_MISSING' }));
      expect(() => readArpa(path)).toThrow(path);
    }
  });
});
