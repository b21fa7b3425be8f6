/**
 * What of a text is compared. Only how a text is written, not what it says, makes no difference: the Unicode form, capitals,
 * and punctuation, which separates words unless it is an apostrophe between letters (`don't`, also written `don’t`). Numbers
 * stay as they are: `20` is not `twenty`. A letter of a script without spaces (Han, Kana, Thai, …) is a word by itself, as
 * in the words of a transcript.
 */
import type { RecogniserModel } from '../core/recogniser.js';
import { TokenSpeller } from '../decide/token-speller.js';
import { UNSPACED } from '../decide/words.js';

/** An apostrophe that stays is spared before the rest goes. */
const APOSTROPHES = /[\u2019\u02bc]/g;
const PUNCTUATION = /(?<![\p{L}\p{N}\p{M}])'|'(?![\p{L}\p{N}\p{M}])|(?!')[\p{P}\p{S}]/gu;
const UNSPACED_LETTER = new RegExp(UNSPACED.source, 'gu');

/** @returns words as they are compared, none of them empty */
export function comparedWords(text: string): string[] {
  return text
    .normalize('NFC')
    .toLowerCase()
    .replaceAll(UNSPACED_LETTER, ' $& ')
    .replaceAll(APOSTROPHES, "'")
    .replaceAll(PUNCTUATION, ' ')
    .split(/\s+/)
    .filter((word) => word !== '');
}

/**
 * Words in the tokens of a model. What was said and what was heard are cut in the same way, whichever tokens the model itself
 * put the word together from: only what is read counts.
 */
export class ComparedTokens {
  readonly #speller: TokenSpeller;
  readonly #tokensOf = new Map<string, readonly string[] | undefined>();

  constructor(private readonly model: RecogniserModel) {
    this.#speller = TokenSpeller.of(model);
  }

  /** A word that the tokens cannot spell is its letters. @returns symbols; spaces between words are none */
  of(words: readonly string[]): string[] {
    return words.flatMap((word) => this.#spelt(word) ?? Array.from(word));
  }

  /** @returns those that the model has no tokens for, and will therefore never write */
  unspellable(words: readonly string[]): string[] {
    return words.filter((word) => this.#spelt(word) === undefined);
  }

  /** The same word comes many times. */
  #spelt(word: string): readonly string[] | undefined {
    if (!this.#tokensOf.has(word)) {
      const ids = this.#speller.spell(word);
      this.#tokensOf.set(
        word,
        ids?.map((id) => this.model.tokens.symbol(id)),
      );
    }
    return this.#tokensOf.get(word);
  }
}
