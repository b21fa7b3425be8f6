/**
 * N-gram models in text ARPA, as KenLM's `lmplz` and SRILM's `ngram-count` write them:
 *
 *     \data\
 *     ngram 1=3
 *     ngram 2=2
 *
 *     \1-grams:
 *     -0.8 <s> -0.3           decimal logarithm of the probability, words, that of the back-off weight (absent: 0)
 *     …
 *     \end\
 *
 * A file is read in blocks, so that memory holds what it says and not its text.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { messageOf, UserError } from '../core/errors.js';
import { NgramModel } from './ngram-model.js';

const MOST_ORDER = 5;
/** 300 MB. */
const MOST_NGRAMS = 10_000_000;
const BLOCK_BYTES = 65_536;
const MOST_LINE_BYTES = 16_384;
/** `0 a`, and the end of the line. */
const FEWEST_BYTES = 4;

const NEWLINE = 0x0a;
const GAP = /[\t ]+/;
const MARGINS = /^[\t ]+|[\t\r ]+$/g;
const HINT =
  'it must be a text ARPA file as lmplz or ngram-count writes it, unpacked and whole; binaries of KenLM are not read';

/**
 * @throws UserError `MODEL_MISSING` for a file that cannot be read, `MODEL_INVALID`, with the line, for one that is damaged or
 * something else, `DATA_TOO_LARGE`
 */
export function readArpa(path: string): NgramModel {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    return new ArpaReader(path, file).read();
  } catch (thrown) {
    if (thrown instanceof UserError) throw thrown;
    throw new UserError('MODEL_MISSING', `the language model ${path} cannot be read: ${messageOf(thrown)}`, {
      cause: thrown,
    });
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

class ArpaReader {
  readonly #lines: Lines;
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });

  constructor(
    private readonly path: string,
    private readonly file: number,
  ) {
    this.#lines = new Lines(file);
  }

  read(): NgramModel {
    const { counts, next } = this.#head();
    const model = new NgramModel(counts);
    let header = next;
    for (let n = 1; n <= counts.length; n++) {
      this.#require(header, `\\${n}-grams:`);
      header = this.#section(model, n, counts[n - 1]);
    }
    this.#require(header, '\\end\\');
    model.link();
    return model;
  }

  /** What stands before `\data\` says nothing. @returns how many n-grams there are of each length, and the line behind */
  #head(): { counts: number[]; next: string } {
    while (this.#line('\\data\\') !== '\\data\\');
    const counts: number[] = [];
    for (;;) {
      const line = this.#line('\\1-grams:');
      const [, length, count] = /^ngram\s+(\d+)\s*=\s*(\d+)$/.exec(line) ?? [];
      if (length === undefined) {
        this.#requireFit(counts);
        return { counts, next: line };
      }
      if (Number(length) !== counts.length + 1) throw this.#wrong(`ngram ${counts.length + 1}= should come here`);
      if (Number(length) > MOST_ORDER) throw this.#wrong(`n-grams of more than ${MOST_ORDER} words are not read`);
      counts.push(Number(count));
    }
  }

  #requireFit(counts: readonly number[]): void {
    if (counts.length === 0 || counts[0] === 0) throw this.#wrong('the head announces no words');
    const sum = counts.reduce((total, count) => total + count, 0);
    if (sum * FEWEST_BYTES > fstatSync(this.file).size) {
      throw this.#wrong(`the head announces ${sum} n-grams, more than the file can hold`);
    }
    if (sum <= MOST_NGRAMS) return;
    throw new UserError('DATA_TOO_LARGE', `${this.path} has ${sum} n-grams, more than ${MOST_NGRAMS}`, {
      hint: 'prune it, or take a lower order: lmplz --prune, ngram -prune',
    });
  }

  /** @returns the line behind the n-grams */
  #section(model: NgramModel, n: number, count: number): string {
    for (let added = 0; ; added++) {
      const line = this.#line('\\end\\');
      if (line.startsWith('\\')) {
        if (added < count) throw this.#wrong(`there are ${added} ${n}-grams, the head announces ${count}`);
        return line;
      }
      if (added === count) throw this.#wrong(`there are more ${n}-grams than the head announces (${count})`);
      this.#add(model, n, line);
    }
  }

  #add(model: NgramModel, n: number, line: string): void {
    const fields = line.split(GAP);
    if (fields.length !== n + 1 && fields.length !== n + 2) {
      throw this.#wrong(`should be a probability, ${n} word${n > 1 ? 's' : ''} and, if it has one, a back-off weight`);
    }
    const logProb = Number(fields[0]);
    if (!Number.isFinite(logProb) || logProb > 0) {
      throw this.#wrong(`'${fields[0]}' is no logarithm of a probability, which is a number and not above 0`);
    }
    const backoff = Number(fields[n + 1] ?? 0);
    if (!Number.isFinite(backoff)) throw this.#wrong(`'${fields[n + 1]}' is no back-off weight`);
    const words = fields.slice(1, n + 1);
    const isNew =
      n === 1
        ? model.addWord(words[0], logProb, backoff)
        : model.add(this.#beginningOf(model, words), this.#wordOf(model, words[n - 1]), logProb, backoff);
    if (!isNew) throw this.#wrong(`'${words.join(' ')}' is there twice`);
  }

  #beginningOf(model: NgramModel, words: readonly string[]): number {
    let ngram: number | undefined = this.#wordOf(model, words[0]);
    for (const word of words.slice(1, -1)) {
      ngram = ngram === undefined ? undefined : model.find(ngram, this.#wordOf(model, word));
    }
    if (ngram !== undefined) return ngram;
    const beginning = words.slice(0, -1);
    throw this.#wrong(`'${beginning.join(' ')}', its beginning, is not among the ${beginning.length}-grams`);
  }

  #wordOf(model: NgramModel, text: string): number {
    const word = model.word(text);
    if (word === undefined) throw this.#wrong(`'${text}' is not among the 1-grams`);
    return word;
  }

  #require(line: string, expected: string): void {
    if (line !== expected) throw this.#wrong(`should be ${expected}`);
  }

  /** The next line with anything in it. @param expected what must come yet */
  #line(expected: string): string {
    for (;;) {
      const bytes = this.#lines.next();
      if (bytes === undefined) throw this.#wrong(`the file ends before ${expected}`);
      if (bytes.length > MOST_LINE_BYTES) throw this.#wrong(`has more than ${MOST_LINE_BYTES} bytes`);
      const line = this.#decoded(bytes).replace(MARGINS, '');
      if (line !== '') return line;
    }
  }

  #decoded(bytes: Uint8Array): string {
    try {
      return this.#decoder.decode(bytes);
    } catch (cause) {
      throw this.#wrong('is no UTF-8', cause);
    }
  }

  #wrong(what: string, cause?: unknown): UserError {
    const message = `the language model ${this.path}, line ${Math.max(this.#lines.number, 1)}: ${what}`;
    return new UserError('MODEL_INVALID', message, { hint: HINT, ...(cause === undefined ? {} : { cause }) });
  }
}

