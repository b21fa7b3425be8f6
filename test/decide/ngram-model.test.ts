import { mkdtemp, rm } from 'node:fs/promises';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readArpa } from '../../src/decide/arpa-file.js';
import { madeUpModels } from './arpa.js';

const WORDS = ['a', 'b', 'c'];

describe('NgramModel', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kioku-ngrams-'));
  });
  afterAll(async () => rm(folder, { recursive: true }));

  it('says what back-off is defined to say, whichever n-grams were pruned, word for word of any text', () => {
    const text = fc.array(fc.constantFrom(...WORDS, '</s>', 'unheard-of'), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(madeUpModels(WORDS, 5), text, fc.boolean(), (made, words, isSentence) => {
        const path = join(folder, 'made.arpa');
        writeFileSync(path, made.text);
        const model = readArpa(path);
        const before = isSentence ? ['<s>'] : [];
        let state = model.stateAfter(isSentence ? model.word('<s>') : undefined);
        for (const text of words) {
          const word = model.word(text) ?? model.unknown;
          expect(model.logProb(state, word)).toBeCloseTo(made.logProb(before, text), 5);
          state = model.after(state, word);
          before.push(text);
        }
      }),
      { numRuns: 300 },
    );
  });
});