/** The lines of a file. One that is too long comes in parts, the first of which says so by its length. */
class Lines {
  /** Of the line that was given last, from 1 on; at the end of the file: of the last one. */
  number = 0;
  readonly #block = Buffer.alloc(BLOCK_BYTES);
  #from = 0;
  #to = 0;

  constructor(private readonly file: number) {}

  /** @returns without its end, until the next call; undefined: there is no more */
  next(): Uint8Array | undefined {
    let end = this.#block.subarray(this.#from, this.#to).indexOf(NEWLINE);
    if (end < 0) {
      this.#fill();
      end = this.#block.subarray(this.#from, this.#to).indexOf(NEWLINE);
    }
    if (this.#from === this.#to) return undefined;
    this.number++;
    const from = this.#from;
    const stop = end < 0 ? this.#to : from + end;
    this.#from = end < 0 ? stop : stop + 1;
    return this.#block.subarray(from, stop);
  }

  /** Keeps what was not given yet, and reads until the block is full or the file over. */
  #fill(): void {
    this.#block.copyWithin(0, this.#from, this.#to);
    this.#to -= this.#from;
    this.#from = 0;
    while (this.#to < BLOCK_BYTES) {
      const count = readSync(this.file, this.#block, this.#to, BLOCK_BYTES - this.#to, null);
      if (count === 0) return;
      this.#to += count;
    }
  }
}
